import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type AuditKey, isSigned, sign } from "./AuditKey.ts"

/** SHA-256 in hexadecimal. */
export const Hash = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))
const Seq = Schema.Int.check(Schema.isGreaterThan(0))

/**
 * A signed statement that a log has exactly these lines: the data of a `log.checkpoint`.
 *
 * The chain makes `head` cover every line of the log up to `to`. `root` covers the lines since the last checkpoint once more, as
 * a Merkle tree, so that one of them can be shown without the others.
 */
export const Checkpoint = Schema.Struct({
  /** The first line since the last checkpoint. */
  from: Seq,
  /** The hash of line `to`. */
  head: Hash,
  /** Id of the key. */
  key: Schema.String,
  /** Id of the log. */
  log: Schema.String,
  /** HMAC-SHA256 over all other fields, by that key. */
  mac: Hash,
  root: Hash,
  time: Schema.String,
  /** The line before this checkpoint's own. */
  to: Seq
})
export type Checkpoint = typeof Checkpoint.Type

const decode = Schema.decodeUnknownResult(Checkpoint, { onExcessProperty: "error" })

const signedText = ({ from, head, key, log, root, time, to }: Omit<Checkpoint, "mac">): string =>
  JSON.stringify({ from, head, key, log, root, time, to })

/** Signs what a log has. */
export const make = (statement: Omit<Checkpoint, "key" | "mac">, key: AuditKey): Checkpoint => {
  const signed = { ...statement, key: key.id }
  return { ...signed, mac: sign(key, "checkpoint", signedText(signed)) }
}

/** A checkpoint from data that somebody else may have written. */
export const read = (data: unknown): Checkpoint | undefined => Result.getOrUndefined(decode(data))

/** Why a checkpoint's signature is not to be relied on; `undefined` if it is. */
export const faultOf = (checkpoint: Checkpoint, keys: ReadonlyMap<string, AuditKey>): string | undefined => {
  const key = keys.get(checkpoint.key)
  if (key === undefined) return `it is signed with key ${JSON.stringify(checkpoint.key)}, which was not given`
  return isSigned(key, "checkpoint", signedText(checkpoint), checkpoint.mac)
    ? undefined
    : `its signature is not that of key ${checkpoint.key}`
}
