/**
 * Single uses in a directory, one file each, which several processes may share.
 *
 * N1. A use is the creation of a file, which succeeds once. It is on the disk before `use` succeeds.
 * N2. A file is named after what it is about and when that expires, and goes when nothing that it could refuse is accepted any
 *     more. Files with other names stay.
 */
import { hash } from "node:crypto"
import { readdirSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SingleUse } from "./Authority.ts"
import { alreadyUsed, isOver, Nonces, tooManyUses, usesMax } from "./Nonces.ts"
import * as OwnFile from "./OwnFile.ts"
import { storeFailed, type TokenError } from "./TokenError.ts"

/** How many uses there are between two looks for files that can go. */
const usesBetweenSweeps = 256

/** What a use is about always expires at the same time. */
const nameOf = ({ expiresMillis, id }: SingleUse): string => `${hash("sha256", id)}-${expiresMillis ?? "never"}`

const expiryOf = (name: string): number | undefined => {
  const [, millis] = /^[0-9a-f]{64}-(\d+)$/.exec(name) ?? []
  return millis === undefined ? undefined : Number(millis)
}

const sweep = (directory: string, nowMillis: number): void => {
  const names = readdirSync(directory)
  const over = names.filter((name) => isOver(expiryOf(name), nowMillis))
  for (const name of over) rmSync(join(directory, name), { force: true })
  if (names.length - over.length >= usesMax) throw tooManyUses()
}

/** Uses in a directory that is made, for its owner alone, by the first of them. */
export const layer = (directory: string): Layer.Layer<Nonces> =>
  Layer.sync(Nonces, () => {
    let usesUntilSweep = 0
    const attempt = <A>(act: () => A): Effect.Effect<A, TokenError> =>
      Effect.try({ try: act, catch: (cause) => storeFailed(directory, cause) })
    return {
      use: (use, nowMillis) =>
        attempt(() => {
          OwnFile.makeDirectory(directory)
          if (usesUntilSweep === 0) {
            sweep(directory, nowMillis)
            usesUntilSweep = usesBetweenSweeps
          }
          if (!OwnFile.create(join(directory, nameOf(use)), "")) throw alreadyUsed(use.id)
          OwnFile.syncDirectory(directory)
          usesUntilSweep--
        }),
      isUsed: (use) => attempt(() => statSync(join(directory, nameOf(use)), { throwIfNoEntry: false }) !== undefined)
    }
  })
