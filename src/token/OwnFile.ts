/** Files that only their owner may read. */
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import * as Predicate from "effect/Predicate"
import { KeyFileExposed, storeFailed, TokenError } from "./TokenError.ts"

const hasCode = (cause: unknown, code: string): boolean => Predicate.hasProperty(cause, "code") && cause.code === code

/** The mode of such a file. */
export const ownerOnly = 0o600

/** Makes a directory for the owner alone, and those above it. */
export const makeDirectory = (path: string): void => {
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** Makes what was done in a directory last over a crash. Windows opens no directories, and needs none of it. */
export const syncDirectory = (path: string): void => {
  if (process.platform === "win32") return
  const directory = openSync(path, "r")
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

const write = (path: string, flag: "w" | "wx", text: string): void => {
  const file = openSync(path, flag, ownerOnly)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Creates a file, which one process alone can do; false if it was there. */
export const create = (path: string, text: string): boolean => {
  try {
    write(path, "wx", text)
    return true
  } catch (cause) {
    if (hasCode(cause, "EEXIST")) return false
    throw cause
  }
}

/** Puts a text, by way of a draft that was created before, in the place of a file. */
export const replace = (draft: string, text: string, path: string): void => {
  write(draft, "w", text)
  renameSync(draft, path)
  syncDirectory(dirname(path))
}

/** Opens a file for reading; undefined if there is none. */
export const openExisting = (path: string): number | undefined => {
  try {
    return openSync(path, "r")
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined
    throw cause
  }
}

/** Reads a file of at most so many bytes; undefined if there is none. Refused if others than its owner may open it. */
export const readSecret = (path: string, bytesMax: number): string | undefined => {
  const file = openExisting(path)
  if (file === undefined) return undefined
  try {
    const { mode, size } = fstatSync(file)
    // Windows has no such permissions and shows every file as open to all.
    if ((mode & 0o077) !== 0 && process.platform !== "win32") {
      throw new TokenError({ reason: new KeyFileExposed({ path, mode: mode & 0o777 }) })
    }
    if (size > bytesMax) throw storeFailed(path, `it has more than ${bytesMax} bytes`)
    return readFileSync(file, "utf8")
  } finally {
    closeSync(file)
  }
}
