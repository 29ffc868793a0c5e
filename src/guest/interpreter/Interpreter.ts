import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Language } from "../../capability/Language.ts"
import type { Limits } from "../../machine/Limits.ts"
import type { Program } from "../../machine/Machine.ts"
import { bounded } from "../../machine/TooLarge.ts"
import type { Answer, Output, Turn } from "../../machine/Turn.ts"
import type { GuestError } from "../../tool/GuestError.ts"
import type { Agent } from "../Agent.ts"
import type { AgentError } from "../AgentError.ts"
import type { Command, Process } from "../Process.ts"
import { Count } from "../wire/Fields.ts"
import { Conversation } from "./Conversation.ts"
import type { InterpreterError } from "./InterpreterError.ts"
import * as Ledger from "./Ledger.ts"
import type { Allowance } from "./Message.ts"
import { TurnBuilder } from "./TurnBuilder.ts"

export interface InterpreterOptions {
  readonly limits: Limits
  /** Called with output as it comes; the same text is also in the turn. */
  readonly onOutput?: ((output: Output) => void) | undefined
}

/** Where an interpreter stands between two turns: what has to be known to take it over. */
export const Position = Schema.Struct({
  /** How many bytes of its lanes were taken. */
  output: Count,
  errors: Count,
  run: Schema.NullOr(Ledger.Waiting)
})
export type Position = typeof Position.Type

/** What can go wrong with a turn. The interpreter is not to be used again then: `failed` says the same from then on. */
export type Trouble = InterpreterError | AgentError

/**
 * A process in a guest that runs programs, one at a time, and keeps their state from run to run. Operations that overlap wait for
 * each other. Interrupting one ends the interpreter's use.
 */
export interface Interpreter {
  /** What it speaks; empty of one that was taken over. */
  readonly languages: ReadonlyArray<Language>
  /** Serves whoever has other limits, from the next turn on. */
  readonly serve: (options: InterpreterOptions) => void
  /** A new session begins: seeds the guest's randomness. */
  readonly prepare: (seed: string) => Effect.Effect<void, Trouble>
  /** As `Machine.start`. What would be a fatal turn there is a failure here. */
  readonly start: (program: Program) => Effect.Effect<Turn, Trouble>
  /** As `Machine.answer`. */
  readonly answer: (answers: ReadonlyArray<Answer>, nowMillis: number) => Effect.Effect<Turn, Trouble>
  /** Between two turns. */
  readonly position: () => Position
  /** Fails when the interpreter can no longer be used, and says why. */
  readonly failed: Effect.Effect<never, Trouble>
}

const allowance = (limits: Limits): typeof Allowance.Type => {
  const { argumentBytes, callsPerRun, outputBytes, outstandingCalls, resultBytes, sourceBytes } = limits
  return { argumentBytes, callsPerRun, outputBytes, outstandingCalls, resultBytes, sourceBytes }
}

const noRun: GuestError = { name: "Error", message: "no run waits for answers", reason: "NoRun" }

const silent = () => {}

class Session {
  readonly #conversation: Conversation
  #limits: Limits
  #onOutput: (output: Output) => void
  #waiting: Ledger.Waiting | undefined
  #memoryBytes = 0

  constructor(
    conversation: Conversation,
    { limits, onOutput = silent }: InterpreterOptions,
    waiting: Ledger.Waiting | undefined
  ) {
    this.#conversation = conversation
    this.#limits = limits
    this.#onOutput = onOutput
    this.#waiting = waiting
  }

  serve({ limits, onOutput = silent }: InterpreterOptions): void {
    this.#limits = limits
    this.#onOutput = onOutput
    this.#conversation.allow(limits)
  }

  get waiting(): Ledger.Waiting | null {
    return this.#waiting ?? null
  }

