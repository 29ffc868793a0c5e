/**
 * A guest as bytes: `magic | JSON | HMAC-SHA256`. What is large (memory, disk, devices) is in the snapshot's contents, which the JSON
 * names by their SHA-256.
 */
import type { KeyObject } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { MachineError, type Snapshot, SnapshotRejected } from "../machine/Machine.ts"
import * as Signature from "../machine/Signature.ts"
import { type Checkpoint, CheckpointHeader } from "./Checkpoint.ts"
import { Standing } from "./Standing.ts"

const version = 1
const magic = Buffer.from("CVMS", "latin1")
/** A region of memory takes a hundred bytes of JSON; a guest may have 32,768 of them, and as many of its disk. */
const bytesMax = 16_777_216

const amount = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

/** What the run in progress has used of its limits. */
const Spent = Schema.Struct({
  /** CPU time. */
  spentMillis: amount,
  /** What it has printed, with the mark that its interpreter sets where there was more. Earlier snapshots do not say. */
  outputBytes: amount.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0)))
})
export type Spent = typeof Spent.Type

/** Of a run that has not begun. */
export const unspent: Spent = { spentMillis: 0, outputBytes: 0 }

/** A guest between two turns, but for its large bytes. */
const Header = Schema.Struct({
  version: Schema.Literal(version),
  checkpoint: CheckpointHeader,
  standing: Standing,
  ...Spent.fields
})

export interface Written {
  readonly checkpoint: Checkpoint
  readonly standing: Standing
  readonly spent: Spent
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Header), { onExcessProperty: "error" })

export const write = ({ checkpoint, spent, standing }: Written, key: KeyObject): Snapshot => {
  const written: typeof Header.Type = { version, checkpoint: checkpoint.header, standing, ...spent }
  return {
    bytes: Signature.seal(Buffer.concat([magic, Buffer.from(JSON.stringify(written))]), key),
    contents: checkpoint.pieces
  }
}

const rejected = (reason: SnapshotRejected["reason"], detail: string) =>
  Result.fail(new MachineError({ reason: new SnapshotRejected({ reason, detail }) }))

const hasOtherVersion = (json: Buffer): boolean =>
  !json.subarray(0, 32).toString("latin1").startsWith(`{"version":${version},`)

/** Reads what `write` has written with the same key. Whether its contents are what they should be shows when they are used. */
export const read = ({ bytes, contents }: Snapshot, key: KeyObject): Result.Result<Written, MachineError> => {
  if (bytes.length > bytesMax) return rejected("TooLarge", `${bytes.length} bytes, ${bytesMax} are allowed`)
  if (!Buffer.from(bytes.subarray(0, magic.length)).equals(magic)) {
    return rejected("NotASnapshot", `the bytes do not begin with ${magic.toString("latin1")}`)
  }
  const signed = Signature.unseal(bytes, key)
  if (signed === undefined) return rejected("WrongSignature", "it was changed, or signed with another key")
  const json = signed.subarray(magic.length)
  const written = decode(json.toString())
  if (Result.isFailure(written)) {
    return hasOtherVersion(json)
      ? rejected("UnknownVersion", `this reads version ${version}`)
      : rejected("Corrupted", "its header is none")
  }
  const { checkpoint: header, outputBytes, spentMillis, standing } = written.success
  return Result.succeed({ checkpoint: { header, pieces: contents }, standing, spent: { spentMillis, outputBytes } })
}
