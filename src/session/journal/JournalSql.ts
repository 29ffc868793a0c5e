/** The journal in a SQL database: SQLite or PostgreSQL, by the SQL client that it is given. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Journal } from "./Journal.ts"
import * as JournalDialect from "./JournalDialect.ts"
import type { EntryRow, SessionRow } from "./JournalRow.ts"
import { type JournalSchemaError, migrate } from "./JournalSchema.ts"
import { deciding } from "./JournalSqlDecisions.ts"
import { dropping } from "./JournalSqlSnapshots.ts"
import { writing } from "./JournalSqlWrites.ts"
import * as JournalStore from "./JournalStore.ts"

type Store = JournalStore.JournalStore<SqlError>

const holding = (sql: SqlClient): Pick<Store, "extend" | "release"> => ({
  extend: ({ name, leaseUntilMillis }) =>
    Effect.asVoid(sql`UPDATE caisson_owners SET lease_until_millis = ${leaseUntilMillis}
      WHERE name = ${name} AND lease_until_millis < ${leaseUntilMillis}`),
  release: ({ session, epoch }) =>
    Effect.asVoid(sql`UPDATE caisson_sessions SET owner_key = NULL WHERE id = ${session} AND epoch = ${epoch}`)
})

/** A session without entries behind the point gives one row, with nothing of an entry in it. */
type TailRow = { readonly last: number; readonly compacted: number } & (EntryRow | { readonly seq: null })

const reading = (sql: SqlClient): Pick<Store, "find" | "read" | "snapshot" | "list"> => {
  const sessions = sql`SELECT sessions.id AS session, status, template, metadata, epoch, seq,
    created_millis AS "createdMillis", updated_millis AS "updatedMillis", due_millis AS "dueMillis",
    name AS owner, lease_until_millis AS "leaseUntilMillis"
    FROM caisson_sessions AS sessions LEFT JOIN caisson_owners AS owners ON owners.key = owner_key`
  return {
    find: (session) => Effect.map(sql<SessionRow>`${sessions} WHERE sessions.id = ${session}`, ([row]) => row),
    read: (session, after) =>
      Effect.map(
        sql<TailRow>`SELECT sessions.seq AS last, compacted, entries.seq, version, at_millis AS "atMillis", event
          FROM caisson_sessions AS sessions
          LEFT JOIN caisson_entries AS entries ON session_key = sessions.key AND entries.seq > ${after}
          WHERE sessions.id = ${session} ORDER BY entries.seq`,
        (tail) => {
          const [first] = tail
          if (first === undefined) return undefined
          const rows = tail.flatMap((row) => (row.seq === null ? [] : [row]))
          return { last: first.last, compacted: first.compacted === 1, rows }
        }
      ),
    snapshot: (id) =>
      Effect.map(
        sql<{ readonly bytes: Uint8Array }>`SELECT bytes FROM caisson_snapshots WHERE id = ${id}`,
        ([row]) => row?.bytes
      ),
    list: ({ before, limit, offset, status }) => {
      // Not a parameter: the index on sessions that wait is found by the text of the condition.
      const isOfStatus = status === undefined ? [] : [sql`status = 'paused'`]
      const isBefore =
        before === undefined
          ? []
          : [sql`sessions.key < (SELECT key FROM caisson_sessions AS earlier WHERE earlier.id = ${before})`]
      return sql<SessionRow>`${sessions} WHERE ${sql.and([...isOfStatus, ...isBefore])}
        ORDER BY sessions.key DESC LIMIT ${limit} OFFSET ${offset}`
    }
  }
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* migrate
  const dialect = JournalDialect.of(sql)
  return JournalStore.journal({
    ...writing(sql, dialect),
    ...holding(sql),
    ...reading(sql),
    ...deciding(sql),
    ...dropping(sql, dialect)
  })
})

/** A journal in the database of the SQL client, which gets the tables it needs. */
export const layer: Layer.Layer<Journal, JournalSchemaError, SqlClient> = Layer.effect(Journal, make)
