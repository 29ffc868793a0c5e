/**
 * The file in which a home keeps its token keys.
 *
 * F1. It is replaced as a whole: a reader sees the keys from before or from after a change.
 * F2. Changes exclude each other by a draft beside it, which only one process can create.
 * F3. A file that others may read is refused: who knows a key can make any token.
 */
import { randomBytes } from "node:crypto"
import { rmSync } from "node:fs"
import { dirname } from "node:path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as KeyRing from "./KeyRing.ts"
import * as OwnFile from "./OwnFile.ts"
import * as TokenDirectory from "./TokenDirectory.ts"
import { KeyNotFound, LastKey, MalformedKeys, NoKeys, storeFailed, TokenError } from "./TokenError.ts"

/** The variable that holds keys, instead of a file: text as `KeyRing.parse` reads it. */
export const variable = "CAISSON_TOKEN_KEYS"

const bytesMax = 65_536
const idBytes = 4

const read = (path: string): KeyRing.KeyRing | undefined => {
  const text = OwnFile.readSecret(path, bytesMax)
  return text === undefined ? undefined : Result.getOrThrow(KeyRing.parse(path, Redacted.make(text)))
}

const inTheWay = (draft: string) => {
  const detail = "another change of the keys is under way, or was cut short: if none is, delete this file"
  return storeFailed(draft, detail)
}

/** Replaces the keys in a file by what a function makes of them. */
const change = (
  path: string,
  edit: (keys: ReadonlyArray<KeyRing.Key>) => ReadonlyArray<KeyRing.Key>
): Effect.Effect<KeyRing.KeyRing, TokenError> =>
  Effect.try({
    try: () => {
      const draft = `${path}.draft`
      OwnFile.makeDirectory(dirname(path))
      if (!OwnFile.create(draft, "")) throw inTheWay(draft)
      try {
        const text = KeyRing.format(edit(read(path)?.keys ?? []))
        const ring = Result.getOrThrow(KeyRing.parse(path, text))
        OwnFile.replace(draft, Redacted.value(text), path)
        return ring
      } catch (cause) {
        rmSync(draft, { force: true })
        throw cause
      }
    },
    catch: (cause) => storeFailed(path, cause)
  })

const make = (): KeyRing.Key => {
  const id = `key_${randomBytes(idBytes).toString("hex")}`
  const secret = Redacted.make(new Uint8Array(randomBytes(KeyRing.secretBytes)), { label: `token key ${id}` })
  return { id, secret }
}

/** Makes a key that signs from now on; the others go on verifying. Makes the file if there is none. */
export const add = (home: string): Effect.Effect<KeyRing.KeyRing, TokenError> =>
  change(TokenDirectory.of(home).keys, (keys) => [make(), ...keys])

/** Takes a key away: what it signed is refused from now on. The last one cannot be taken away. */
export const retire = (home: string, keyId: string): Effect.Effect<KeyRing.KeyRing, TokenError> =>
  change(TokenDirectory.of(home).keys, (keys) => {
    if (!keys.some(({ id }) => id === keyId)) throw new TokenError({ reason: new KeyNotFound({ keyId }) })
    if (keys.length === 1) throw new TokenError({ reason: new LastKey({ keyId }) })
    return keys.filter(({ id }) => id !== keyId)
  })

const fromVariable = Effect.mapError(
  Config.option(Config.Redacted(variable)),
  () => new TokenError({ reason: new MalformedKeys({ source: variable, detail: "it cannot be read" }) })
)

const ofFile = Effect.fnUntraced(function* (path: string) {
  const ring = yield* Effect.try({ try: () => read(path), catch: (cause) => storeFailed(path, cause) })
  return ring ?? (yield* new TokenError({ reason: new NoKeys({ path }) }))
})

/** The keys of `CAISSON_TOKEN_KEYS` or, where that is not set or empty, of a home's file. Fails if there are none. */
export const load = Effect.fnUntraced(function* (home: string | undefined) {
  const text = yield* fromVariable
  if (Option.isSome(text)) return yield* Effect.fromResult(KeyRing.parse(variable, text.value))
  if (home === undefined) return yield* new TokenError({ reason: new NoKeys({}) })
  return yield* ofFile(TokenDirectory.of(home).keys)
})
