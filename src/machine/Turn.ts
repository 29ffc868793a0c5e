import * as Schema from "effect/Schema"
import { GuestError } from "../tool/GuestError.ts"
import { Outcome, ToolCall } from "../tool/ToolCall.ts"

/** A piece of console output. A chunk never splits a code point. */
export const Output = Schema.Struct({ stream: Schema.Literals(["stdout", "stderr"]), text: Schema.String })
export type Output = typeof Output.Type

/** A guest's request to be woken at a time of the virtual clock, in milliseconds since the epoch. Ids share the calls' counter. */
export const Sleep = Schema.Struct({ id: Schema.String, dueMillis: Schema.Finite })
export type Sleep = typeof Sleep.Type

/** What a turn cost: guest CPU time, and the memory that the guest has after it: all of a linear memory, or what a group of processes is
 * charged with. */
export const Usage = Schema.Struct({ cpuMillis: Schema.Finite, memoryBytes: Schema.Finite })
export type Usage = typeof Usage.Type

/** What became of the file at a path since it was last told. Of more changes than are listed, the root is `changed`. */
export const FileChange = Schema.Struct({
  path: Schema.String,
  kind: Schema.Literals(["created", "changed", "removed"])
})
export type FileChange = typeof FileChange.Type

/**
 * Something that a run has shown beside its value: a picture, a table. Of a text `text` is the text; anything else lies in the
 * guest's files, at `path`.
 */
export const Display = Schema.Struct({
  mediaType: Schema.String,
  text: Schema.optionalKey(Schema.String),
  path: Schema.optionalKey(Schema.String)
})
export type Display = typeof Display.Type

/** Something that a machine did not let its guest do by itself, by the rules of the run. */
export const Refused = Schema.Struct({
  /** A command, a whole script, or an access to a file. */
  kind: Schema.Literals(["command", "script", "read", "write"]),
  /** The command's words, the script, or the path; of a long one the beginning and the end. */
  subject: Schema.String,
  /** `ask`: a person might have allowed it. */
  effect: Schema.Literals(["deny", "ask"]),
  /** Who said so: `policy payments`, `token tok_…`. */
  layer: Schema.String,
  /** The id of the policy, where that is who. */
  policy: Schema.optionalKey(Schema.String),
  /** The policy's rule; absent for its default. */
  rule: Schema.optionalKey(Schema.String),
  /** As the guest was told. */
  reason: Schema.String
})
export type Refused = typeof Refused.Type

/** The first that a machine refused in a turn, in their order, and how many more there were. */
export const Refusals = Schema.Struct({ first: Schema.Array(Refused), more: Schema.Int })
export type Refusals = typeof Refusals.Type

/** Milliseconds that the phases of a program took, by their names, such as `compile` and `run`. */
export const Phases = Schema.Record(Schema.String, Schema.Finite)
export type Phases = typeof Phases.Type

const turn = {
  cancelled: Schema.Array(Schema.String),
  output: Schema.Array(Output),
  /** More was printed in the run than is allowed, for the first time in this turn: what is missing has a mark in its place. */
  outputCut: Schema.optionalKey(Schema.Boolean),
  usage: Usage,
  /** What the guest did to its files in the turn; absent if it did nothing. */
  files: Schema.optionalKey(Schema.Array(FileChange)),
  /** What the guest has shown in the turn, in its order; absent if that is nothing. */
  displays: Schema.optionalKey(Schema.Array(Display)),
  /** What the machine refused in the turn; absent if that is nothing. */
  refusals: Schema.optionalKey(Refusals),
  /** Of a program that has any. */
  phases: Schema.optionalKey(Phases)
}

/**
 * What a machine says when the guest can go no further.
 *
 * - `Completed`: the run's promise is settled and nothing that it started is still pending.
 * - `Failed`: the run threw. With `fatal` the machine is lost as well (a limit was hit or the guest broke its VM): it must
 *   not be used or snapshotted again, and the session goes back to the state before the run.
 * - `Parked`: the guest waits for calls or sleeps. `calls`, `sleeps` and `cancelled` list only what is new since the
 *   previous turn; ids in `cancelled` need no answer any more (their `Promise.race` was won by another).
 *
 * A `Completed` or non-fatal `Failed` turn may still carry `cancelled` ids: calls which ended with their run.
 */
export const Turn = Schema.Union([
  Schema.TaggedStruct("Completed", { value: Schema.String, ...turn }),
  Schema.TaggedStruct("Failed", { error: GuestError, fatal: Schema.Boolean, ...turn }),
  Schema.TaggedStruct("Parked", { calls: Schema.Array(ToolCall), sleeps: Schema.Array(Sleep), ...turn })
])
export type Turn = typeof Turn.Type

/** The answer to one call, or (with no outcome) the wake-up of one sleep. */
export const Answer = Schema.Struct({ id: Schema.String, outcome: Schema.optionalKey(Outcome) })
export type Answer = typeof Answer.Type
