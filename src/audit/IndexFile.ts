/**
 * The SQLite file beside a log that says where its lines are. It holds nothing that is not in the log: it is thrown away whenever
 * it does not fit, and what is found by it is read from the log.
 */
import { closeSync, openSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Predicate from "effect/Predicate"

const version = 1

/** Building the index of a large log takes its time, and another process waits for it. */
const busyMillis = 60_000

const schema = `
  CREATE TABLE IF NOT EXISTS name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, uses INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY, segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    type INTEGER NOT NULL, session INTEGER, run INTEGER, trace INTEGER,
    time INTEGER NOT NULL, clock INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS regression (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS position (
    id INTEGER PRIMARY KEY CHECK (id = 1), segment INTEGER NOT NULL, offset INTEGER NOT NULL,
    seq INTEGER NOT NULL, clock INTEGER NOT NULL, hash TEXT NOT NULL
  );
  PRAGMA user_version = ${version};
`

/** Made after rows have been added: for many new rows that is a lot sooner than to keep them up to date. */
export const secondaryIndexes = `
  CREATE INDEX IF NOT EXISTS entry_run ON entry (run) WHERE run IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entry_session ON entry (session) WHERE session IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entry_trace ON entry (trace) WHERE trace IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entry_type ON entry (type);
`

const tables = ["entry", "name", "regression", "position"]

/** Empties the index, within a transaction or without. */
export const reset = (database: DatabaseSync): void => {
  database.exec(`${tables.map((table) => `DROP TABLE IF EXISTS ${table};`).join("")}${schema}`)
}

const errorCodes = { corrupt: 11, notADatabase: 26 }

/** Whether SQLite says that the file is not what it wrote. */
const isCorrupt = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "errcode") &&
  typeof cause.errcode === "number" &&
  Object.values(errorCodes).includes(cause.errcode & 0xff)

/** For this user only. A file that exists is not opened here: to close it again would end the locks of other connections to it. */
const create = (path: string): void => {
  try {
    closeSync(openSync(path, "wx", 0o600))
  } catch (cause) {
    if (!(Predicate.hasProperty(cause, "code") && cause.code === "EEXIST")) throw cause
  }
}

const openOnce = (path: string): DatabaseSync => {
  create(path)
  const database = new DatabaseSync(path, { timeout: busyMillis })
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
    const found = database.prepare("PRAGMA user_version").get()?.["user_version"]
    if (found === version) database.exec(schema)
    else reset(database)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

const pathOf = (directory: string): string => join(directory, "index.sqlite")

/** Deletes the index of a log. */
export const discard = (directory: string): void => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${pathOf(directory)}${suffix}`, { force: true })
}

/** Opens the index of a log, or makes an empty one. */
export const open = (directory: string): DatabaseSync => {
  try {
    return openOnce(pathOf(directory))
  } catch (cause) {
    if (!isCorrupt(cause)) throw cause
    discard(directory)
    return openOnce(pathOf(directory))
  }
}
