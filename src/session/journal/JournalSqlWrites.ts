/**
 * The writes of a running session: the hot path. They are compiled once and given straight to the transaction's
 * connection; a tagged template costs more to compile and trace than such a statement takes to run.
 */
import * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Statement } from "effect/sql/Statement"
import type { JournalDialect } from "./JournalDialect.ts"
import type { EntryRow } from "./JournalRow.ts"
import type { Addition, JournalStore } from "./JournalStore.ts"

type Row = Readonly<Record<string, unknown>>
type Run = (text: string, params: ReadonlyArray<unknown>) => Effect.Effect<ReadonlyArray<Row>, SqlError>

const entriesAtOnceMax = 64

const textOf = (statement: Statement<unknown>): string => statement.compile(true)[0]

/** The texts of the statements, with placeholders of the database's dialect. The values here only stand for some. */
const compile = (sql: SqlClient) => {
  const ofEntries = new Map<number, string>()
  return {
    extendOwner: textOf(sql`INSERT INTO caisson_owners (name, lease_until_millis) VALUES (${""}, ${0})
      ON CONFLICT (name) DO UPDATE SET lease_until_millis = CASE
        WHEN excluded.lease_until_millis > caisson_owners.lease_until_millis THEN excluded.lease_until_millis
        ELSE caisson_owners.lease_until_millis END
      RETURNING key`),
    insertSession: textOf(sql`INSERT INTO caisson_sessions (id, template, metadata, epoch, owner_key, seq, status,
        created_millis, updated_millis, due_millis, closed_millis, compacted)
      VALUES (${""}, ${""}, ${""}, 1, ${0}, ${0}, ${""}, ${0}, ${0}, ${0}, ${0}, 0)
      ON CONFLICT (id) DO NOTHING RETURNING key`),
    advance: textOf(sql`UPDATE caisson_sessions
      SET seq = ${0}, status = ${""}, updated_millis = ${0}, due_millis = ${0}, closed_millis = ${0}
      WHERE id = ${""} AND epoch = ${0} AND seq = ${0} AND owner_key IS NOT NULL RETURNING key`),
    insertSnapshot: textOf(sql`INSERT INTO caisson_snapshots (id, bytes) VALUES (${""}, ${""})
      ON CONFLICT (id) DO NOTHING`),
    insertUse: textOf(sql`INSERT INTO caisson_snapshot_uses (session_key, snapshot) VALUES (${0}, ${""})
      ON CONFLICT (session_key, snapshot) DO NOTHING`),
    insertEntries: (count: number): string => {
      const row = { session_key: 0, seq: 0, version: 0, at_millis: 0, event: "" }
      const text =
        ofEntries.get(count) ?? textOf(sql`INSERT INTO caisson_entries ${sql.insert(Arr.replicate(row, count))}`)
      ofEntries.set(count, text)
      return text
    }
  }
}

/** Runs statements in one transaction; it is committed unless they fail. */
const transaction = <A>(sql: SqlClient, body: (run: Run) => Effect.Effect<A, SqlError>): Effect.Effect<A, SqlError> =>
  sql.withTransaction(
    Effect.withFiber((fiber) => {
      const [connection] = Context.getUnsafe(fiber.context, sql.transactionService)
      return body((text, params) => connection.execute(text, params, undefined))
    })
  )

export const writing = (
  sql: SqlClient,
  dialect: JournalDialect
): Pick<JournalStore<SqlError>, "insert" | "take" | "append"> => {
  const texts = compile(sql)

  const insertEntries = Effect.fnUntraced(function* (run: Run, key: unknown, rows: ReadonlyArray<EntryRow>) {
    for (let first = 0; first < rows.length; first += entriesAtOnceMax) {
      const some = rows.slice(first, first + entriesAtOnceMax)
      const params = some.flatMap((row) => [key, row.seq, row.version, row.atMillis, row.event])
      yield* run(texts.insertEntries(some.length), params)
    }
  })

  const insertSnapshots = Effect.fnUntraced(function* (run: Run, key: unknown, addition: Addition) {
    yield* dialect.lockSnapshots("refer")
    for (const { id, bytes } of addition.snapshots) yield* run(texts.insertSnapshot, [id, bytes])
    for (const id of addition.references) yield* run(texts.insertUse, [key, id])
  })

  const add = (run: Run, key: unknown, addition: Addition) => {
    const entries = insertEntries(run, key, addition.rows)
    return addition.references.length === 0 ? entries : Effect.andThen(entries, insertSnapshots(run, key, addition))
  }

  const closedMillis = ({ status, nowMillis }: Addition) => (status === "closed" ? nowMillis : null)

  return {
    insert: ({ session, template, metadata }, addition, { name, leaseUntilMillis }) =>
      transaction(
        sql,
        Effect.fnUntraced(function* (run) {
          const { rows, status, dueMillis, nowMillis } = addition
          const [owner] = yield* run(texts.extendOwner, [name, leaseUntilMillis])
          const about = [session, template, metadata, owner?.["key"], rows.length, status]
          const times = [nowMillis, nowMillis, dueMillis, closedMillis(addition)]
          const [inserted] = yield* run(texts.insertSession, [...about, ...times])
          if (inserted === undefined) return false
          yield* add(run, inserted["key"], addition)
          return true
        })
      ),
    append: ({ session, epoch }, after, addition) =>
      transaction(
        sql,
        Effect.fnUntraced(function* (run) {
          const { rows, status, dueMillis, nowMillis } = addition
          const state = [after + rows.length, status, nowMillis, dueMillis, closedMillis(addition)]
          const [advanced] = yield* run(texts.advance, [...state, session, epoch, after])
          if (advanced === undefined) return false
          yield* add(run, advanced["key"], addition)
          return true
        })
      ),
    take: ({ session, epoch, owner, leaseUntilMillis }, holder) =>
      transaction(
        sql,
        Effect.fnUntraced(function* (run) {
          const [taker] = yield* run(texts.extendOwner, [holder.name, holder.leaseUntilMillis])
          const taken = yield* sql`UPDATE caisson_sessions SET epoch = epoch + 1, owner_key = ${taker?.["key"]}
            WHERE id = ${session} AND epoch = ${epoch} AND (owner_key IS NULL OR owner_key = ${taker?.["key"]}
              OR owner_key = (SELECT key FROM caisson_owners
                WHERE name = ${owner} AND lease_until_millis = ${leaseUntilMillis}))
            RETURNING epoch`
          return taken.length === 1
        })
      )
  }
}
