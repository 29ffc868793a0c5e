import * as Schema from "effect/Schema"

/** What a person or the host says to a call that waits for a decision. */
export const Answer = Schema.Union([
  /** Let it go ahead: its handler is started, with another input (any plain value) if one is given. */
  Schema.TaggedStruct("Approve", {
    input: Schema.optionalKey(Schema.Unknown),
    by: Schema.optionalKey(Schema.String)
  }),
  /** The guest gets a refusal that it can catch. */
  Schema.TaggedStruct("Deny", { reason: Schema.optionalKey(Schema.String), by: Schema.optionalKey(Schema.String) }),
  /** The host did it by itself: the guest gets this value (any plain value) and no handler is started. */
  Schema.TaggedStruct("Return", { value: Schema.Unknown, by: Schema.optionalKey(Schema.String) }),
  /** The guest gets an error with this message and no handler is started. */
  Schema.TaggedStruct("Throw", { message: Schema.String, by: Schema.optionalKey(Schema.String) })
]).pipe(Schema.toTaggedUnion("_tag"))
export type Answer = typeof Answer.Type

/** What became certain of a call whose outcome was unknown. */
export const Reconciliation = Schema.Union([
  /** It had its effect, and this is its result. */
  Schema.TaggedStruct("Committed", { value: Schema.Unknown, by: Schema.optionalKey(Schema.String) }),
  /** It had no effect: its handler is started again. */
  Schema.TaggedStruct("NotCommitted", { by: Schema.optionalKey(Schema.String) })
]).pipe(Schema.toTaggedUnion("_tag"))
export type Reconciliation = typeof Reconciliation.Type