  /** Whatever waits of an earlier run is given up. */
  readonly start = Effect.fnUntraced({ self: this }, function* (this: Session, program: Program) {
    const abandoned = [...(this.#waiting?.calls ?? []), ...(this.#waiting?.sleeps ?? [])]
    const builder = new TurnBuilder(this.#limits, this.#onOutput)
    const { language, nowMillis, ordinal, source, tools } = program
    const request = {
      do: "start",
      language,
      nowMillis,
      ordinal,
      source,
      tools,
      limits: allowance(this.#limits)
    } as const
    yield* this.#step(builder, Ledger.begin(ordinal), request)
    return this.#remember(builder.build(abandoned))
  })

  /** Answers that nothing waits for are left out; what comes after the end of the run, too. */
  readonly answer = Effect.fnUntraced(
    { self: this },
    function* (this: Session, answers: ReadonlyArray<Answer>, nowMillis: number) {
      const builder = new TurnBuilder(this.#limits, this.#onOutput)
      const usage = { memoryBytes: this.#memoryBytes }
      if (this.#waiting === undefined) {
        builder.add({ _tag: "Failed", error: noRun, fatal: false, cancelled: [] }, { usage })
        return builder.build([])
      }
      builder.add({ _tag: "Parked", calls: [], sleeps: [], cancelled: [] }, { usage })
      for (const answer of answers) {
        const waiting = this.#waiting
        if (waiting === undefined || !Ledger.isAwaited(waiting, answer)) continue
        const given = bounded(answer, this.#limits.resultBytes)
        yield* this.#step(builder, Ledger.answered(waiting, answer.id), { do: "answer", ...given, nowMillis })
      }
      return this.#remember(builder.build([]))
    }
  )

  readonly #step = Effect.fnUntraced(
    { self: this },
    function* (
      this: Session,
      builder: TurnBuilder,
      waiting: Ledger.Waiting,
      request: Parameters<Conversation["turn"]>[0]
    ) {
      const end = yield* this.#conversation.turn(request, (output) => builder.print(output))
      const entry = Ledger.enter(waiting, end.turn, this.#limits)
      if (Result.isFailure(entry)) return yield* this.#conversation.fail(entry.failure)
      const added = builder.add(entry.success.outcome, end)
      if (Result.isFailure(added)) return yield* this.#conversation.fail(added.failure)
      this.#waiting = entry.success.waiting
    }
  )

  #remember(turn: Turn): Turn {
    this.#memoryBytes = turn.usage.memoryBytes
    return turn
  }
}

const over = Effect.fnUntraced(function* (running: Process, options: InterpreterOptions, from: Position | undefined) {
  const conversation = yield* Conversation.make(running, options.limits, from)
  const languages = from === undefined ? yield* conversation.ready : []
  const session = new Session(conversation, options, from?.run ?? undefined)
  const lock = Semaphore.makeUnsafe(1)
  const interpreter: Interpreter = {
    languages,
    serve: (options) => session.serve(options),
    prepare: (seed) => lock.withPermit(conversation.prepare(seed)),
    start: (program) => lock.withPermit(session.start(program)),
    answer: (answers, nowMillis) => lock.withPermit(session.answer(answers, nowMillis)),
    position: () => ({ ...conversation.position(), run: session.waiting }),
    failed: conversation.failed
  }
  return interpreter
})

/** Starts an interpreter, until the scope is closed, and waits until it can be talked to. */
export const start = Effect.fn("Interpreter.start")(function* (
  agent: Pick<Agent, "execute">,
  command: Command,
  options: InterpreterOptions
) {
  return yield* over(yield* agent.execute({ ...command, hasInput: true }), options, undefined)
})

/** Takes over an interpreter that another connection has started, from where that left it. */
export const attach = Effect.fn("Interpreter.attach")(function* (
  agent: Pick<Agent, "attach">,
  id: string,
  from: Position,
  options: InterpreterOptions
) {
  return yield* over(yield* agent.attach(id, { output: from.output, errors: from.errors }), options, from)
})
