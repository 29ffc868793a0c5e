/** Opening a SQLite file: its place, who may read it, and the settings that every connection to it must have. */
import { accessSync, closeSync, constants, existsSync, openSync } from "node:fs"
import { dirname } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as OwnFile from "../../token/OwnFile.ts"
import { CannotOpen, Locked, NotADatabase, NotWritable, SqliteError } from "./SqliteError.ts"

export interface SqliteFile {
  readonly filename: string
  readonly synchronous: "normal" | "full"
  readonly busyMillis: number
}

const errorCodes = { busy: 5, locked: 6, readOnly: 8, cannotOpen: 14, notADatabase: 26 }

/** Other connections may be switching the same new file to WAL at the same time. */
const walAttemptsMax = 10

/** After a rush the log shrinks to this again. */
const logBytesMax = 16 * 1_048_576

const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** SQLite's primary result code. */
const errorCodeOf = (cause: unknown): number | undefined =>
  Predicate.hasProperty(cause, "errcode") && typeof cause.errcode === "number" ? cause.errcode & 0xff : undefined

const isBusy = (cause: unknown): boolean => {
  const code = errorCodeOf(cause)
  return code === errorCodes.busy || code === errorCodes.locked
}

/** What the operating system said. */
const codeOf = (cause: unknown): string => (Predicate.hasProperty(cause, "code") ? String(cause.code) : "")

const isForbidden = (cause: unknown): boolean => ["EACCES", "EPERM", "EROFS"].includes(codeOf(cause))

/**
 * Creates what is missing; SQLite gives the files beside it the permissions of the database file. A file that exists is not
 * opened here: to close it again would end the locks of this process's other connections to it.
 */
const prepare = (filename: string): void => {
  const directory = dirname(filename)
  OwnFile.makeDirectory(directory)
  accessSync(directory, constants.W_OK)
  if (existsSync(filename)) accessSync(filename, constants.W_OK)
  else create(filename)
}

const create = (filename: string): void => {
  try {
    closeSync(openSync(filename, "wx", 0o600))
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
}

/** SQLite does not wait for a writer here: taking the write lock does. */
const switchToWal = (database: DatabaseSync): void => {
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec("PRAGMA journal_mode = WAL")
      return
    } catch (cause) {
      if (!isBusy(cause) || attempt === walAttemptsMax) throw cause
      database.exec("BEGIN IMMEDIATE; ROLLBACK")
    }
  }
}

const configure = (database: DatabaseSync, file: SqliteFile): void => {
  database.exec("PRAGMA auto_vacuum = INCREMENTAL")
  switchToWal(database)
  database.exec(`PRAGMA synchronous = ${file.synchronous === "full" ? "FULL" : "NORMAL"}`)
  database.exec(`PRAGMA journal_size_limit = ${logBytesMax}`)
  database.exec("BEGIN IMMEDIATE; ROLLBACK")
}

const openNow = (file: SqliteFile): DatabaseSync => {
  if (file.filename !== ":memory:") prepare(file.filename)
  const database = new DatabaseSync(file.filename, { timeout: file.busyMillis })
  try {
    configure(database, file)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

const toSqliteError = ({ filename, busyMillis }: SqliteFile, cause: unknown): SqliteError => {
  const code = errorCodeOf(cause)
  if (code === errorCodes.notADatabase) return new SqliteError({ reason: new NotADatabase({ filename }) })
  if (isBusy(cause)) return new SqliteError({ reason: new Locked({ filename, waitedMillis: busyMillis }) })
  if (code === errorCodes.readOnly) return new SqliteError({ reason: new NotWritable({ path: filename }) })
  if (isForbidden(cause)) {
    const path = Predicate.hasProperty(cause, "path") ? String(cause.path) : filename
    return new SqliteError({ reason: new NotWritable({ path }) })
  }
  return new SqliteError({ reason: new CannotOpen({ filename, detail: textOf(cause) }) })
}

/** Opens a file, or creates it and its directory for this user only; closed with the scope. */
export const open = (file: SqliteFile) =>
  Effect.acquireRelease(
    Effect.try({ try: () => openNow(file), catch: (cause) => toSqliteError(file, cause) }),
    (database) => Effect.sync(() => database.close())
  )
