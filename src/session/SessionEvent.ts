import * as Schema from "effect/Schema"
import { Language } from "../capability/Language.ts"
import { Limits } from "../machine/Limits.ts"
import { Display, FileChange, Output, Phases, Refusals, Sleep, Usage } from "../machine/Turn.ts"
import { MachineRules } from "../policy/machine/MachineRules.ts"
import { GuestError } from "../tool/GuestError.ts"
import { Receipt } from "../tool/Receipt.ts"
import { Outcome } from "../tool/ToolCall.ts"
import { Presented } from "./Authority.ts"
import { FileRecord } from "./FileRecord.ts"
import { Trace } from "./Trace.ts"

/** SHA-256 of a snapshot's bytes, in hexadecimal: forks share what they have in common. */
export const SnapshotId = Schema.String
export type SnapshotId = typeof SnapshotId.Type

/** Who decided on a call, where that was not the session's own capabilities alone. */
export const Ruling = Schema.Struct({
  layer: Schema.String,
  /** The id of the policy that was in force. */
  policy: Schema.optionalKey(Schema.String),
  /** The policy's rule that decided. */
  rule: Schema.optionalKey(Schema.String),
  /** The policy's rules that only report. */
  detections: Schema.optionalKey(Schema.Array(Schema.String))
})
export type Ruling = typeof Ruling.Type

const ruled = {
  /** The budgets of other layers that the call was taken from as well. */
  also: Schema.optionalKey(Schema.Array(Schema.String)),
  ruling: Schema.optionalKey(Ruling)
}

/** What was said of a call when it was made. It is never decided again. */
export const Verdict = Schema.Union([
  Schema.TaggedStruct("Allowed", { capability: Schema.String, ...ruled }),
  Schema.TaggedStruct("Asked", {
    capability: Schema.String,
    reason: Schema.String,
    expiresMillis: Schema.optionalKey(Schema.Finite),
    /** Who may decide; absent, everybody. */
    approvers: Schema.optionalKey(Schema.Array(Schema.String)),
    ...ruled
  }),
  Schema.TaggedStruct("Denied", { error: GuestError, ruling: Schema.optionalKey(Ruling) })
])
export type Verdict = typeof Verdict.Type

export const RecordedCall = Schema.Struct({
  /** The machine's id for it, followed by `~<branch>` once the session has been rewound. */
  id: Schema.String,
  /** SHA-256 over path and arguments as they left the machine: a replay must ask for the same again. */
  digest: Schema.String,
  /** Canonical, slash-separated. */
  method: Schema.String,
  /** The checked input as a `Value` text; of a call denied for its input, the arguments as they came. */
  input: Schema.String,
  readOnly: Schema.Boolean,
  idempotent: Schema.Boolean,
  verdict: Verdict
})
export type RecordedCall = typeof RecordedCall.Type

/**
 * How far a session is trusted. `open`: its calls are decided on as they are. `throttled`: each call waits a while before it
 * is started. `asking`: a person has to see every call. `frozen`: every call is denied, and where the guest stands is kept.
 */
export const Stance = Schema.Literals(["open", "throttled", "asking", "frozen"])
export type Stance = typeof Stance.Type

/** Where the guest was kept. Absent where the state after this event is cheaper to replay than to keep. */
const kept = {
  snapshot: Schema.optionalKey(SnapshotId),
  /** The contents of files that the snapshot names; absent if it names none. */
  contents: Schema.optionalKey(Schema.Array(SnapshotId))
}

/** What every turn of a machine leaves in the journal: what the guest was given to get there, and what came out. */
const turn = {
  run: Schema.String,
  /** Ids of the answers given since the previous turn, in their order. */
  delivered: Schema.Array(Schema.String),
  nowMillis: Schema.Finite,
  cancelled: Schema.Array(Schema.String),
  output: Schema.Array(Output),
  outputCut: Schema.optionalKey(Schema.Boolean),
  usage: Usage,
  files: Schema.optionalKey(Schema.Array(FileChange)),
  displays: Schema.optionalKey(Schema.Array(Display)),
  phases: Schema.optionalKey(Phases),
  refusals: Schema.optionalKey(Refusals),
  ...kept
}

/** The question that a recorded decision answered: see `Question.digestOf`. */
const Question = Schema.String

/**
 * What happened in a session. The journal is a list of these and nothing else; version 1.
 *
 * A field is never removed or given another meaning; a new optional one may be added.
 */
