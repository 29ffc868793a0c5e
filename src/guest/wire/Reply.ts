import * as Schema from "effect/Schema"
import { FileErrorCode } from "../../file/FileError.ts"
import { FileChange } from "../../machine/Turn.ts"
import { Count, Signal, Text } from "./Fields.ts"

/**
 * The first thing that an agent says about a stream, if its lanes do not begin at once. `started`: a process runs, or was taken
 * over, and its lanes begin at these bytes of its output and errors. `ready`: from now on no change is missed.
 */
export const Notice = Schema.Union([
  Schema.Struct({ note: Schema.Literal("started"), pid: Count, output: Count, errors: Count }),
  Schema.Struct({ note: Schema.Literal("ready") })
])
export type Notice = typeof Notice.Type

/**
 * Why a request was not done. Codes of files are those of the kernel.
 *
 * `Malformed`: the request is none. `Frozen`: it came after a freeze. `NoSuchProcess`, `ProcessExists`: of its id. `TooMany`:
 * streams or processes; of a thaw, guest code was ended since it wanted too many. `NotStarted`: the kernel refused to run the
 * program. `Unsupported`: this guest cannot do that. `BytesLost`: the lanes of a process are not kept from there on. `Internal`:
 * all else.
 */
export const Refusal = Schema.Struct({
  code: Schema.Literals([
    ...FileErrorCode.literals,
    "Malformed",
    "Frozen",
    "NoSuchProcess",
    "ProcessExists",
    "TooMany",
    "NotStarted",
    "Unsupported",
    "BytesLost",
    "Internal"
  ]),
  message: Text
})
export type Refusal = typeof Refusal.Type

/** How a process ended, and what it used. */
export const Exit = Schema.Struct({
  how: Schema.Literals(["exited", "signalled", "timedOut", "outOfMemory", "outOfProcesses"]),
  /** Of one that exited. */
  code: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))),
  /** Of one that was ended by a signal, for whatever reason. */
  signal: Schema.optionalKey(Signal),
  wallMillis: Count,
  cpuMillis: Count,
  /** At most at once, where it was measured. */
  memoryBytes: Schema.optionalKey(Count),
  /** All bytes of the lanes. */
  output: Count,
  errors: Count
})
export type Exit = typeof Exit.Type

/** What is known of one thing in the guest's files. */
export const Entry = Schema.Struct({
  path: Text,
  kind: Schema.Literals(["file", "directory", "symlink", "device"]),
  bytes: Count,
  modifiedMillis: Schema.Int,
  mode: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0o7777 }))
})
export type Entry = typeof Entry.Type

/** The records of a watch: changes, and after those of one answer how many there were. */
export const Watched = Schema.Union([FileChange, Schema.Struct({ changes: Count })])

export const Done = Schema.Struct({})

/** How much was moved. */
export const Moved = Schema.Struct({ entries: Count, bytes: Count })
export type Moved = typeof Moved.Type

/** Whether guest code stands still, which takes control groups. */
export const Frozen = Schema.Struct({ isStill: Schema.Boolean })

/** The end of a stream: what was asked for, or why not. */
export type OutcomeOf<A> = { readonly ok: A } | { readonly error: Refusal }
export const Outcome = <A>(ok: Schema.Codec<A, unknown>): Schema.Codec<OutcomeOf<A>, unknown> =>
  Schema.Union([Schema.Struct({ ok }), Schema.Struct({ error: Refusal })])

/** What the agent could not read. */
export const Fault = Schema.Struct({ detail: Text })
