/** SHA-256 in hexadecimal: the names of what templates are built into. */
import { createHash, hash } from "node:crypto"
import { createReadStream } from "node:fs"
import { pipeline } from "node:stream/promises"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { canonicalJson } from "../token/CanonicalJson.ts"

export const Digest = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/u))
export type Digest = typeof Digest.Type

export const ofBytes = (bytes: Uint8Array | string): Digest => hash("sha256", bytes)

/** Of plain data; the order of keys is nothing. */
export const ofValue = (value: unknown): Digest => ofBytes(canonicalJson(JSON.parse(JSON.stringify(value))))

const readToTheEnd = async (path: string, signal: AbortSignal): Promise<Digest> => {
  const digest = createHash("sha256")
  await pipeline(createReadStream(path, { highWaterMark: 1_048_576 }), digest, { signal })
  return digest.digest("hex")
}

/** Of a file, read to its end; the failure is whatever reading it failed with. */
export const ofFile = (path: string): Effect.Effect<Digest, Error> =>
  Effect.tryPromise({
    try: (signal) => readToTheEnd(path, signal),
    catch: (cause) => (cause instanceof Error ? cause : new Error(String(cause)))
  })

/** A UUID that a digest gives, of version 8: for what needs one that is the same each time. */
export const uuidOf = (digest: Digest): string => {
  const variant = "89ab"[Number.parseInt(digest[16] ?? "0", 16) % 4]
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32)
  ].join("-")
}
