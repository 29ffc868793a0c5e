import * as Schema from "effect/Schema"

/** Every rule that can raise an alert. */
export const RuleId = Schema.Literals([
  "argument-drift",
  "blind-spot",
  "denial-spike",
  "enumeration",
  "exfiltration",
  "first-seen-method",
  "honeytoken",
  "limit-hits",
  "metadata-address",
  "port-scan",
  "private-address",
  "privileged-spike",
  "recon",
  "redirect",
  "sensitive-file"
])
export type RuleId = typeof RuleId.Type

/** From a note in passing to an attack in progress. */
export const Severity = Schema.Literals(["low", "medium", "high", "critical"])
export type Severity = typeof Severity.Type

/**
 * What whoever reads the alert should do, from the mildest to the hardest: take note; slow the session's calls down; hold the
 * session for a person; stop it and keep a forensic snapshot; revoke its token as well.
 */
export const Reaction = Schema.Literals(["alert", "throttle", "pause", "freeze", "revoke"])
export type Reaction = typeof Reaction.Type

/**
 * One finding of the detector. It tells where to look and never repeats a secret: values of honeytokens, and texts that guests
 * read or sent, are in none of its fields.
 */
export const Alert = Schema.Struct({
  /** The rule and the observation that it fired on: the same stream gives the same ids. */
  id: Schema.String,
  rule: RuleId,
  severity: Severity,
  title: Schema.String,
  session: Schema.String,
  run: Schema.optionalKey(Schema.String),
  tenant: Schema.optionalKey(Schema.String),
  atMillis: Schema.Number,
  /** Ids of observations, oldest first, at most 16. */
  evidence: Schema.Array(Schema.String),
  /** Counts, methods, names and thresholds, by rule. */
  details: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Number, Schema.Array(Schema.String)])),
  reaction: Reaction
})
export type Alert = typeof Alert.Type

/** The order of severities. */
export const rank = (severity: Severity): number => Severity.literals.indexOf(severity)
