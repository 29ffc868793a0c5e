/**
 * The chain of signatures that a token is made of.
 *
 * The first signs the header and the grant with a secret key; each further one signs a caveat with the signature before it,
 * which is then thrown away. So whoever has a token can add a caveat, and nobody can take one off: that would need the
 * signature before it, which HMAC does not give back.
 */
import { createHmac, createSecretKey, hash, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"

/** How long a signature is. */
export const signatureBytes = 32

/** What signs with a key. Texts after the first take half of its time, since the key is prepared. */
export const signer = (key: Uint8Array) => {
  const prepared = createSecretKey(key)
  return (text: string): Buffer => createHmac("sha256", prepared).update(text).digest()
}

const hmacSha256 = (key: Uint8Array, text: string): Uint8Array => signer(key)(text)

/** The signature of a header and a grant. */
export const begin = (secret: Redacted.Redacted<Uint8Array>, text: string): Uint8Array =>
  hmacSha256(Redacted.value(secret), text)

/** The signature of a token with one caveat more. */
export const extend = (signature: Uint8Array, caveat: string): Uint8Array => hmacSha256(signature, caveat)

/** Compares in a time that does not depend on where they differ. */
export const isEqual = (left: Uint8Array, right: Uint8Array): boolean =>
  left.byteLength === right.byteLength && timingSafeEqual(left, right)

const idLength = 24

/**
 * The id of a caveat, from the signature that it made. Nobody can give a caveat the id of another one, and the signature cannot
 * be told from it.
 */
export const caveatId = (signature: Uint8Array): string => {
  const digest = hash("sha256", Buffer.concat([Buffer.from("caisson caveat id\0"), signature]))
  return `cav_${digest.slice(0, idLength)}`
}
