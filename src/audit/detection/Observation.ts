import * as Schema from "effect/Schema"
import { Receipt } from "../../tool/Receipt.ts"

const common = {
  /** Milliseconds since the epoch, as the source of the observation saw it. */
  atMillis: Schema.Number,
  session: Schema.String,
  run: Schema.optionalKey(Schema.String),
  /** Whose habits it is compared with; all observations without one share one set of habits. */
  tenant: Schema.optionalKey(Schema.String),
  /** What an alert names as its evidence: unique among all observations. */
  id: Schema.String
}

/**
 * One thing that was seen of a session, whatever saw it: the journal, the network proxy, or the kernel of a microVM. It is plain
 * data, and everything that the detector ever knows.
 */
export const Observation = Schema.Union([
  Schema.TaggedStruct("RunStarted", { ...common, codeHash: Schema.String }),
  Schema.TaggedStruct("CallDecided", {
    ...common,
    /** Slash-separated. */
    method: Schema.String,
    /** JSON or a `Value` text. */
    input: Schema.String,
    effect: Schema.Literals(["allow", "ask", "deny"]),
    readOnly: Schema.Boolean,
    /** The code of a denial, such as `ConstraintFailed`. */
    reason: Schema.optionalKey(Schema.String)
  }),
  Schema.TaggedStruct("CallSettled", {
    ...common,
    method: Schema.String,
    receipt: Receipt,
    readOnly: Schema.Boolean,
    /** Of the result, UTF-8. */
    outputBytes: Schema.Number,
    /** What the guest got, as a `Value` text; absent if it got an error, or the source does not keep values. */
    value: Schema.optionalKey(Schema.String)
  }),
  Schema.TaggedStruct("Output", { ...common, stream: Schema.Literals(["stdout", "stderr"]), text: Schema.String }),
  Schema.TaggedStruct("LimitHit", {
    ...common,
    /** The code of the limit, such as `MemoryLimit`. */
    limit: Schema.String
  }),
  Schema.TaggedStruct("FileAccess", {
    ...common,
    path: Schema.String,
    access: Schema.Literals(["read", "write", "execute", "delete"])
  }),
  Schema.TaggedStruct("Refused", {
    ...common,
    /** What the machine did not let its guest do by itself. */
    kind: Schema.Literals(["command", "script", "read", "write"]),
    /** The words, the text or the path. */
    subject: Schema.String,
    /** How often, if the source counts some instead of telling each one. Default 1. */
    count: Schema.optionalKey(Schema.Number)
  }),
  Schema.TaggedStruct("Network", {
    ...common,
    /** As the guest named it. */
    host: Schema.String,
    port: Schema.Number,
    /** What the name was resolved to. */
    address: Schema.optionalKey(Schema.String)
  }),
  Schema.TaggedStruct("RunEnded", {
    ...common,
    status: Schema.Literals(["completed", "failed"]),
    /** The run's own result, or what it threw, as a `Value` text. */
    value: Schema.optionalKey(Schema.String)
  }),
  Schema.TaggedStruct("Syscall", {
    ...common,
    name: Schema.String,
    /** How often, if the source counts instead of telling each one. Default 1. */
    count: Schema.optionalKey(Schema.Number),
    path: Schema.optionalKey(Schema.String)
  })
]).pipe(Schema.toTaggedUnion("_tag"))
export type Observation = typeof Observation.Type

/** An observation of one kind. */
export type ObservationOf<Tag extends Observation["_tag"]> = Extract<Observation, { readonly _tag: Tag }>
