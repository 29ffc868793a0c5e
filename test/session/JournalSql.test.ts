import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Journal, type JournalError, StorageFailed } from "../../src/session/journal/Journal.ts"
import { NewerSchema } from "../../src/session/journal/JournalSchema.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import * as JournalContract from "../contract/JournalContract.ts"
import { ann, append, create, ended, entriesFrom, leaseMillis, read, started } from "../contract/journal/Steps.ts"
import { temporaryDirectory } from "./directory.ts"

const onDisk = Layer.unwrap(
  Effect.map(temporaryDirectory, (directory) => Sqlite.layer({ filename: join(directory, "journal.sqlite") }))
)

JournalContract.suite("SQLite", JournalSql.layer.pipe(Layer.provide(onDisk)))

/** A journal, and its database to do harm to. */
const inMemory = () => Layer.fresh(JournalSql.layer.pipe(Layer.provideMerge(Sqlite.layer({ filename: ":memory:" }))))

/** A session of four entries, of whose stored form something is changed. */
const afterHarm = Effect.fnUntraced(function* (harm: string) {
  const sql = yield* SqlClient.SqlClient
  const claim = yield* create("harmed")
  yield* append(claim, 2, started("1.1"), started("1.2"), ended())
  yield* sql.unsafe(harm)
  return claim
})

const damageOf = (operation: Effect.Effect<unknown, JournalError, Journal>) =>
  Effect.map(Effect.flip(operation), ({ reason }) => {
    assert(reason._tag === "JournalDamaged", reason._tag)
    return reason
  })

const harms: ReadonlyArray<readonly [what: string, harm: string, seq: number, detail: RegExp]> = [
  [
    "an event of an unknown kind",
    `UPDATE caisson_entries SET event = '{"_tag":"Exploded"}' WHERE seq = 3`,
    3,
    /Expected/
  ],
  ["an event without a field", `UPDATE caisson_entries SET event = '{"_tag":"CallStarted"}' WHERE seq = 2`, 2, /call/],
  ["an event that is no JSON", "UPDATE caisson_entries SET event = '{' WHERE seq = 4", 4, /JSON/],
  ["an event of a newer version", "UPDATE caisson_entries SET version = 2 WHERE seq = 3", 3, /version 2.*up to 1/],
  ["a missing first entry", "DELETE FROM caisson_entries WHERE seq = 1", 1, /missing/],
  ["a missing entry in between", "DELETE FROM caisson_entries WHERE seq = 2", 2, /missing/],
  ["a missing last entry", "DELETE FROM caisson_entries WHERE seq = 4", 4, /missing/],
  ["no entries where there were some", "DELETE FROM caisson_entries", 1, /missing/]
]

