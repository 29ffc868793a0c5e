/**
 * What the host knows of the run in an interpreter: which ids it has made, and which of them wait.
 *
 * G1. Ids are `<ordinal>.<n>`, with n from 1, and come in the order in which they were made. A new one is larger than all before.
 * G2. Only what waits can be answered or cancelled, and only once.
 * G3. With a run, everything that it waits for ends. The host sees to that, whatever the guest says.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Limits } from "../../machine/Limits.ts"
import type { Answer, Turn } from "../../machine/Turn.ts"
import { type InterpreterError, misbehaved } from "./InterpreterError.ts"
import type { SaidTurn } from "./Message.ts"

/** The run that waits, as it can be written down. */
export const Waiting = Schema.Struct({
  ordinal: Schema.Int,
  /** How many ids it has made. */
  made: Schema.Int,
  calls: Schema.Array(Schema.String),
  sleeps: Schema.Array(Schema.String)
})
export type Waiting = typeof Waiting.Type

type Said<Tag extends SaidTurn["_tag"]> = Extract<SaidTurn, { readonly _tag: Tag }>

/** A turn without what accompanies it. */
export type Outcome =
  | Said<"Completed">
  | Said<"Parked">
  | Pick<Extract<Turn, { readonly _tag: "Failed" }>, "_tag" | "error" | "fatal" | "cancelled">

/** What may be given to the interpreter: an answer that something waits for. */
export const isAwaited = (waiting: Waiting, { id, outcome }: Answer): boolean =>
  (outcome === undefined ? waiting.sleeps : waiting.calls).includes(id)

/** A run begins. */
export const begin = (ordinal: number): Waiting => ({ ordinal, made: 0, calls: [], sleeps: [] })

const without = (ids: ReadonlyArray<string>, gone: ReadonlySet<string>) => ids.filter((id) => !gone.has(id))

/** The run after something that it waits for was answered. */
export const answered = (waiting: Waiting, id: string): Waiting => {
  const gone = new Set([id])
  return { ...waiting, calls: without(waiting.calls, gone), sleeps: without(waiting.sleeps, gone) }
}

const numberOf = (ordinal: number, id: string): number => {
  const [prefix, digits = ""] = id.split(".")
  return id === `${ordinal}.${digits}` && prefix === `${ordinal}` && /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : 0
}

/** The highest number that the new ids of a turn have; undefined if one of them is not new, or comes twice. */
const highest = ({ made, ordinal }: Waiting, { calls, sleeps }: Said<"Parked">): number | undefined => {
  const numbers = [calls, sleeps].map((made) => made.map(({ id }) => numberOf(ordinal, id)))
  const isRising = numbers.every((own) => own.every((number, index) => number > (own[index - 1] ?? made)))
  const all = numbers.flat()
  return isRising && new Set(all).size === all.length ? Math.max(made, ...all) : undefined
}

export interface Entry {
  readonly outcome: Outcome
  /** Undefined if the run is over. */
  readonly waiting: Waiting | undefined
}

const parked = (waiting: Waiting, said: Said<"Parked">, limits: Limits): Result.Result<Entry, InterpreterError> => {
  const made = highest(waiting, said)
  if (made === undefined) return Result.fail(misbehaved("ids that are not new, or in no order"))
  if (made > limits.callsPerRun) return Result.fail(misbehaved("more calls than a run may make"))
  const large = said.calls.find((call) => Buffer.byteLength(call.arguments) > limits.argumentBytes)
  if (large !== undefined) return Result.fail(misbehaved(`the arguments of ${large.id} are too large`))
  const gone = new Set(said.cancelled)
  const known = new Set([...waiting.calls, ...waiting.sleeps])
  if (gone.size < said.cancelled.length || said.cancelled.some((id) => !known.has(id))) {
    return Result.fail(misbehaved("ids are cancelled that nothing waits for"))
  }
  const calls = [...without(waiting.calls, gone), ...said.calls.map(({ id }) => id)]
  const sleeps = [...without(waiting.sleeps, gone), ...said.sleeps.map(({ id }) => id)]
  const count = calls.length + sleeps.length
  if (count === 0) return Result.fail(misbehaved("a run that is parked and waits for nothing"))
  if (count > limits.outstandingCalls) return Result.fail(misbehaved("more calls and sleeps than may wait"))
  return Result.succeed({ outcome: said, waiting: { ...waiting, made, calls, sleeps } })
}

/** Takes what the interpreter said of its run. */
export const enter = (waiting: Waiting, said: SaidTurn, limits: Limits): Result.Result<Entry, InterpreterError> => {
  if (said._tag === "Parked") return parked(waiting, said, limits)
  const cancelled = [...waiting.calls, ...waiting.sleeps]
  if (said._tag === "Failed") {
    return Result.succeed({ outcome: { ...said, cancelled, fatal: false }, waiting: undefined })
  }
  if (Buffer.byteLength(said.value) > limits.resultBytes) return Result.fail(misbehaved("the result is too large"))
  return Result.succeed({ outcome: { ...said, cancelled }, waiting: undefined })
}
