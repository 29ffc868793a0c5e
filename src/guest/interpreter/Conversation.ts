import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Language } from "../../capability/Language.ts"
import { argumentsBytesMax, type Limits } from "../../machine/Limits.ts"
import type { Output } from "../../machine/Turn.ts"
import type { AgentError } from "../AgentError.ts"
import type { Process } from "../Process.ts"
import { Abandoned, InterpreterEnded, InterpreterError, misbehaved } from "./InterpreterError.ts"
import type { HostMessage, InterpreterMessage, TurnEnd } from "./Message.ts"
import { encode, MessageReader } from "./MessageReader.ts"

type Trouble = InterpreterError | AgentError

const mebibyte = 1_048_576
const logLengthMax = 4_096

/** The longest message. A Value text in a JSON string has at most twice its length. */
const messageBytesMax = ({ argumentBytes, outstandingCalls, resultBytes }: Limits): number =>
  Math.min(
    96 * mebibyte + 2 * resultBytes,
    20 * mebibyte + 2 * (resultBytes + argumentBytes + Math.min(outstandingCalls * argumentBytes, argumentsBytesMax))
  )

/** What the host waits for. Nothing else is listened to. */
type Expected =
  | { readonly _tag: "Ready"; readonly said: Deferred.Deferred<ReadonlyArray<Language>, Trouble> }
  | { readonly _tag: "Prepared"; readonly said: Deferred.Deferred<void, Trouble> }
  | {
      readonly _tag: "Turn"
      readonly said: Deferred.Deferred<TurnEnd, Trouble>
      readonly print: (output: Output) => Result.Result<void, InterpreterError>
    }

/**
 * Requests to an interpreter, and what it says to each.
 *
 * V1. The interpreter speaks when it is asked, and says nothing between a turn and the next request.
 * V2. After it has failed, nothing that it says is heard, and everything that is asked of it fails in the same way.
 */
export class Conversation {
  readonly #running: Process
  readonly #reader: MessageReader
  readonly #from: { readonly output: number; readonly errors: number }
  readonly #failed = Deferred.makeUnsafe<never, Trouble>()
  #failure: Trouble | undefined
  #expected: Expected | undefined
  #errors = 0
  #log = ""

  private constructor(running: Process, limits: Limits, from: { readonly output: number; readonly errors: number }) {
    this.#running = running
    this.#reader = new MessageReader(messageBytesMax(limits))
    this.#from = from
  }

