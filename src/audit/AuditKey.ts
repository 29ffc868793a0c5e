import * as Redacted from "effect/Redacted"
import * as Signature from "../token/Signature.ts"
import { AuditError, KeyRefused } from "./AuditError.ts"

/** A secret that signs checkpoints: at least 32 bytes under an id that stands beside every signature. */
export interface AuditKey {
  /** Up to 64 letters, digits, `.`, `_` and `-`. */
  readonly id: string
  readonly bytes: Redacted.Redacted<Uint8Array>
}

/** One key signs; those before it may still verify what they signed. */
export interface AuditKeys {
  readonly signing: AuditKey
  readonly verification: ReadonlyArray<AuditKey>
}

const keyBytesMin = 32
const idFormat = /^[A-Za-z0-9._-]{1,64}$/

const isSame = (left: AuditKey, right: AuditKey): boolean =>
  Buffer.compare(Redacted.value(left.bytes), Redacted.value(right.bytes)) === 0

/** All keys by their ids. Fails if one is too short, has an id that cannot be written, or shares its id with another. */
export const byId = (keys: ReadonlyArray<AuditKey>): ReadonlyMap<string, AuditKey> => {
  const found = new Map<string, AuditKey>()
  for (const key of keys) {
    const refuse = (detail: string) => new AuditError({ reason: new KeyRefused({ key: key.id, detail }) })
    if (!idFormat.test(key.id))
      throw refuse("has an id that is not 1 to 64 letters, digits, dots, hyphens or underscores")
    const { byteLength } = Redacted.value(key.bytes)
    if (byteLength < keyBytesMin) throw refuse(`has ${byteLength} bytes, of which it needs ${keyBytesMin}`)
    const other = found.get(key.id)
    if (other !== undefined && !isSame(other, key)) throw refuse("is given twice, with different bytes")
    found.set(key.id, key)
  }
  return found
}

/** HMAC-SHA256 in hexadecimal. A purpose keeps the signatures of one kind of text from passing for another's. */
export const signer = (key: AuditKey, purpose: string) => {
  const sign = Signature.signer(Redacted.value(key.bytes))
  return (text: string): string => sign(`caisson audit ${purpose} v1\n${text}`).toString("hex")
}

/** Signs one text. */
export const sign = (key: AuditKey, purpose: string, text: string): string => signer(key, purpose)(text)

/** Whether the key signed the text, in constant time. */
export const isSigned = (key: AuditKey, purpose: string, text: string, mac: string): boolean =>
  Signature.isEqual(Buffer.from(sign(key, purpose, text), "latin1"), Buffer.from(mac, "latin1"))
