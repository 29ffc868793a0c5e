/** The secret keys that tokens are signed and verified with. There is none unless somebody made it. */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { MalformedKeys, TokenError, UnknownKey } from "./TokenError.ts"
import { fromBase64Url, keyIdPattern, toBase64Url } from "./TokenText.ts"

/** How long a key that is made here is, and the least that is accepted. */
export const secretBytes = 32

const secretBytesMax = 128
const keysMax = 32
const charactersMax = 8_192

/** A text of one byte over and over stands in examples, not in keys. */
const differentBytesMin = 8

export interface Key {
  readonly id: string
  readonly secret: Redacted.Redacted<Uint8Array>
}

/** Keys of which all verify and the first signs; there is at least one. */
export interface KeyRing {
  /** Where they are from: a file, or the name of a variable. */
  readonly source: string
  readonly signing: Key
  readonly keys: ReadonlyArray<Key>
}

/** The key with an id. */
export const find = ({ keys }: KeyRing, keyId: string): Result.Result<Key, TokenError> => {
  const key = keys.find(({ id }) => id === keyId)
  return key === undefined ? Result.fail(new TokenError({ reason: new UnknownKey({ keyId }) })) : Result.succeed(key)
}

/** What is wrong, without a part of the text: that may be a secret. */
const refuse = (source: string, detail: string) =>
  Result.fail(new TokenError({ reason: new MalformedKeys({ source, detail }) }))

const whyNot = (secret: Uint8Array | undefined): string | undefined => {
  if (secret === undefined) return "is not id:secret with the secret in base64url without padding"
  if (secret.byteLength < secretBytes) return `has ${secret.byteLength} bytes, at least ${secretBytes} are needed`
  if (secret.byteLength > secretBytesMax) return `has more than ${secretBytesMax} bytes`
  return new Set(secret).size < differentBytesMin ? "is no random key" : undefined
}

/**
 * Reads `id:secret` items, with commas or line ends between them. All of them verify; the first signs.
 *
 * An id has at most 32 letters, digits, `_` and `-`. A secret has 32 to 128 random bytes, in base64url without padding.
 */
export const parse = (source: string, text: Redacted.Redacted<string>): Result.Result<KeyRing, TokenError> => {
  const value = Redacted.value(text)
  if (value.length > charactersMax) return refuse(source, `it has more than ${charactersMax} characters`)
  const items = value.split(/[,\n]/).filter((item) => item.trim() !== "")
  if (items.length > keysMax) return refuse(source, `it has more than ${keysMax} keys: retire old ones`)
  const keys: Array<Key> = []
  for (const [index, item] of items.entries()) {
    const [, id = "", encoded = ""] = /^([^:]*):(.*)$/.exec(item.trim()) ?? []
    const secret = fromBase64Url(encoded)
    const why = whyNot(secret)
    if (secret === undefined || why !== undefined) return refuse(source, `key ${index + 1} ${why}`)
    if (!keyIdPattern.test(id)) {
      return refuse(source, `the id of key ${index + 1} is not made of at most 32 letters, digits, _ and -`)
    }
    if (keys.some((key) => key.id === id)) return refuse(source, `key ${index + 1} has the id of another one`)
    keys.push({ id, secret: Redacted.make(new Uint8Array(secret), { label: `token key ${id}` }) })
  }
  const [signing] = keys
  if (signing === undefined) return refuse(source, "it is empty: write id:secret, or remove it")
  return Result.succeed({ source, signing, keys })
}

/** The text that `parse` reads, one key a line. */
export const format = (keys: ReadonlyArray<Key>): Redacted.Redacted<string> =>
  Redacted.make(keys.map(({ id, secret }) => `${id}:${toBase64Url(Redacted.value(secret))}\n`).join(""), {
    label: "token keys"
  })
