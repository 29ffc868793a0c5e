/** Files that only their owner may read. */
import { randomBytes } from "node:crypto"
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from "node:fs"
import { dirname } from "node:path"
import * as Predicate from "effect/Predicate"
import { KeyFileExposed, storeFailed, TokenError } from "./TokenError.ts"

const hasCode = (cause: unknown, code: string): boolean => Predicate.hasProperty(cause, "code") && cause.code === code

/** The mode of such a file. */
export const ownerOnly = 0o600

const isDirectory = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/**
 * Makes a directory for the owner alone, and those above it. Node's own way of making them all never ends where the system
 * says that one which is there is missing, as it does in `/proc`.
 */
export const makeDirectory = (path: string): void => {
  const above = dirname(path)
  if (above !== path && !existsSync(above)) makeDirectory(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (cause) {
    if (!isDirectory(path)) throw cause
  }
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

const write = (path: string, flag: "w" | "wx", content: string | Uint8Array): void => {
  const file = openSync(path, flag, ownerOnly)
  try {
    writeFileSync(file, content)
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

/**
 * Makes a file that appears whole or not at all, and replaces none: processes that do so at once have one file, whose content they
 * have to read.
 */
export const createWhole = (path: string, content: string | Uint8Array): void => {
  const draft = `${path}.${randomBytes(8).toString("hex")}`
  write(draft, "wx", content)
  try {
    linkSync(draft, path)
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Puts a text, by way of a draft that was created before, in the place of a file. */
export const replace = (draft: string, text: string, path: string): void => {
  write(draft, "w", text)
  renameSync(draft, path)
  syncDirectory(dirname(path))
}

/** What is done with a file; undefined if there is none. */
export const ifThere = <A>(use: () => A): A | undefined => {
  try {
    return use()
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return undefined
    throw cause
  }
}

/** Opens a file for reading; undefined if there is none. */
export const openExisting = (path: string): number | undefined => ifThere(() => openSync(path, "r"))

/** Uses a file of secrets, of so many bytes. Refused, with the error that its mode makes, if others than its owner may open it. */
export const useSecret = <A>(
  path: string,
  exposed: (mode: number) => Error,
  use: (file: number, bytes: number) => A
): A => {
  const file = openSync(path, "r")
  try {
    const { mode, size } = fstatSync(file)
    // Windows has no such permissions and shows every file as open to all.
    if ((mode & 0o077) !== 0 && process.platform !== "win32") throw exposed(mode & 0o777)
    return use(file, size)
  } finally {
    closeSync(file)
  }
}

/** Reads a file of at most so many bytes; undefined if there is none. Refused if others than its owner may open it. */
export const readSecret = (path: string, bytesMax: number): string | undefined =>
  ifThere(() =>
    useSecret(
      path,
      (mode) => new TokenError({ reason: new KeyFileExposed({ path, mode }) }),
      (file, bytes) => {
        if (bytes > bytesMax) throw storeFailed(path, `it has more than ${bytesMax} bytes`)
        return readFileSync(file, "utf8")
      }
    )
  )
