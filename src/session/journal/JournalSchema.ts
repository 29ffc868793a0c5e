/**
 * The tables of a journal, and how a database gets them. A released migration is never changed: the next one follows it.
 *
 * T1. The key of a session is never used twice and grows with its creation.
 * T2. A snapshot is kept as long as a row in `caisson_snapshot_uses` names it, whichever session's that is.
 * T3. A row in `caisson_decisions` is never changed: the first on a question counts.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Migrator from "effect/sql/Migrator"
import { SqlClient } from "effect/sql/SqlClient"
import * as JournalDialect from "./JournalDialect.ts"

/** A newer version of this package has used the database. It was not changed. */
export class NewerSchema extends Schema.TaggedError<NewerSchema>()("NewerSchema", {
  found: Schema.Int,
  known: Schema.Int
}) {
  override get message() {
    return `the journal's database has schema version ${this.found}, this build knows versions up to ${this.known}`
  }
}
/** The database could not be given the tables that this build needs. It is as it was before. */
export class MigrationFailed extends Schema.TaggedError<MigrationFailed>()("MigrationFailed", {
  cause: Schema.Defect()
}) {
  override get message() {
    const detail = this.cause instanceof Error ? `: ${this.cause.message}` : ""
    return `the journal's tables could not be brought up to date${detail}`
  }
}
/** Why a database cannot be used for a journal. */
export class JournalSchemaError extends Schema.TaggedError<JournalSchemaError>()("JournalSchemaError", {
  reason: Schema.Union([NewerSchema, MigrationFailed])
}) {
  override get message() {
    return this.reason.message
  }
}

const journal = Effect.gen(function* () {
  const sql = yield* SqlClient
  const { types, tableOptions, keyOnlyTableOptions } = JournalDialect.of(sql)
  const key = sql.literal(types.key)
  const keyReference = sql.literal(types.keyReference)
  const millis = sql.literal(types.millis)
  const options = sql.literal(tableOptions)

  yield* sql`CREATE TABLE caisson_owners (
    key ${key},
    name TEXT NOT NULL UNIQUE,
    lease_until_millis ${millis} NOT NULL
  ) ${options}`
  yield* sql`CREATE TABLE caisson_sessions (
    key ${key},
    id TEXT NOT NULL UNIQUE,
    template TEXT NOT NULL,
    metadata TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    owner_key ${keyReference},
    seq INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_millis ${millis} NOT NULL,
    updated_millis ${millis} NOT NULL,
    due_millis ${millis},
    closed_millis ${millis},
    compacted INTEGER NOT NULL
  ) ${options}`
  yield* sql`CREATE INDEX caisson_sessions_held ON caisson_sessions (owner_key) WHERE owner_key IS NOT NULL`
  yield* sql`CREATE INDEX caisson_sessions_closed ON caisson_sessions (closed_millis)
    WHERE closed_millis IS NOT NULL AND compacted = 0`
  yield* sql`CREATE TABLE caisson_entries (
    session_key ${keyReference} NOT NULL,
    seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at_millis ${millis} NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (session_key, seq)
  ) ${options}`
  yield* sql`CREATE TABLE caisson_snapshots (
    id TEXT NOT NULL PRIMARY KEY,
    bytes ${sql.literal(types.bytes)} NOT NULL
  ) ${options}`
  yield* sql`CREATE TABLE caisson_snapshot_uses (
    session_key ${keyReference} NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (session_key, snapshot)
  ) ${sql.literal(keyOnlyTableOptions)}`
  yield* sql`CREATE INDEX caisson_snapshot_uses_snapshot ON caisson_snapshot_uses (snapshot)`
})

const decisions = Effect.gen(function* () {
  const sql = yield* SqlClient
  const { types, tableOptions } = JournalDialect.of(sql)
  yield* sql`CREATE TABLE caisson_decisions (
    session_key ${sql.literal(types.keyReference)} NOT NULL,
    call TEXT NOT NULL,
    digest TEXT NOT NULL,
    decision TEXT NOT NULL,
    decided_by TEXT,
    at_millis ${sql.literal(types.millis)} NOT NULL,
    PRIMARY KEY (session_key, call, digest)
  ) ${sql.literal(tableOptions)}`
  yield* sql`CREATE INDEX caisson_sessions_paused ON caisson_sessions (key) WHERE status = 'paused'`
})

const migrations = { "0001_journal": journal, "0002_decisions": decisions }
const table = "caisson_migrations"
const known = Object.keys(migrations).length

/** Creates or updates the tables, all or nothing. Several processes may do so at once. */
export const migrate = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* Migrator.make({})({ table, loader: Migrator.fromRecord(migrations) })
  const [row] = yield* sql<{ readonly found: number }>`SELECT MAX(migration_id) AS found FROM ${sql(table)}`
  return Number(row?.found)
}).pipe(
  Effect.mapError((cause) => new JournalSchemaError({ reason: new MigrationFailed({ cause }) })),
  Effect.flatMap((found) =>
    found > known ? Effect.fail(new JournalSchemaError({ reason: new NewerSchema({ found, known }) })) : Effect.void
  )
)
