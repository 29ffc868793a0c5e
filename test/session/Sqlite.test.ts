import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { Locked, NotADatabase, NotWritable } from "../../src/session/journal/SqliteError.ts"
import { temporaryDirectory } from "./directory.ts"

const open = (options: Sqlite.SqliteOptions) => Effect.scoped(Layer.build(Layer.fresh(Sqlite.layer(options))))

const failure = (options: Sqlite.SqliteOptions) => Effect.map(Effect.flip(open(options)), ({ reason }) => reason)

const inMemory = () => Layer.fresh(Sqlite.layer({ filename: ":memory:" }))

const permissions = (path: string) => statSync(path).mode & 0o777

/** Root may write anywhere, so that it has to become somebody else. */
const asNobody = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  if (process.geteuid?.() !== 0) return effect
  return Effect.acquireUseRelease(
    Effect.sync(() => process.seteuid?.(65_534)),
    () => effect,
    () => Effect.sync(() => process.seteuid?.(0))
  )
}

describe("a SQLite file", () => {
  it.effect("is made with its directory, for its user only, and so is what SQLite keeps beside it", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryDirectory, "state", "caisson")
      const filename = join(directory, "journal.sqlite")
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE things (name TEXT)`
        assert.strictEqual(permissions(directory), 0o700)
        for (const suffix of ["", "-wal", "-shm"]) assert.strictEqual(permissions(filename + suffix), 0o600, suffix)
      }).pipe(Effect.provide(Sqlite.layer({ filename })))
    })
  )

  it.effect("keeps its permissions if it was there before", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      writeFileSync(filename, "")
      chmodSync(filename, 0o640)
      yield* open({ filename })
      assert.strictEqual(permissions(filename), 0o640)
    })
  )

  it.effect("is in WAL mode, and as durable as it was asked to be", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      const settings = Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        const [mode] = yield* sql`PRAGMA journal_mode`
        const [synchronous] = yield* sql`PRAGMA synchronous`
        return [mode?.["journal_mode"], synchronous?.["synchronous"]]
      })
      assert.deepStrictEqual(yield* Effect.provide(settings, Layer.fresh(Sqlite.layer({ filename }))), ["wal", 1])
      const full = Layer.fresh(Sqlite.layer({ filename, synchronous: "full" }))
      assert.deepStrictEqual(yield* Effect.provide(settings, full), ["wal", 2])
    })
  )

  it.effect("is not made of a file that is something else, which stays as it is", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      for (const [name, content] of [
        ["short.txt", "hello"],
        ["long.txt", "hello ".repeat(4_000)]
      ] as const) {
        const filename = join(directory, name)
        writeFileSync(filename, content)
        assert.deepStrictEqual(yield* failure({ filename }), new NotADatabase({ filename }))
        assert.strictEqual(readFileSync(filename, "utf8"), content)
      }
    })
  )

  it.effect("cannot be a directory, nor lie in something that is not one", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const isDirectory = yield* failure({ filename: directory })
      assert.strictEqual(isDirectory._tag, "CannotOpen")
      assert.include(isDirectory.message, directory)
      writeFileSync(join(directory, "file"), "")
      assert.strictEqual((yield* failure({ filename: join(directory, "file", "journal.sqlite") }))._tag, "CannotOpen")
      assert.strictEqual((yield* failure({ filename: "" }))._tag, "CannotOpen")
    })
  )

  it.effect("needs a directory that this process may write to", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      chmodSync(directory, 0o755)
      const closed = join(directory, "closed")
      mkdirSync(closed, { mode: 0o555 })
      chmodSync(closed, 0o555)
      const filename = join(closed, "journal.sqlite")
      assert.deepStrictEqual(yield* asNobody(failure({ filename })), new NotWritable({ path: filename }))
      const below = join(closed, "below")
      const reason = yield* asNobody(failure({ filename: join(below, "journal.sqlite") }))
      assert.deepStrictEqual(reason, new NotWritable({ path: below }))
    })
  )

  it.effect("needs to be writable itself, and its directory too, where the log is", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      chmodSync(directory, 0o755)
      const filename = join(directory, "journal.sqlite")
      yield* open({ filename })
      chmodSync(filename, 0o444)
      assert.deepStrictEqual(yield* asNobody(failure({ filename })), new NotWritable({ path: filename }))
      chmodSync(filename, 0o666)
      chmodSync(directory, 0o555)
      assert.strictEqual((yield* asNobody(failure({ filename })))._tag, "NotWritable")
    })
  )

  it.effect("that another connection writes to is locked, once the timeout has passed", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      yield* open({ filename })
      const other = new DatabaseSync(filename)
      other.exec("BEGIN IMMEDIATE")
      const locked = new Locked({ filename, waitedMillis: 30 })
      assert.deepStrictEqual(yield* failure({ filename, busyTimeout: "30 millis" }), locked)
      assert.include(locked.message, "locked by another process (waited 30 ms)")
      other.exec("COMMIT")
      yield* open({ filename, busyTimeout: "30 millis" })
      other.close()
    })
  )

  it.effect("that is not yet in WAL mode is locked as well while another connection writes to it", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      const other = new DatabaseSync(filename)
      other.exec("BEGIN EXCLUSIVE")
      assert.strictEqual((yield* failure({ filename, busyTimeout: "30 millis" }))._tag, "Locked")
      other.exec("CREATE TABLE things (name TEXT); COMMIT")
      yield* open({ filename, busyTimeout: "30 millis" })
      other.close()
    })
  )
})

describe("the SQL client over SQLite", () => {
  it.effect("commits what succeeds, and nothing of what fails", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE things (name TEXT UNIQUE) STRICT`
      const insert = (name: string) => sql`INSERT INTO things ${sql.insert({ name })}`
      yield* sql.withTransaction(insert("a"))
      const failing = Effect.andThen(insert("b"), Effect.fail("no"))
      assert.strictEqual(yield* Effect.flip(sql.withTransaction(failing)), "no")
      const inner = Effect.ignore(sql.withTransaction(failing))
      yield* sql.withTransaction(Effect.all([insert("c"), inner, insert("d")]))
      const rows = yield* sql<{ readonly name: string }>`SELECT name FROM things ORDER BY name`
      assert.deepStrictEqual(
        rows.map(({ name }) => name),
        ["a", "c", "d"]
      )
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("runs transactions one after the other", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE counter AS SELECT 0 AS value`
      const increment = sql.withTransaction(
        Effect.gen(function* () {
          const [row] = yield* sql<{ readonly value: number }>`SELECT value FROM counter`
          yield* Effect.yieldNow
          yield* sql`UPDATE counter SET value = ${(row?.value ?? 0) + 1}`
        })
      )
      yield* Effect.all(
        Array.from({ length: 50 }, () => increment),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(yield* sql`SELECT value FROM counter`.values, [[50]])
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("gives every value back as it was, bytes and booleans among them", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const bytes = new Uint8Array([0, 1, 255])
      const row = sql`SELECT ${null}, ${1.5}, ${"ü\u0000"}, ${bytes}, ${true}, ${false}, ${undefined}`
      const values = [null, 1.5, "ü\u0000", bytes, 1, 0, null]
      assert.deepStrictEqual(yield* row.values, [values])
      assert.deepStrictEqual(yield* row.valuesUnprepared, [values])
      assert.deepStrictEqual(yield* sql`SELECT 1 AS one`.unprepared.pipe(Effect.map((rows) => ({ ...rows[0] }))), {
        one: 1
      })
      assert.strictEqual((yield* Effect.flip(sql`SELECT ${Symbol("none")}`))._tag, "SqlError")
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("says what SQLite said", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`CREATE TABLE things (name TEXT UNIQUE NOT NULL) STRICT`
      yield* sql`INSERT INTO things (name) VALUES ('a')`
      const reasonOf = (statement: Effect.Effect<unknown, { readonly reason: { readonly _tag: string } }>) =>
        Effect.map(Effect.flip(statement), ({ reason }) => reason._tag)
      assert.strictEqual(yield* reasonOf(sql`INSERT INTO things (name) VALUES ('a')`), "UniqueViolation")
      assert.strictEqual(yield* reasonOf(sql`INSERT INTO things (name) VALUES (NULL)`), "ConstraintError")
      assert.strictEqual(yield* reasonOf(sql`SELECT nothing FROM nowhere`), "UnknownError")
    }).pipe(Effect.provide(inMemory()))
  )

  it.effect("forgets prepared statements that are not used, and prepares them again", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (let round = 0; round < 2; round++) {
        for (let value = 0; value < 300; value++) {
          assert.deepStrictEqual(yield* sql.unsafe(`SELECT ${value}`).values, [[value]])
        }
      }
    }).pipe(Effect.provide(inMemory()))
  )
})
