import { genesis } from "./Chain.ts"
import * as MerkleTree from "./MerkleTree.ts"
import type { Segment } from "./Segment.ts"

/** The end of a log, from which it goes on. */
export interface End {
  readonly segment: Segment
  readonly bytes: number
  /** When the segment was begun, milliseconds since the epoch; `undefined` for one that has no line yet. */
  readonly bornMillis: number | undefined
  readonly seq: number
  readonly hash: string
  readonly checkpoint: number
  /** The lines since that checkpoint. */
  readonly tree: MerkleTree.Tree
}

/** Where a segment begins. */
export const startOf = (segment: Segment): End => ({
  segment,
  bytes: 0,
  bornMillis: undefined,
  seq: segment.first - 1,
  hash: genesis,
  checkpoint: 0,
  tree: MerkleTree.empty
})
