import * as Schema from "effect/Schema"
import { AuditError } from "../audit/AuditError.ts"
import { Malformed } from "../capability/Plain.ts"
import { PolicyError } from "../policy/PolicyError.ts"
import { JournalSchemaError } from "../session/journal/JournalSchema.ts"
import { SqliteError } from "../session/journal/SqliteError.ts"

/** The directory, or a file in it, cannot be used by this process. */
export class NotUsable extends Schema.TaggedError<NotUsable>()("NotUsable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be used: ${this.detail}`
  }
}
/** Others than its owner may read or change the key that signs snapshots. */
export class KeyExposed extends Schema.TaggedError<KeyExposed>()("KeyExposed", {
  path: Schema.String,
  mode: Schema.Int
}) {
  override get message() {
    const mode = this.mode.toString(8).padStart(4, "0")
    return `the key ${this.path} is open to other users (mode ${mode}): run chmod 600 on it, or delete it if somebody may have read it`
  }
}
/** The key file does not hold a key. */
export class KeyDamaged extends Schema.TaggedError<KeyDamaged>()("KeyDamaged", {
  path: Schema.String,
  bytes: Schema.Int,
  bytesNeeded: Schema.Int
}) {
  override get message() {
    return `the key ${this.path} has ${this.bytes} bytes instead of ${this.bytesNeeded}: restore it, or delete it and open sessions without their snapshots`
  }
}
/** Why sessions cannot be kept in a directory. */
export class HomeError extends Schema.TaggedError<HomeError>()("HomeError", {
  reason: Schema.Union([
    NotUsable,
    KeyExposed,
    KeyDamaged,
    SqliteError,
    JournalSchemaError,
    PolicyError,
    AuditError,
    Malformed
  ])
}) {
  override get message() {
    return this.reason.message
  }
}

export const notUsable = (path: string, cause: unknown): HomeError => {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new HomeError({ reason: new NotUsable({ path, detail }) })
}
