/** A machine written down: a small header, and larger pieces by their SHA-256, which are the same for ever. */
import * as Schema from "effect/Schema"
import * as Digest from "../template/Digest.ts"

/** Bytes of a region: what one piece holds the changes of. */
export const regionBytes = 2_097_152
/** Bytes of a page: what is the same as in the template is not written down. */
export const pageBytes = 4_096

const Length = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 46 }))

/**
 * A file, as what differs from one of the template's. Regions that do not differ are not in the table; those that are, are in
 * order.
 */
export const ChangedFile = Schema.Struct({
  /** Of the whole file. */
  bytes: Length,
  regions: Schema.Array(
    Schema.Struct({ index: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 20 })), piece: Digest.Digest })
  ).check(Schema.isMaxLength(2 ** 20))
})
export type ChangedFile = typeof ChangedFile.Type

/** What a machine is, but for its larger bytes. Plain data, to be signed by whoever keeps it. */
export const CheckpointHeader = Schema.Struct({
  version: Schema.Literal(1),
  engine: Schema.String.check(Schema.isMaxLength(256)),
  template: Schema.Struct({ key: Digest.Digest, content: Digest.Digest }),
  /** Of its devices. */
  state: Schema.Struct({ bytes: Length, piece: Digest.Digest }),
  memory: ChangedFile,
  disk: ChangedFile
})
export type CheckpointHeader = typeof CheckpointHeader.Type

export interface Checkpoint {
  readonly header: CheckpointHeader
  /** More than the header names is no error. */
  readonly pieces: ReadonlyMap<string, Uint8Array>
}
