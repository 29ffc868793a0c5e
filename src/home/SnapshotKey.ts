/**
 * The key that signs the snapshots of a home: 32 random bytes in a file of their own.
 *
 * K1. The file appears with all of its bytes or not at all, and is never replaced: processes that start at once get one key.
 * K2. A key that others may have read is refused, since a forged snapshot could then pass for a real one.
 */
import { randomBytes } from "node:crypto"
import { closeSync, fstatSync, fsyncSync, linkSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { HomeError, KeyDamaged, KeyExposed, notUsable } from "./HomeError.ts"

const keyBytes = 32

const hasCode = (cause: unknown, code: string): boolean => Predicate.hasProperty(cause, "code") && cause.code === code

const read = (path: string): Uint8Array => {
  const file = openSync(path, "r")
  try {
    const { mode } = fstatSync(file)
    // Windows has no such permissions and shows every file as open to all.
    if ((mode & 0o077) !== 0 && process.platform !== "win32") {
      throw new HomeError({ reason: new KeyExposed({ path, mode: mode & 0o777 }) })
    }
    const bytes = readFileSync(file)
    if (bytes.byteLength === keyBytes) return bytes
    throw new HomeError({ reason: new KeyDamaged({ path, bytes: bytes.byteLength, bytesNeeded: keyBytes }) })
  } finally {
    closeSync(file)
  }
}

const writeNew = (path: string): void => {
  const file = openSync(path, "wx", 0o600)
  try {
    writeFileSync(file, randomBytes(keyBytes))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Linking fails if there is a key by now, and that one counts. */
const create = (path: string): void => {
  const draft = `${path}.${randomBytes(8).toString("hex")}`
  writeNew(draft)
  try {
    linkSync(draft, path)
  } catch (cause) {
    if (!hasCode(cause, "EEXIST")) throw cause
  } finally {
    unlinkSync(draft)
  }
}

const readOrCreate = (path: string): Uint8Array => {
  try {
    return read(path)
  } catch (cause) {
    if (!hasCode(cause, "ENOENT")) throw cause
    create(path)
    return read(path)
  }
}

/** A key that nobody has yet. */
export const make = (): Redacted.Redacted<Uint8Array> =>
  Redacted.make(new Uint8Array(randomBytes(keyBytes)), { label: "snapshot key" })

/** The key of a home, created if it has none. */
export const load = (directory: string): Effect.Effect<Redacted.Redacted<Uint8Array>, HomeError> => {
  const path = join(directory, "snapshot.key")
  return Effect.try({
    try: () => Redacted.make(readOrCreate(path), { label: "snapshot key" }),
    catch: (cause) => (cause instanceof HomeError ? cause : notUsable(path, cause))
  })
}
