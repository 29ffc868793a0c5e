import * as Schema from "effect/Schema"

/** The event cannot be written as it is; nothing was written. */
export class InvalidEvent extends Schema.TaggedError<InvalidEvent>()("InvalidEvent", { detail: Schema.String }) {
  override get message() {
    return `the event cannot be written: ${this.detail}`
  }
}
/** A key cannot be used, or none of those given has the id that is asked for. */
export class KeyRefused extends Schema.TaggedError<KeyRefused>()("KeyRefused", {
  key: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `audit key ${this.key} ${this.detail}`
  }
}
/** Another writer, in this process or another one, has the log open. */
export class LogLocked extends Schema.TaggedError<LogLocked>()("LogLocked", { directory: Schema.String }) {
  override get message() {
    return `another process is writing to the audit log in ${this.directory}`
  }
}
/** The log was closed while the event waited. */
export class LogClosed extends Schema.TaggedError<LogClosed>()("LogClosed", {}) {
  override get message() {
    return "the audit log has been closed"
  }
}
/** There is no log in the directory. */
export class LogMissing extends Schema.TaggedError<LogMissing>()("LogMissing", { directory: Schema.String }) {
  override get message() {
    return `there is no audit log in ${this.directory}`
  }
}
/** What is stored is not what was written. `line` counts from 1 in its file; 0 is the file as a whole. */
export class LogDamaged extends Schema.TaggedError<LogDamaged>()("LogDamaged", {
  file: Schema.String,
  line: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    const place = this.line === 0 ? this.file : `${this.file}:${this.line}`
    return `${place}: ${this.detail}; \`caisson audit verify\` says more`
  }
}
/** A file could not be read or written. */
export class FileFailed extends Schema.TaggedError<FileFailed>()("FileFailed", {
  operation: Schema.String,
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `cannot ${this.operation} ${this.path}: ${this.detail}`
  }
}
/** The log has no event of this run. */
export class RunNotFound extends Schema.TaggedError<RunNotFound>()("RunNotFound", {
  run: Schema.String,
  /** Absent if any session was meant. */
  session: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const of = this.session === undefined ? "" : ` of session ${this.session}`
    return `the audit log has no event of run ${this.run}${of}`
  }
}
/** Several sessions have a run of this id. */
export class RunAmbiguous extends Schema.TaggedError<RunAmbiguous>()("RunAmbiguous", {
  run: Schema.String,
  sessions: Schema.Array(Schema.String)
}) {
  override get message() {
    const [first = "", second = ""] = this.sessions
    return `${this.sessions.length} sessions have a run ${this.run}, ${first} and ${second} among them: say which session is meant`
  }
}
/** The newest events of the run are under no signed checkpoint yet. */
export class NotCovered extends Schema.TaggedError<NotCovered>()("NotCovered", {
  run: Schema.String,
  seq: Schema.Int
}) {
  override get message() {
    return `event ${this.seq} of run ${this.run} is under no checkpoint yet: wait for the next one, or let the process that writes the log close it`
  }
}
/** Why an audit log did not do what it was asked. */
export class AuditError extends Schema.TaggedError<AuditError>()("AuditError", {
  reason: Schema.Union([
    InvalidEvent,
    KeyRefused,
    LogLocked,
    LogClosed,
    LogMissing,
    LogDamaged,
    FileFailed,
    RunNotFound,
    RunAmbiguous,
    NotCovered
  ])
}) {
  override get message() {
    return this.reason.message
  }
}

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

export const invalidEvent = (detail: string): AuditError => new AuditError({ reason: new InvalidEvent({ detail }) })

export const damaged = (file: string, line: number, detail: string): AuditError =>
  new AuditError({ reason: new LogDamaged({ file, line, detail }) })

/** What a foreign failure becomes at the edge of this folder; an `AuditError` stays what it is. */
export const fileFailed =
  (operation: string, path: string) =>
  (cause: unknown): AuditError =>
    cause instanceof AuditError
      ? cause
      : new AuditError({ reason: new FileFailed({ operation, path, detail: textOf(cause) }) })
