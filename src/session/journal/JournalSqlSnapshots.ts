/** Dropping what is no longer needed: old snapshots of a session, and the journals of sessions closed long ago. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalDialect } from "./JournalDialect.ts"
import type { JournalStore } from "./JournalStore.ts"

const idsAtOnceMax = 500

export const dropping = (
  sql: SqlClient,
  dialect: JournalDialect
): Pick<JournalStore<SqlError>, "prune" | "compact" | "forgetOwners"> => {
  const usedBy = (keys: ReadonlyArray<unknown>) =>
    sql<{ readonly snapshot: string }>`SELECT DISTINCT snapshot FROM caisson_snapshot_uses
      WHERE ${sql.in("session_key", keys)}`

  /** Ends some sessions' use of snapshots, and drops those that no session uses any more. */
  const endUses = Effect.fnUntraced(function* (keys: ReadonlyArray<unknown>, snapshots: ReadonlyArray<string>) {
    for (let first = 0; first < snapshots.length; first += idsAtOnceMax) {
      const some = snapshots.slice(first, first + idsAtOnceMax)
      yield* sql`DELETE FROM caisson_snapshot_uses WHERE ${sql.in("session_key", keys)} AND ${sql.in("snapshot", some)}`
      yield* sql`DELETE FROM caisson_snapshots WHERE ${sql.in("id", some)} AND NOT EXISTS (
        SELECT 1 FROM caisson_snapshot_uses WHERE snapshot = caisson_snapshots.id)`
    }
  })

  const prune = Effect.fnUntraced(function* (session: string, epoch: number, keep: ReadonlySet<string>) {
    // An update, so that no other claim comes in between.
    const [held] = yield* sql`UPDATE caisson_sessions SET epoch = epoch
      WHERE id = ${session} AND epoch = ${epoch} AND owner_key IS NOT NULL RETURNING key`
    if (held === undefined) return false
    yield* dialect.lockSnapshots("drop")
    const used = yield* usedBy([held["key"]])
    const unwanted = used.map(({ snapshot }) => snapshot).filter((snapshot) => !keep.has(snapshot))
    yield* endUses([held["key"]], unwanted)
    return true
  })

  const compact = Effect.fnUntraced(function* (closedBeforeMillis: number, sessionsMax: number) {
    const chosen = yield* sql`UPDATE caisson_sessions SET compacted = 1 WHERE compacted = 0 AND key IN (
      SELECT key FROM caisson_sessions WHERE closed_millis < ${closedBeforeMillis} AND compacted = 0
      ORDER BY closed_millis LIMIT ${sessionsMax}) RETURNING key`
    if (chosen.length === 0) return 0
    yield* dialect.lockSnapshots("drop")
    const keys = chosen.map(({ key }) => key)
    yield* sql`DELETE FROM caisson_entries WHERE ${sql.in("session_key", keys)}`
    yield* sql`DELETE FROM caisson_decisions WHERE ${sql.in("session_key", keys)}`
    const used = yield* usedBy(keys)
    yield* endUses(
      keys,
      used.map(({ snapshot }) => snapshot)
    )
    return chosen.length
  })

  return {
    prune: ({ session, epoch }, keep) => sql.withTransaction(prune(session, epoch, keep)),
    compact: (closedBeforeMillis, sessionsMax) =>
      Effect.tap(sql.withTransaction(compact(closedBeforeMillis, sessionsMax)), (compacted) =>
        compacted === 0 ? Effect.void : dialect.shrink
      ),
    forgetOwners: (leaseBeforeMillis) =>
      Effect.asVoid(sql`DELETE FROM caisson_owners WHERE lease_until_millis < ${leaseBeforeMillis} AND NOT EXISTS (
        SELECT 1 FROM caisson_sessions WHERE owner_key = caisson_owners.key)`)
  }
}
