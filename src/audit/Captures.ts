/** Bytes that are too large or too foreign for a line, kept beside the log under their own hash, which is what the line then says. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync
} from "node:fs"
import { dirname, join } from "node:path"
import * as Predicate from "effect/Predicate"
import { sha256 as digest } from "../session/Digest.ts"
import { syncDirectory } from "../token/OwnFile.ts"
import { fileFailed, invalidEvent } from "./AuditError.ts"

/** What an event says of captured bytes. */
export interface Capture {
  /** In hexadecimal. */
  readonly sha256: string
  readonly bytes: number
}

/** Larger captures are refused. */
const captureBytesMax = 16 * 1_048_576

export const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)

/** The file of a capture, in the directory of the log. */
export const nameOf = (sha256: string): string => `captures/${sha256.slice(0, 2)}/${sha256}`

const pathOf = (directory: string, sha256: string): string => join(directory, nameOf(sha256))

const writeWhole = (path: string, bytes: Uint8Array): void => {
  const draft = `${path}.draft`
  const file = openSync(draft, "w", 0o600)
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(draft, path)
  // A file whose name is not on the disk is gone after a loss of power, whatever is in it.
  for (const folder of [dirname(path), dirname(dirname(path)), dirname(dirname(dirname(path)))]) syncDirectory(folder)
}

/** Keeps bytes; the same bytes are kept once. Throws `AuditError`. */
export const store = (directory: string, bytes: Uint8Array): Capture => {
  if (bytes.byteLength > captureBytesMax) {
    throw invalidEvent(`a capture of ${bytes.byteLength} bytes is larger than ${captureBytesMax}`)
  }
  const sha256 = digest(bytes)
  const path = pathOf(directory, sha256)
  try {
    if (!existsSync(path)) {
      mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 })
      writeWhole(path, bytes)
    }
    return { sha256, bytes: bytes.byteLength }
  } catch (cause) {
    throw fileFailed("write", path)(cause)
  }
}

export const isKept = (directory: string, sha256: string): boolean => existsSync(pathOf(directory, sha256))

const entriesOf = (path: string): ReadonlyArray<string> => {
  try {
    return readdirSync(path)
  } catch (cause) {
    if (Predicate.hasProperty(cause, "code") && cause.code === "ENOENT") return []
    throw fileFailed("read", path)(cause)
  }
}

/** The folders that captures are in. */
export const foldersIn = (directory: string): ReadonlyArray<string> =>
  entriesOf(join(directory, "captures")).filter((name) => /^[0-9a-f]{2}$/.test(name))

/** The hashes of the captures in one of these folders, as their files' names say them. */
export const namesIn = (directory: string, folder: string): ReadonlyArray<string> =>
  entriesOf(join(directory, "captures", folder)).filter((name) => isHash(name) && name.startsWith(folder))

/** Why a file of captured bytes is not what its name says. Throws `AuditError` if it cannot be read. */
export const faultOf = (directory: string, sha256: string): string | undefined => {
  const path = pathOf(directory, sha256)
  try {
    const status = lstatSync(path)
    if (!status.isFile()) return "is no file"
    if (status.size > captureBytesMax) return "is larger than a capture can be"
    return digest(readFileSync(path)) === sha256 ? undefined : "has other bytes than those that were kept"
  } catch (cause) {
    throw fileFailed("read", path)(cause)
  }
}