describe("a damaged journal", () => {
  it.effect.each(harms)("is not read past %s", ([, harm, seq, detail]) =>
    Effect.gen(function* () {
      yield* afterHarm(harm)
      const damage = yield* damageOf(read("harmed"))
      assert.deepStrictEqual([damage.session, damage.seq], ["harmed", seq])
      assert.match(damage.detail, detail)
      assert.include(damage.message, `session harmed cannot be read at ${seq}`)
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("is still read where it is not damaged", () =>
    Effect.gen(function* () {
      yield* afterHarm("UPDATE caisson_entries SET event = '{' WHERE seq = 2")
      assert.deepStrictEqual(yield* read("harmed", 2), [
        { seq: 3, atMillis: 1_001, event: started("1.2") },
        { seq: 4, atMillis: 1_002, event: ended() }
      ])
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("shows in lists and summaries", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* afterHarm(`UPDATE caisson_sessions SET metadata = '[]'`)
      for (const operation of [journal.summary("harmed"), journal.list({ limit: 1 })]) {
        assert.strictEqual((yield* damageOf(operation)).session, "harmed")
      }
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("shows where a decision cannot be read", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* afterHarm(`INSERT INTO caisson_decisions SELECT key, '1.1', 'd', '{"_tag":"Perhaps"}', 'ann', 1.0
        FROM caisson_sessions`)
      const decided = { call: "1.1", digest: "d", decision: { _tag: "Approve" }, by: "ann" } as const
      for (const operation of [journal.decisions("harmed"), journal.decide("harmed", decided)]) {
        assert.include((yield* damageOf(operation)).detail, "the decision on call 1.1")
      }
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("does not take values of another type", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(afterHarm("UPDATE caisson_entries SET seq = 'three' WHERE seq = 3"))
      assert.strictEqual(error._tag === "SqlError" && error.reason._tag, "ConstraintError")
    }).pipe(Effect.provide(inMemory()))
  )
})

describe("a journal whose database fails", () => {
  it.effect("says what it could not do, and leaves nothing half done", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const sql = yield* SqlClient.SqlClient
      const claim = yield* afterHarm(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON caisson_snapshot_uses BEGIN SELECT RAISE(ABORT, 'disk full'); END"
      )
      const snapshot = { id: "a".repeat(64), bytes: new Uint8Array(8) }
      const batch = {
        entries: entriesFrom(5, ended(snapshot)),
        snapshots: [snapshot],
        status: "paused",
        dueMillis: 1
      } as const
      const { reason } = yield* Effect.flip(journal.append(claim, batch))
      assert(reason instanceof StorageFailed)
      assert.strictEqual(reason.message, "the journal's storage failed to append to session harmed")
      assert.include(String(reason.cause), "SqlError")
      assert.deepStrictEqual((yield* journal.snapshot(snapshot.id))._tag, "None")
      assert.strictEqual((yield* journal.summary("harmed")).status, "running")
      assert.lengthOf(yield* read("harmed"), 4)
      yield* sql`DROP TRIGGER full`
      yield* journal.append(claim, batch)
      assert.lengthOf(yield* read("harmed"), 5)
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("says so for every operation", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* afterHarm("DROP TABLE caisson_sessions")
      const operations = [
        create("other"),
        journal.claim("harmed", ann, leaseMillis),
        journal.release({ session: "harmed", epoch: 1 }),
        append({ session: "harmed", epoch: 1 }, 5, started("1.3")),
        read("harmed"),
        journal.summary("harmed"),
        journal.list({ limit: 1 }),
        journal.decide("harmed", { call: "1.1", digest: "", decision: { _tag: "Approve" }, by: "ann" }),
        journal.decisions("harmed"),
        journal.prune({ session: "harmed", epoch: 1 }, []),
        journal.compact(0)
      ]
      for (const operation of operations) {
        const { reason } = yield* Effect.flip<unknown, JournalError, Journal>(operation)
        assert.strictEqual(reason._tag, "StorageFailed")
      }
    }).pipe(Effect.provide(inMemory()))
  )
})

describe("the tables of a journal", () => {
  const open = (filename: string) => Layer.fresh(JournalSql.layer.pipe(Layer.provideMerge(Sqlite.layer({ filename }))))

  it.effect("are made once, and found again", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      yield* create("kept").pipe(Effect.provide(open(filename)))
      assert.lengthOf(yield* read("kept").pipe(Effect.provide(open(filename))), 1)
    })
  )

  it.effect("of a newer build are left alone", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      yield* SqlClient.SqlClient.use(
        (sql) => sql`INSERT INTO caisson_migrations (migration_id, name) VALUES (3, 'something_new')`
      ).pipe(Effect.provide(open(filename)))
      const error = yield* Effect.flip(Effect.scoped(Layer.build(open(filename))))
      assert(error._tag === "JournalSchemaError")
      assert.deepStrictEqual(error.reason, new NewerSchema({ found: 3, known: 2 }))
      assert.include(error.message, "schema version 3, this build knows versions up to 2")
    })
  )

  it.effect("are made whole or not at all", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      const alien = Sqlite.layer({ filename })
      yield* SqlClient.SqlClient.use((sql) => sql`CREATE TABLE caisson_snapshots (something INTEGER)`).pipe(
        Effect.provide(Layer.fresh(alien))
      )
      const error = yield* Effect.flip(Effect.scoped(Layer.build(open(filename))))
      assert.strictEqual(error._tag === "JournalSchemaError" && error.reason._tag, "MigrationFailed")
      const tables = yield* SqlClient.SqlClient.use(
        (sql) => sql<{ readonly name: string }>`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`
      ).pipe(Effect.provide(Layer.fresh(alien)))
      assert.deepStrictEqual(
        tables.map(({ name }) => name),
        ["caisson_migrations", "caisson_snapshots"]
      )
    })
  )

  it.effect("give space back when journals are compacted", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const sql = yield* SqlClient.SqlClient
      const pages = Effect.map(sql<{ readonly page_count: number }>`PRAGMA page_count`, ([row]) => row?.page_count ?? 0)
      const before = yield* pages
      const bytes = new Uint8Array(1_048_576)
      const snapshots = [{ id: "large", bytes }]
      yield* create("large", {
        entries: entriesFrom(1, ended(snapshots[0]), { _tag: "Closed" }),
        snapshots,
        status: "closed"
      })
      assert.isAbove(yield* pages, before + 200)
      assert.strictEqual(yield* journal.compact(Number.MAX_SAFE_INTEGER), 1)
      assert.isAtMost(yield* pages, before + 10)
    }).pipe(Effect.provide(inMemory()))
  )
})
