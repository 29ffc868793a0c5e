import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { AgentError, Left, Refused, violation } from "./AgentError.ts"
import { Inbound } from "./Inbound.ts"
import { Outbound } from "./Outbound.ts"
import { sayable } from "./Sayable.ts"
import { decodeCredit, encodeCredit, type Frame, lanes } from "./wire/Frame.ts"
import { decoder, encode } from "./wire/Pack.ts"
import { Notice, Outcome, type OutcomeOf } from "./wire/Reply.ts"
import { Instruction } from "./wire/Request.ts"

type Draft = Pick<Frame, "kind" | "lane" | "payload">

/** Sends a frame of one stream. */
export type SendFrame = (frame: Draft) => Effect.Effect<void, AgentError>

export interface ExchangeOptions {
  readonly id: number
  readonly send: SendFrame
  /** Ends the connection. */
  readonly break: (error: AgentError) => Effect.Effect<void>
  /** Where lanes 1 and 2 are taken up. */
  readonly output?: number | undefined
  readonly errors?: number | undefined
}

const nothing = new Uint8Array(0)

const decodeNotice = decoder(Notice)

const sayableInstruction = sayable(Instruction)

/**
 * One stream of a connection, as its host sees it.
 *
 * E1. The guest says a notice at most once, before anything else, and a result at most once, after everything else.
 * E2. Of a stream that is over nothing is heard: it fails, or has its result.
 */
export class Exchange {
  readonly id: number
  readonly output: Inbound
  readonly errors: Inbound
  readonly input: Outbound
  readonly #send: SendFrame
  readonly #break: ExchangeOptions["break"]
  readonly #notice = Deferred.makeUnsafe<Notice | undefined, AgentError>()
  readonly #result = Deferred.makeUnsafe<Uint8Array, AgentError>()
  readonly #over = Deferred.makeUnsafe<void>()
  #isSilent = true

  private constructor(options: ExchangeOptions, output: Inbound, errors: Inbound) {
    this.id = options.id
    this.#send = options.send
    this.#break = options.break
    this.output = output
    this.errors = errors
    this.input = new Outbound((payload) => this.#send({ kind: "data", lane: lanes.input, payload }))
  }

  static readonly make = Effect.fnUntraced(function* (options: ExchangeOptions) {
    const inbound = (lane: 1 | 2, at: number) =>
      Inbound.make(at, (taken) => options.send({ kind: "credit", lane, payload: encodeCredit(taken) }))
    const output = yield* inbound(lanes.output, options.output ?? 0)
    const errors = yield* inbound(lanes.errors, options.errors ?? 0)
    return new Exchange(options, output, errors)
  })

  /** What the agent says before the lanes begin; undefined if the result comes without. */
  get notice(): Effect.Effect<Notice | undefined, AgentError> {
    return Deferred.await(this.#notice)
  }

  /** Waits until nothing more comes. */
  get over(): Effect.Effect<void> {
    return Deferred.await(this.#over)
  }

  get isOver(): boolean {
    return Deferred.isDoneUnsafe(this.#over)
  }

  /** What the request came to. */
  result<S extends Schema.Codec<unknown, unknown>>(operation: string, ok: S): Effect.Effect<S["Type"], AgentError> {
    const decode = decoder(Outcome(ok))
    return Effect.flatMap(Deferred.await(this.#result), (payload) => {
      const outcome = decode(payload)
      if (Result.isFailure(outcome)) return this.#blame(`the result of ${operation} is ${outcome.failure.message}`)
      const said: OutcomeOf<S["Type"]> = outcome.success
      if ("ok" in said) return Effect.succeed(said.ok)
      const { code, message } = said.error
      return new AgentError({ reason: new Refused({ code, operation, detail: message }) })
    })
  }

  /** Says that no more bytes are sent. */
  get end(): Effect.Effect<void, AgentError> {
    return this.#send({ kind: "end", lane: lanes.input, payload: nothing })
  }

  instruct(instruction: Instruction): Effect.Effect<void, AgentError> {
    return Effect.flatMap(sayableInstruction(instruction), (said) =>
      this.#send({ kind: "note", lane: lanes.input, payload: encode(said) })
    )
  }

  get reset(): Effect.Effect<void, AgentError> {
    return this.#send({ kind: "reset", lane: lanes.input, payload: nothing })
  }

  /** Hears a frame of the guest. With an error, the guest is no agent. */
  hear(frame: Frame): Effect.Effect<void, AgentError> {
    const isFirst = this.#isSilent
    this.#isSilent = false
    if (frame.kind === "note") return isFirst ? this.#hearNotice(frame.payload) : violation("a notice too late")
    if (frame.kind === "credit") return this.#hearCredit(frame)
    if (frame.kind === "result") return this.#hearResult(frame.payload)
    if (frame.lane === lanes.input) return violation(`${frame.kind} in the lane of the host`)
    const lane = frame.lane === lanes.output ? this.output : this.errors
    if (frame.kind === "data") return lane.add(frame.payload)
    if (frame.kind === "end") return lane.end()
    return violation(`${frame.kind} in a stream`)
  }

  /** Ends the stream without a result. */
  fail(error: AgentError): Effect.Effect<void> {
    Deferred.doneUnsafe(this.#notice, Effect.fail(error))
    Deferred.doneUnsafe(this.#result, Effect.fail(error))
    Deferred.doneUnsafe(this.#over, Effect.void)
    return Effect.all([this.output.fail(error), this.errors.fail(error), this.input.fail(error)], { discard: true })
  }

  /** What was understood only when somebody wanted it is a violation like any other. */
  #blame(detail: string): Effect.Effect<never, AgentError> {
    const error = violation(detail)
    return Effect.andThen(this.#break(error), error)
  }

  #hearNotice(payload: Uint8Array): Effect.Effect<void, AgentError> {
    const notice = decodeNotice(payload)
    if (Result.isFailure(notice)) return violation(notice.failure.message)
    Deferred.doneUnsafe(this.#notice, Effect.succeed(notice.success))
    return Effect.void
  }

  #hearCredit({ lane, payload }: Frame): Effect.Effect<void, AgentError> {
    const taken = decodeCredit(payload)
    if (lane !== lanes.input || taken === undefined) return violation("a credit that is none")
    return this.input.credit(taken)
  }

  #hearResult(payload: Uint8Array): Effect.Effect<void, AgentError> {
    Deferred.doneUnsafe(this.#result, Effect.succeed(payload))
    Deferred.doneUnsafe(this.#over, Effect.void)
    Deferred.doneUnsafe(this.#notice, Effect.succeed(undefined))
    const ends = [this.output, this.errors].filter(({ hasEnded }) => !hasEnded).map((lane) => lane.end())
    return Effect.all([...ends, this.input.fail(new AgentError({ reason: new Left() }))], { discard: true })
  }
}
