/** Where SQLite and PostgreSQL differ, as far as a journal notices. Everything else is the same SQL for both. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"

export interface JournalDialect {
  readonly types: {
    /** A column that numbers its rows in the order of their creation. */
    readonly key: string
    readonly keyReference: string
    readonly bytes: string
    /** Exact for every number that JavaScript has. */
    readonly millis: string
  }
  /** What follows a table's columns. */
  readonly tableOptions: string
  /** The same for a table that is nothing but its primary key. */
  readonly keyOnlyTableOptions: string
  /**
   * Within a transaction: lets many refer to snapshots at the same time, or one drop those that nobody refers to. A SQLite
   * file has one writer anyway.
   */
  readonly lockSnapshots: (purpose: "refer" | "drop") => Effect.Effect<void, SqlError>
  /** Gives space that is free in the database back to its file system. */
  readonly shrink: Effect.Effect<void, SqlError>
}

/** Any number will do that no other user of advisory locks in the same database has. */
const snapshotsLock = 702_346_881

export const of = (sql: SqlClient): JournalDialect =>
  sql.onDialectOrElse({
    pg: (): JournalDialect => ({
      types: {
        key: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        keyReference: "BIGINT",
        bytes: "BYTEA",
        millis: "DOUBLE PRECISION"
      },
      tableOptions: "",
      keyOnlyTableOptions: "",
      lockSnapshots: (purpose) =>
        Effect.asVoid(
          purpose === "refer"
            ? sql`SELECT pg_advisory_xact_lock_shared(${sql.literal(`${snapshotsLock}`)})`
            : sql`SELECT pg_advisory_xact_lock(${sql.literal(`${snapshotsLock}`)})`
        ),
      shrink: Effect.void
    }),
    orElse: (): JournalDialect => ({
      types: { key: "INTEGER PRIMARY KEY", keyReference: "INTEGER", bytes: "BLOB", millis: "REAL" },
      tableOptions: "STRICT",
      keyOnlyTableOptions: "STRICT, WITHOUT ROWID",
      lockSnapshots: () => Effect.void,
      shrink: Effect.asVoid(sql`PRAGMA incremental_vacuum`)
    })
  })
