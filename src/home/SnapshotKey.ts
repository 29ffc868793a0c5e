/**
 * The key that signs the snapshots of a home: 32 random bytes in a file of their own.
 *
 * K1. The file appears with all of its bytes or not at all, and is never replaced: processes that start at once get one key.
 * K2. A key that others may have read is refused, since a forged snapshot could then pass for a real one.
 */
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as OwnFile from "../token/OwnFile.ts"
import { HomeError, KeyDamaged, KeyExposed, notUsable } from "./HomeError.ts"

const keyBytes = 32

const read = (path: string): Uint8Array =>
  OwnFile.useSecret(
    path,
    (mode) => new HomeError({ reason: new KeyExposed({ path, mode }) }),
    (file) => {
      const bytes = readFileSync(file)
      if (bytes.byteLength === keyBytes) return bytes
      throw new HomeError({ reason: new KeyDamaged({ path, bytes: bytes.byteLength, bytesNeeded: keyBytes }) })
    }
  )

const readOrCreate = (path: string): Uint8Array => {
  const key = OwnFile.ifThere(() => read(path))
  if (key !== undefined) return key
  OwnFile.createWhole(path, randomBytes(keyBytes))
  return read(path)
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
