/** A file of a snapshot, and how it is known again. */
import { statSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Digest from "../../template/Digest.ts"
import { storageFailed } from "../QemuError.ts"
import * as Seal from "./Seal.ts"
import { Missing, PartChanged, snapshotFailed } from "./SnapshotError.ts"

export const Part = Schema.Struct({ digest: Digest.Digest, seal: Seal.Seal })
export type Part = typeof Part.Type

/** A file whose digest has just been found. */
const sealed = (path: string, digest: Digest.Digest) =>
  Effect.try({ try: (): Part => ({ digest, seal: Seal.of(path) }), catch: storageFailed("read", path) })

/** Reads a file to its end, and gives how it will be known again. It must not be written to any more. */
export const of = (path: string) =>
  Effect.flatMap(Effect.mapError(Digest.ofFile(path), storageFailed("read", path)), (digest) => sealed(path, digest))

/** Whether a file is there and its seal holds. */
export const isSealed = (path: string, { seal }: Part): boolean => isThere(path) && Seal.holds(seal, path)

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined

/**
 * Whether a file is the one that was written: by its seal if that holds, else by its digest. Fails if it is not; gives the same part,
 * or one with the seal that the file had before it was read.
 */
export const check = Effect.fnUntraced(function* (name: string, path: string, part: Part) {
  const { digest, seal } = part
  if (!(yield* Effect.sync(() => isThere(path)))) {
    return yield* snapshotFailed(new Missing({ what: `${name} of the snapshot (${path})` }))
  }
  if (yield* Effect.try({ try: () => Seal.holds(seal, path), catch: storageFailed("read", path) })) return part
  return yield* verified(name, path, digest)
})

/** Reads a file to its end that is to have a digest; gives it with the seal that it had before. Fails if it is another one. */
export const verified = Effect.fnUntraced(function* (name: string, path: string, digest: Digest.Digest) {
  const seal = yield* Effect.try({ try: () => Seal.of(path), catch: storageFailed("read", path) })
  yield* verify(name, path, digest)
  return { digest, seal } satisfies Part
})

/** Fails if a file is not the one that was written, by its digest. */
export const verify = Effect.fnUntraced(function* (name: string, path: string, expected: Digest.Digest) {
  const found = yield* Effect.mapError(Digest.ofFile(path), storageFailed("read", path))
  if (found !== expected) return yield* snapshotFailed(new PartChanged({ part: name, expected, found }))
})
