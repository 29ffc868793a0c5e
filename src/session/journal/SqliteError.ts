import * as Schema from "effect/Schema"

/** The file holds something else than a SQLite database. It was not changed. */
export class NotADatabase extends Schema.TaggedError<NotADatabase>()("NotADatabase", { filename: Schema.String }) {
  override get message() {
    return `${this.filename} is not a SQLite database`
  }
}
/** The file or its directory, where SQLite keeps its log beside the file, may not be written to. */
export class NotWritable extends Schema.TaggedError<NotWritable>()("NotWritable", { path: Schema.String }) {
  override get message() {
    return `this process may not write to ${this.path}`
  }
}
/** Another process was writing for longer than the busy timeout. */
export class Locked extends Schema.TaggedError<Locked>()("Locked", {
  filename: Schema.String,
  waitedMillis: Schema.Number
}) {
  override get message() {
    return `${this.filename} is locked by another process (waited ${this.waitedMillis} ms)`
  }
}
/** The file can be neither opened nor created. */
export class CannotOpen extends Schema.TaggedError<CannotOpen>()("CannotOpen", {
  filename: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.filename} cannot be opened: ${this.detail}`
  }
}
/** Why a SQLite file cannot be used. */
export class SqliteError extends Schema.TaggedError<SqliteError>()("SqliteError", {
  reason: Schema.Union([NotADatabase, NotWritable, Locked, CannotOpen])
}) {
  override get message() {
    return this.reason.message
  }
}
