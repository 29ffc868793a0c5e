/**
 * Effect's SQL client over `node:sqlite`: one connection, which this process's transactions use one after the other.
 *
 * Statements block the event loop while they run, at most for the busy timeout when another process writes.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SqlClient from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import * as SqlError from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import type { SqliteError } from "./SqliteError.ts"
import * as SqliteFile from "./SqliteFile.ts"

export interface SqliteOptions {
  /** Created with its directory if missing, for this user only. `:memory:` is a database that ends with the layer. */
  readonly filename: string
  /** `normal` (default) survives any end of the process; `full` also survives a loss of power, with a disk write per commit. */
  readonly synchronous?: "normal" | "full" | undefined
  /** How long a statement waits for other processes. Default 5 seconds. */
  readonly busyTimeout?: Duration.Input | undefined
}

/** Prepared statements kept; the least recently used one goes first. */
const statementsMax = 128

const toSqlError = (cause: unknown): SqlError.SqlError => {
  // The classifier of Effect looks for `errno`, `node:sqlite` names it `errcode`.
  const errno = Predicate.hasProperty(cause, "errcode") ? { errno: cause.errcode } : {}
  const classified = cause instanceof Error ? Object.assign(cause, errno) : cause
  const reason = SqlError.classifySqliteError(classified, {
    message: "SQLite refused a statement",
    operation: "execute"
  })
  return new SqlError.SqlError({ reason })
}

// A value of any other kind is refused by `node:sqlite` itself.
const toInputs = (params: ReadonlyArray<unknown>): Array<SQLInputValue> =>
  params.map((param) => {
    if (typeof param === "boolean") return param ? 1 : 0
    return (param ?? null) as SQLInputValue
  })

const statementsOf = (database: DatabaseSync) => {
  const statements = new Map<string, StatementSync>()
  return (sql: string): StatementSync => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      const [oldest] = statements.keys()
      if (oldest !== undefined && statements.size >= statementsMax) statements.delete(oldest)
    } else statements.delete(sql)
    statements.set(sql, statement)
    return statement
  }
}

const valuesOf = (statement: StatementSync, params: ReadonlyArray<unknown>) => {
  statement.setReturnArrays(true)
  try {
    return statement.all(...toInputs(params)) as unknown as ReadonlyArray<ReadonlyArray<unknown>>
  } finally {
    statement.setReturnArrays(false)
  }
}

const connect = (database: DatabaseSync): Connection => {
  const prepared = statementsOf(database)
  const attempt = <A>(run: () => A) => Effect.try({ try: run, catch: toSqlError })
  const transformed = (
    rows: ReadonlyArray<object>,
    transform: (<A extends object>(rows: ReadonlyArray<A>) => ReadonlyArray<A>) | undefined
  ) => (transform === undefined ? rows : transform(rows))
  return {
    execute: (sql, params, transform) => attempt(() => transformed(prepared(sql).all(...toInputs(params)), transform)),
    executeUnprepared: (sql, params, transform) =>
      attempt(() => transformed(database.prepare(sql).all(...toInputs(params)), transform)),
    executeRaw: (sql, params) => attempt(() => prepared(sql).run(...toInputs(params))),
    executeValues: (sql, params) => attempt(() => valuesOf(prepared(sql), params)),
    executeValuesUnprepared: (sql, params) => attempt(() => valuesOf(database.prepare(sql), params)),
    executeStream: (sql, params, transform) =>
      Stream.fromIterableEffect(attempt(() => transformed(prepared(sql).all(...toInputs(params)), transform)))
  }
}

const make = Effect.fnUntraced(function* (options: SqliteOptions) {
  const database = yield* SqliteFile.open({
    filename: options.filename,
    synchronous: options.synchronous ?? "normal",
    busyMillis: Duration.toMillis(Duration.fromInputUnsafe(options.busyTimeout ?? "5 seconds"))
  })
  return yield* SqlClient.make({
    ...SqlClient.makeSqliteAcquirers({
      connection: Effect.succeed(connect(database)),
      semaphore: yield* Semaphore.make(1),
      isTransaction: () => database.isTransaction
    }),
    compiler: Statement.makeCompilerSqlite(),
    driver: "node-sqlite",
    // A transaction that begins as a reader cannot become a writer while another process writes.
    beginTransaction: "BEGIN IMMEDIATE",
    prepareTransactionControls: true,
    spanAttributes: [["db.system.name", "sqlite"]]
  })
})

/** A SQL client for one SQLite file in WAL mode. */
export const layer = (options: SqliteOptions): Layer.Layer<SqlClient.SqlClient, SqliteError> =>
  Layer.effect(SqlClient.SqlClient, make(options)).pipe(Layer.provide(Reactivity.layer))
