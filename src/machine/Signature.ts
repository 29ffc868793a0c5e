/** Bytes that leave a process and come back, with an HMAC-SHA256 over all of them behind them. */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto"

export const signatureBytes = 32

const sign = (bytes: Uint8Array, key: KeyObject): Buffer => createHmac("sha256", key).update(bytes).digest()

export const seal = (bytes: Uint8Array, key: KeyObject): Uint8Array => Buffer.concat([bytes, sign(bytes, key)])

/** The bytes that were sealed with this key; undefined if they were not, or not these. */
export const unseal = (sealed: Uint8Array, key: KeyObject): Buffer | undefined => {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  const signed = bytes.subarray(0, Math.max(0, bytes.length - signatureBytes))
  const signature = bytes.subarray(signed.length)
  return signature.length === signatureBytes && timingSafeEqual(sign(signed, key), signature) ? signed : undefined
}
