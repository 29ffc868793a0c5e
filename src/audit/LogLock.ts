/**
 * The lock of a log: an exclusive transaction on an empty SQLite file, held open as long as the log is.
 *
 * SQLite locks with the operating system's record locks, which end with the process however it ends, are seen by every process
 * of the host, and are counted within a process by SQLite itself. There is no stale lock to be recognised and no process id to
 * be guessed at.
 */
import { closeSync, openSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import * as Predicate from "effect/Predicate"
import { AuditError, fileFailed, LogLocked } from "./AuditError.ts"

const sqliteBusy = 5

const isBusy = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "errcode") && typeof cause.errcode === "number" && (cause.errcode & 0xff) === sqliteBusy

/** A file that exists is not opened here: to close it again would end a lock that this process has on it. */
const create = (path: string): void => {
  try {
    closeSync(openSync(path, "wx", 0o600))
  } catch (cause) {
    if (!(Predicate.hasProperty(cause, "code") && cause.code === "EEXIST")) throw fileFailed("create", path)(cause)
  }
}

/** Takes the lock, or throws `LogLocked` at once. The result gives it back. */
export const take = (path: string, directory: string): (() => void) => {
  create(path)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
    return () => database.close()
  } catch (cause) {
    database.close()
    throw isBusy(cause) ? new AuditError({ reason: new LogLocked({ directory }) }) : fileFailed("lock", path)(cause)
  }
}
