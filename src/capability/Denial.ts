import * as Schema from "effect/Schema"

/**
 * Why a call was refused, as data: its `name`, `message` and `reason` are what the guest may see.
 *
 * `NoCapability`: nothing covers the method. `ConstraintFailed`: what covers it does not cover these arguments; `parameter`,
 * `operator` and `limit` say which check failed. `Expired` and `BudgetExhausted`: what covers the call is over or used up.
 * `PolicyDenied`: the operator's rules forbid it. `Revoked`: the token that allows it was called back. `WrongSession`: it is for
 * the session that this one was forked from. `Frozen`: the session was stopped for a person to look at.
 * `NoHandler` and `InvalidInput`: there is no such tool, or it does not take these arguments. `Refused`: a person said no.
 * `Cancelled`: the call was withdrawn before it was decided on.
 */
export class Denial extends Schema.TaggedError<Denial>()("CapabilityError", {
  reason: Schema.Literals([
    "NoCapability",
    "ConstraintFailed",
    "BudgetExhausted",
    "Expired",
    "NoHandler",
    "InvalidInput",
    "PolicyDenied",
    "Revoked",
    "WrongSession",
    "Frozen",
    "Refused",
    "Cancelled"
  ]),
  message: Schema.String,
  /** JSON pointer into the call's input. */
  parameter: Schema.optionalKey(Schema.String),
  operator: Schema.optionalKey(Schema.String),
  limit: Schema.optionalKey(Schema.Unknown)
}) {}