export const SessionEvent = Schema.Union([
  Schema.TaggedStruct("Opened", {
    template: Schema.String,
    engine: Schema.String,
    seed: Schema.String,
    limits: Limits,
    metadata: Schema.Record(Schema.String, Schema.String),
    /** The token that the session was opened with. */
    token: Schema.optionalKey(Presented)
  }),
  Schema.TaggedStruct("RunStarted", {
    run: Schema.String,
    ordinal: Schema.Int,
    language: Language,
    source: Schema.String,
    /** SHA-256 of language and source: the same run id with other code is refused. */
    codeHash: Schema.String,
    /** The token that the run was started with. */
    token: Schema.optionalKey(Presented),
    /** What the machine keeps the guest to by itself; absent, to nothing. */
    rules: Schema.optionalKey(MachineRules),
    /** The span that the run was started in: whoever goes on with the run goes on with its trace. */
    trace: Schema.optionalKey(Trace),
    nowMillis: Schema.Finite
  }),
  Schema.TaggedStruct("Parked", { ...turn, calls: Schema.Array(RecordedCall), sleeps: Schema.Array(Sleep) }),
  Schema.TaggedStruct("RunEnded", {
    ...turn,
    outcome: Outcome,
    /** The state went back to where it was before the run. */
    rolledBack: Schema.Boolean,
    /** The guest made its machine unresponsive: the session's later machines are kept apart. */
    quarantined: Schema.Boolean
  }),
  /** A person or the host let an asked call go ahead. */
  Schema.TaggedStruct("CallApproved", {
    call: Schema.String,
    by: Schema.optionalKey(Schema.String),
    question: Schema.optionalKey(Question),
    /** A `Value` text that the handler gets in place of the input that the guest asked with. */
    input: Schema.optionalKey(Schema.String),
    /** Budgets that the call with that input is taken from as well. */
    charged: Schema.optionalKey(Schema.Array(Schema.String))
  }),
  /** A decision that somebody had recorded could not be carried out: the call waits for another one. */
  Schema.TaggedStruct("DecisionRefused", {
    call: Schema.String,
    by: Schema.optionalKey(Schema.String),
    question: Question,
    /** As in `AnswerRefused`. */
    why: Schema.String,
    detail: Schema.optionalKey(Schema.String)
  }),
  Schema.TaggedStruct("CallStarted", { call: Schema.String }),
  Schema.TaggedStruct("CallAnswered", {
    call: Schema.String,
    receipt: Receipt,
    outcome: Outcome,
    by: Schema.optionalKey(Schema.String),
    question: Schema.optionalKey(Question),
    /** Who denied it after it had been asked or let through, whatever a person decided. */
    ruling: Schema.optionalKey(Ruling)
  }),
  /** It became certain that a call of unknown outcome had no effect: it will be started again. */
  Schema.TaggedStruct("CallNotCommitted", { call: Schema.String, by: Schema.optionalKey(Schema.String) }),
  /** The host changed the guest's files. */
  Schema.TaggedStruct("FilesChanged", {
    operation: FileRecord,
    nowMillis: Schema.Finite,
    files: Schema.Array(FileChange),
    ...kept
  }),
  /** The guest was written down between two turns, as it was after the entry before. */
  Schema.TaggedStruct("Kept", kept),
  /**
   * Its machine is gone, and does not do the same again: the guest is as it was when it was last written down, but for what the
   * host changed in its files since.
   */
  Schema.TaggedStruct("GuestLost", {
    /** The runs since then that had ended. What they did outside of the guest stays. */
    runs: Schema.Array(Schema.String)
  }),
  /** Another holder took the session over: what was started and has no outcome is unknown from here on. */
  Schema.TaggedStruct("TakenOver", { epoch: Schema.Int }),
  /** This session began as a copy of another one's first `seq` events. */
  Schema.TaggedStruct("Forked", { session: Schema.String, seq: Schema.Int }),
  /** Events after `seq` no longer count, except for budgets. */
  Schema.TaggedStruct("Rewound", { seq: Schema.Int }),
  /** From here on the session is treated like this, whatever its guest does, until somebody says otherwise. */
  Schema.TaggedStruct("Guarded", { stance: Stance, reason: Schema.String, by: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Closed", {})
]).pipe(Schema.toTaggedUnion("_tag"))
export type SessionEvent = typeof SessionEvent.Type

/** An event at its place. Sequence numbers begin at 1 and have no gaps. */
export const Entry = Schema.Struct({ seq: Schema.Int, atMillis: Schema.Finite, event: SessionEvent })
export type Entry = typeof Entry.Type