  static readonly make = Effect.fnUntraced(function* (
    running: Process,
    limits: Limits,
    from: { readonly output: number; readonly errors: number } | undefined
  ) {
    const conversation = new Conversation(running, limits, from ?? { output: 0, errors: 0 })
    if (from === undefined) conversation.#expected = { _tag: "Ready", said: Deferred.makeUnsafe() }
    yield* Effect.forkScoped(conversation.#listen())
    return conversation
  })

  /** Takes what keeps to other limits from now on. It is called between two turns. */
  allow(limits: Limits): void {
    this.#reader.bytesMax = messageBytesMax(limits)
  }

  /** What the interpreter speaks, when it does. */
  get ready(): Effect.Effect<ReadonlyArray<Language>, Trouble> {
    const expected = this.#expected
    return expected?._tag === "Ready" ? Deferred.await(expected.said) : Effect.succeed([])
  }

  get failed(): Effect.Effect<never, Trouble> {
    return Deferred.await(this.#failed)
  }

  /** How much of the lanes was taken, between two turns. */
  position(): { readonly output: number; readonly errors: number } {
    return { output: this.#from.output + this.#reader.consumed, errors: this.#from.errors + this.#errors }
  }

  prepare(seed: string): Effect.Effect<void, Trouble> {
    const said = Deferred.makeUnsafe<void, Trouble>()
    return this.#ask({ do: "prepare", seed }, { _tag: "Prepared", said })
  }

  turn(
    request: Exclude<HostMessage, { readonly do: "prepare" }>,
    print: (output: Output) => Result.Result<void, InterpreterError>
  ): Effect.Effect<TurnEnd, Trouble> {
    const said = Deferred.makeUnsafe<TurnEnd, Trouble>()
    return this.#ask(request, { _tag: "Turn", said, print })
  }

  /** Gives the interpreter up. */
  fail(error: Trouble): Effect.Effect<never, Trouble> {
    return Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.fail(this.#failure)
      this.#failure = error
      const expected = this.#expected
      this.#expected = undefined
      Deferred.doneUnsafe(this.#failed, Effect.fail(error))
      if (expected?._tag === "Ready") Deferred.doneUnsafe(expected.said, Effect.fail(error))
      else if (expected?._tag === "Prepared") Deferred.doneUnsafe(expected.said, Effect.fail(error))
      else if (expected?._tag === "Turn") Deferred.doneUnsafe(expected.said, Effect.fail(error))
      return Effect.fail(error)
    })
  }

  #ask<A>(
    request: HostMessage,
    expected: Expected & { readonly said: Deferred.Deferred<A, Trouble> }
  ): Effect.Effect<A, Trouble> {
    return Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.fail(this.#failure)
      this.#expected = expected
      const send = this.#running.write(encode(request))
      // An interpreter that does not read what it is sent still fails, and is still left.
      const asked = Effect.andThen(Effect.raceFirst(send, this.failed), Deferred.await(expected.said))
      const abandoned = new InterpreterError({ reason: new Abandoned() })
      return Effect.onInterrupt(asked, () => Effect.ignore(this.fail(abandoned)))
    })
  }

  #listen(): Effect.Effect<void> {
    const output = Stream.runForEach(this.#running.output, (bytes) => this.#hear(bytes))
    const errors = Stream.runForEach(this.#running.errors, (bytes) => Effect.sync(() => this.#note(bytes)))
    const ended = Effect.flatMap(this.#running.exit, (exit) =>
      this.fail(new InterpreterError({ reason: new InterpreterEnded({ exit, log: this.#log }) }))
    )
    return Effect.all([output, errors], { concurrency: 2, discard: true }).pipe(
      Effect.andThen(ended),
      Effect.catch((error: Trouble) => this.fail(error)),
      Effect.ignore
    )
  }

  #note(bytes: Uint8Array): void {
    this.#errors += bytes.length
    this.#log = (this.#log + Buffer.from(bytes).toString()).slice(-logLengthMax).toWellFormed()
  }

  #hear(bytes: Uint8Array): Effect.Effect<void, Trouble> {
    const messages = this.#reader.push(bytes)
    if (Result.isFailure(messages)) return Effect.fail(messages.failure)
    for (const message of messages.success) {
      const taken = this.#take(message)
      if (Result.isFailure(taken)) return Effect.fail(taken.failure)
    }
    return Effect.void
  }

  #take(message: InterpreterMessage): Result.Result<void, InterpreterError> {
    const expected = this.#expected
    if (message.say === "output" && expected?._tag === "Turn") {
      return expected.print({ stream: message.stream, text: message.text })
    }
    if (message.say === "turn" && expected?._tag === "Turn") {
      this.#expected = undefined
      Deferred.doneUnsafe(expected.said, Effect.succeed(message))
      return Result.succeed(undefined)
    }
    if (message.say === "ready" && expected?._tag === "Ready") {
      this.#expected = undefined
      Deferred.doneUnsafe(expected.said, Effect.succeed(message.languages))
      return Result.succeed(undefined)
    }
    if (message.say === "prepared" && expected?._tag === "Prepared") {
      this.#expected = undefined
      Deferred.doneUnsafe(expected.said, Effect.void)
      return Result.succeed(undefined)
    }
    return Result.fail(misbehaved(`"${message.say}" was not asked for`))
  }
}
