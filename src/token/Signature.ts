/**
 * The chain of signatures that a token is made of.
 *
 * The first signs the header and the grant with a secret key; each further one signs a caveat with the signature before it,
 * which is then thrown away. So whoever has a token can add a caveat, and nobody can take one off: that would need the
 * signature before it, which HMAC does not give back.
 */
import { hash, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"

const blockBytes = 64
const outerByte = 0x5c
const innerByte = 0x36

/** How long a signature is. */
export const signatureBytes = 32

/** A block of the key with a byte, and room behind it: in memory of its own, which nobody is given a part of. */
const padded = (key: Uint8Array, byte: number, room: number): Buffer => {
  const bytes = Buffer.alloc(blockBytes + room, byte)
  for (let index = 0; index < key.byteLength; index++) bytes[index] = (key[index] ?? 0) ^ byte
  return bytes
}

/** HMAC of RFC 2104 with SHA-256, of one-shot digests: a fifth of the time that an `Hmac` object takes for so little text. */
export const hmacSha256 = (key: Uint8Array, text: string): Uint8Array => {
  const short = key.byteLength > blockBytes ? hash("sha256", key, "buffer") : key
  const inner = padded(short, innerByte, Buffer.byteLength(text))
  inner.write(text, blockBytes)
  const outer = padded(short, outerByte, signatureBytes)
  outer.set(hash("sha256", inner, "buffer"), blockBytes)
  return hash("sha256", outer, "buffer")
}

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
