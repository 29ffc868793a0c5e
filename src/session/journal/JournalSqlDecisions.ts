/** Decisions on waiting calls, which whoever can reach the database records and whoever holds the session reads. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { DecisionRow } from "./JournalRow.ts"
import type { JournalStore } from "./JournalStore.ts"

const callsAtOnceMax = 500

/** A session without such decisions gives one row, with nothing of a decision in it. */
type FoundRow = DecisionRow | { readonly call: null }

export const deciding = (sql: SqlClient): Pick<JournalStore<SqlError>, "decide" | "decisions"> => {
  const columns = sql`call, digest, decision, decided_by AS "by", at_millis AS "atMillis"`

  const decide = Effect.fnUntraced(function* (session: string, row: DecisionRow) {
    // An update, so that nobody closes the session in between.
    const [open] = yield* sql`UPDATE caisson_sessions SET epoch = epoch
      WHERE id = ${session} AND closed_millis IS NULL RETURNING key`
    if (open === undefined) return undefined
    const { key } = open
    const { atMillis, by, call, decision, digest } = row
    const [inserted] = yield* sql`INSERT INTO caisson_decisions
        (session_key, call, digest, decision, decided_by, at_millis)
      VALUES (${key}, ${call}, ${digest}, ${decision}, ${by}, ${atMillis})
      ON CONFLICT (session_key, call, digest) DO NOTHING RETURNING call`
    if (inserted !== undefined) return { row, isFirst: true }
    const [earlier] = yield* sql<DecisionRow>`SELECT ${columns} FROM caisson_decisions
      WHERE session_key = ${key} AND call = ${call} AND digest = ${digest}`
    return earlier === undefined ? undefined : { row: earlier, isFirst: false }
  })

  const find = (session: string, calls: ReadonlyArray<string> | undefined) =>
    sql<FoundRow>`SELECT ${columns} FROM caisson_sessions AS sessions LEFT JOIN caisson_decisions
      ON session_key = sessions.key ${calls === undefined ? sql`` : sql`AND ${sql.in("call", calls)}`}
      WHERE sessions.id = ${session} ORDER BY at_millis, call, digest`

  const decisions = Effect.fnUntraced(function* (session: string, calls: ReadonlyArray<string> | undefined) {
    const found: Array<DecisionRow> = []
    for (let first = 0; first === 0 || first < (calls?.length ?? 0); first += callsAtOnceMax) {
      const rows = yield* find(session, calls?.slice(first, first + callsAtOnceMax))
      if (rows.length === 0) return undefined
      for (const row of rows) if (row.call !== null) found.push(row)
    }
    return found
  })

  return { decide: (session, row) => sql.withTransaction(decide(session, row)), decisions }
}
