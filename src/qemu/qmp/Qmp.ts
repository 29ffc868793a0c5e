import type { Duplex } from "node:stream"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { LineReader } from "./LineReader.ts"
import * as Message from "./Message.ts"
import { QmpClosed, QmpError, QmpMalformed, QmpRefused, QmpTimeout } from "./QmpError.ts"

/** Commands that wait for their answers at the same time. */
const pendingMax = 64

export interface ExecuteOptions {
  readonly timeout?: Duration.Input | undefined
}

/**
 * A connection to a hypervisor's control socket. It owns the stream.
 *
 * Q1. Answers are told apart by ids that this side chose; one with another id is an error.
 * Q2. After the first error everything that waits, and everything that is asked for later, fails with it.
 * Q3. Whoever awaits an event hears of all that come after `expecting` has run, and of none before.
 */
export interface Qmp {
  /** Does a command and gives what it returns. */
  readonly execute: (
    command: string,
    args?: Readonly<Record<string, unknown>>,
    options?: ExecuteOptions
  ) => Effect.Effect<unknown, QmpError>
  /** Begins to look out for an event; the inner effect waits for it. `choose` gives undefined for others. */
  readonly expecting: <A>(
    what: string,
    choose: (event: Message.Event) => A | undefined
  ) => Effect.Effect<(timeout: Duration.Input) => Effect.Effect<A, QmpError>, never, Scope.Scope>
}

const commandTimeout = Duration.seconds(10)

const failed = (reason: QmpError["reason"]) => new QmpError({ reason })

interface Pending {
  readonly command: string
  readonly answer: Deferred.Deferred<unknown, QmpError>
}

/** What a connection knows: who waits for what. */
class Dispatch {
  readonly pending = new Map<number, Pending>()
  readonly listeners = new Set<(event: Message.Event) => void>()
  readonly greeting: Deferred.Deferred<Message.Greeting, QmpError>
  readonly ended: Deferred.Deferred<never, QmpError>
  readonly #lines = new LineReader()
  #failure: QmpError | undefined

  constructor() {
    this.greeting = Deferred.makeUnsafe()
    this.ended = Deferred.makeUnsafe()
  }

  get failure(): QmpError | undefined {
    return this.#failure
  }

  receive(bytes: Uint8Array): void {
    const lines = this.#lines.push(bytes)
    if (Result.isFailure(lines)) this.fail(lines.failure)
    for (const line of Result.isSuccess(lines) ? lines.success : []) {
      if (this.#failure !== undefined) return
      const message = Message.decode(line)
      if (Result.isFailure(message)) this.fail(message.failure)
      else this.#take(message.success)
    }
  }

  #take(message: Message.Message): void {
    switch (message._tag) {
      case "Greeting":
        Deferred.doneUnsafe(this.greeting, Effect.succeed(message.greeting))
        break
      case "Event":
        for (const listener of this.listeners) listener(message.event)
        break
      case "Return":
        this.#settle(message.answer.id, () => Effect.succeed(message.answer.return))
        break
      case "Failure": {
        const { error, id } = message.failure
        this.#settle(id, (command) =>
          Effect.fail(failed(new QmpRefused({ command, errorClass: error.class, detail: error.desc })))
        )
      }
    }
  }

  #settle(id: number | undefined, outcome: (command: string) => Effect.Effect<unknown, QmpError>): void {
    const pending = id === undefined ? undefined : this.pending.get(id)
    if (id === undefined || pending === undefined) {
      this.fail(new QmpMalformed({ detail: "an answer to no command" }))
      return
    }
    this.pending.delete(id)
    Deferred.doneUnsafe(pending.answer, outcome(pending.command))
  }

  fail(reason: QmpError["reason"]): void {
    if (this.#failure !== undefined) return
    const failure = Effect.fail(failed(reason))
    this.#failure = failed(reason)
    Deferred.doneUnsafe(this.greeting, failure)
    Deferred.doneUnsafe(this.ended, failure)
    for (const { answer } of this.pending.values()) Deferred.doneUnsafe(answer, failure)
    this.pending.clear()
  }
}

const connected = (stream: Duplex) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const dispatch = new Dispatch()
      stream.on("data", (bytes: Uint8Array) => dispatch.receive(bytes))
      stream.on("error", (cause) => dispatch.fail(new QmpClosed({ detail: cause.message })))
      stream.on("close", () => dispatch.fail(new QmpClosed({ detail: "the other end closed it" })))
      stream.on("end", () => dispatch.fail(new QmpClosed({ detail: "the other end closed it" })))
      return dispatch
    }),
    (dispatch) =>
      Effect.sync(() => {
        dispatch.fail(new QmpClosed({ detail: "this end closed it" }))
        stream.destroy()
      })
  )

const within = <A>(waiting: Effect.Effect<A, QmpError>, awaited: string, timeout: Duration.Input) =>
  Effect.timeoutOrElse(waiting, {
    duration: timeout,
    orElse: () =>
      Effect.fail(
        failed(new QmpTimeout({ awaited, afterMillis: Duration.toMillis(Duration.fromInputUnsafe(timeout)) }))
      )
  })

const executing = (stream: Duplex, dispatch: Dispatch): Qmp["execute"] => {
  let last = 0
  return Effect.fnUntraced(function* (command, args = {}, { timeout = commandTimeout } = {}) {
    if (dispatch.failure !== undefined) return yield* dispatch.failure
    if (dispatch.pending.size >= pendingMax) {
      return yield* failed(new QmpRefused({ command, errorClass: "Busy", detail: `${pendingMax} commands wait` }))
    }
    const id = ++last
    const answer = yield* Deferred.make<unknown, QmpError>()
    dispatch.pending.set(id, { command, answer })
    stream.write(Message.encode(command, args, id))
    // A command that was given up keeps its place, so that its late answer is not taken for an error.
    return yield* within(Deferred.await(answer), `answer to ${command}`, timeout)
  })
}

const listening = (dispatch: Dispatch): Qmp["expecting"] =>
  Effect.fnUntraced(function* <A>(what: string, choose: (event: Message.Event) => A | undefined) {
    const found = yield* Deferred.make<A, QmpError>()
    const listener = (event: Message.Event): void => {
      const chosen = choose(event)
      if (chosen !== undefined) Deferred.doneUnsafe(found, Effect.succeed(chosen))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => dispatch.listeners.add(listener)),
      () => Effect.sync(() => dispatch.listeners.delete(listener))
    )
    return (timeout: Duration.Input) =>
      within(Effect.raceFirst(Deferred.await(found), Deferred.await(dispatch.ended)), what, timeout)
  })

/** Takes over a stream to a hypervisor, and waits until it takes commands. The stream ends with the scope. */
export const connect = Effect.fn("Qmp.connect")(function* (stream: Duplex, timeout: Duration.Input) {
  const dispatch = yield* connected(stream)
  const execute = executing(stream, dispatch)
  // The command waits at the other end for its turn: nobody has to be greeted to say it.
  const greeting = within(Deferred.await(dispatch.greeting), "greeting", timeout)
  yield* Effect.all([greeting, execute("qmp_capabilities", {}, { timeout })], { concurrency: 2, discard: true })
  return { execute, expecting: listening(dispatch) } satisfies Qmp
})
