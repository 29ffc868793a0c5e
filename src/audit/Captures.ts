/** Bytes that are too large or too foreign for a line, kept beside the log under their own hash, which is what the line then says. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs"
import { join } from "node:path"
import { sha256 as digest } from "../session/Digest.ts"
import { damaged, fileFailed, invalidEvent } from "./AuditError.ts"

/** What an event says of captured bytes. */
export interface Capture {
  /** In hexadecimal. */
  readonly sha256: string
  readonly bytes: number
}

/** Larger captures are refused. */
const captureBytesMax = 16 * 1_048_576

const isHash = /^[0-9a-f]{64}$/

const pathOf = (directory: string, sha256: string): string => join(directory, "captures", sha256.slice(0, 2), sha256)

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

/** Captured bytes, checked against their hash. Throws `AuditError`. */
export const load = (directory: string, sha256: string): Uint8Array => {
  if (!isHash.test(sha256)) throw invalidEvent(`${JSON.stringify(sha256)} is not the hash of a capture`)
  const path = pathOf(directory, sha256)
  try {
    const bytes = readFileSync(path)
    if (digest(bytes) === sha256) return bytes
  } catch (cause) {
    throw fileFailed("read", path)(cause)
  }
  throw damaged(path, 0, "the capture has other bytes than those that were kept")
}
