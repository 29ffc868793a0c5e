import * as Schema from "effect/Schema"

/**
 * What can stand in an audit log, and the fields of `data` that each type has. Types are only ever added.
 *
 * A host adds its own as `x-<name>`, such as `x-deploy`.
 */
export const eventTypes = {
  "session.opened": "template, engine, metadata",
  "session.resumed": "epoch (of a holder that took it over while calls were under way)",
  "session.forked": "from (a session), seq",
  "session.rewound": "seq",
  "session.kept": "snapshot",
  "session.lost": "runs (what the guest knew of them is gone with its machine)",
  "session.guarded": "stance (open, throttled, asking, frozen), reason, by",
  "session.closed": "",
  "run.started": "language, codeHash",
  "run.parked": "calls (how many are open), sleeps, snapshot (if one was taken)",
  "run.ended": "outcome (succeeded, failed), error, rolledBack, usage, snapshot (if one was taken)",
  "token.verified": "token (its id), key (its id), caveats (their ids)",
  "token.refused": "token (the id that it says it has, if it could be read), reason",
  "code.refused": "rule, reason",
  "call.decided": "call, method, input, effect (allow, ask, deny), rule, layer, reason",
  "guest.refused":
    "kind (command, script, read, write), subject, effect (ask: nobody could be asked, deny), layer, policy, rule, reason; more (others of the turn that are not listed)",
  "call.started": "call, method",
  "call.settled": "call, method, receipt, by, error, layer (that denied it later)",
  "approval.requested": "call, method, input, rule, expires",
  "approval.decided": "call, decision (approve, deny), by, input (if it was edited)",
  "approval.expired": "call",
  "approval.refused": "call, why (a decision that came to nothing), by",
  output: "stream (stdout, stderr), bytes, sha256; text if the log keeps text",
  "limit.hit": "limit, allowed (as it is set; if it is known which), used (of the processor, if it is known)",
  "file.read": "path (all of it, of a directory), bytes, by (host)",
  "file.written": 'path, change (created, changed; of "/", more than is listed), by (guest, host)',
  "file.removed": "path, by (guest, host)",
  "machine.started": "engine",
  "machine.restored": "engine, snapshot",
  "machine.stopped": "reason (parked, given up)",
  alert: "rule, severity, evidence (sequence numbers), reaction",
  "log.opened": "log (its id), after (new, closed, crashed)",
  "log.rotated": "previous (the segment before), because (size, age)",
  "log.recovered": "torn (bytes, lines, file), unsealed, missing, head (what was wrong with it): what a crash left",
  "log.checkpoint": "see `Checkpoint`"
} as const

/** A type of this list, or one of the host's own. */
export type EventType = keyof typeof eventTypes | `x-${string}`

const ownType = /^x-[a-z0-9][a-z0-9.-]{0,60}$/

/** Whether a text is a type that may be written: one of the list, or `x-` and up to 61 small letters, digits, dots and hyphens. */
export const isEventType = (text: string): text is EventType => Object.hasOwn(eventTypes, text) || ownType.test(text)

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, Schema.Json>>

/** Who an event is about. Ids are at most 256 characters long. */
export interface Subject {
  readonly session?: string | undefined
  readonly run?: string | undefined
  /** Which park of the run. */
  readonly turn?: string | undefined
  /** W3C trace id. */
  readonly trace?: string | undefined
  readonly tenant?: string | undefined
}

/** What a host reports. Sequence number and time are given by the log. */
export interface NewEvent extends Subject {
  readonly type: EventType
  readonly data?: JsonObject | undefined
}

/** An event as it stands in a log; version 1. Logs of later builds may have more types. */
export const AuditEvent = Schema.Struct({
  v: Schema.Literal(1),
  /** Begins at 1, without gaps, over all segments. */
  seq: Schema.Int,
  /** ISO 8601 in UTC with milliseconds. The clock of the host may be set back, `seq` never is. */
  time: Schema.String,
  type: Schema.String,
  session: Schema.optionalKey(Schema.String),
  run: Schema.optionalKey(Schema.String),
  turn: Schema.optionalKey(Schema.String),
  trace: Schema.optionalKey(Schema.String),
  tenant: Schema.optionalKey(Schema.String),
  data: Schema.Record(Schema.String, Schema.Json),
  /** The hash of the line before; 64 zeros in the first. */
  prev: Schema.String,
  hash: Schema.String
})
export type AuditEvent = typeof AuditEvent.Type
