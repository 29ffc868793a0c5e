import * as Schema from "effect/Schema"

/**
 * An error as a guest sees or throws it: plain data, no host stack, no host object.
 *
 * `line` and `column` are 1-based positions in the source that the caller gave to `run`. `stack` holds guest frames only.
 * `reason` is the code of a refused call (`NoCapability`, `ConstraintFailed`, …) or of the limit that ended a run.
 */
export const GuestError = Schema.Struct({
  name: Schema.String,
  message: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  column: Schema.optionalKey(Schema.Int),
  stack: Schema.optionalKey(Schema.String),
  reason: Schema.optionalKey(Schema.String)
})
export type GuestError = typeof GuestError.Type
