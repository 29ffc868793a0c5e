/**
 * Where a log goes on after its process has ended, however it ended.
 *
 * R1. It goes on behind the last line that the head vouches for, because it names or announces it. What stands behind that was
 *     acknowledged to nobody, or was never written by a process with the key: it is set aside and never signed.
 * R2. A log that has not the line that the head names goes on behind its last checkpoint: nothing else that it still has is
 *     signed, and what is behind it could be anybody's. It is set aside as well.
 * R3. What cannot come from a crash (a line before that one that does not continue the one before, anything behind a closed log)
 *     is not written after: opening fails, and the log stays as it is for `caisson audit verify`.
 * R4. What is amiss shows until a `log.recovered` says it: until then the head names the line that is missing, a damaged one is
 *     not made up for, and what was set aside is at a place that no line of the log follows.
 */
import { unlinkSync } from "node:fs"
import { damaged, fileFailed } from "./AuditError.ts"
import type { JsonObject } from "./AuditEvent.ts"
import type { AuditKey } from "./AuditKey.ts"
import { dataOf, hashOf, type Link, linkOf } from "./Chain.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { type End, startOf } from "./End.ts"
import { type Head, isAnnounced } from "./Head.ts"
import { headPath, readHead } from "./HeadFile.ts"
import { openLines } from "./LineReader.ts"
import * as MerkleTree from "./MerkleTree.ts"
import { type Segment, segmentOf, segmentsIn, sizeOf } from "./Segment.ts"
import { setAside } from "./SetAside.ts"

/** What a process finds when it opens a log. */
export interface Found {
  readonly end: End
  readonly head: Head | undefined
  /** The line that the head has to name until it is written down what was found. */
  readonly named: Pick<End, "seq" | "hash">
  /** What a crash left, as the data of a `log.recovered`; `undefined` if the log is new or was closed. */
  readonly recovered: JsonObject | undefined
}

type Keys = ReadonlyMap<string, AuditKey>

/** Whether a line is a checkpoint that was signed for the line before it. */
const isCheckpointOf = (log: string, { prev, seq }: Link, text: string, keys: Keys): boolean => {
  const checkpoint = Checkpoint.read(dataOf(text))
  const isOfLine = checkpoint?.log === log && checkpoint.head === prev && checkpoint.to === seq - 1
  return isOfLine && Checkpoint.faultOf(checkpoint, keys) === undefined
}

/**
 * Reads a segment as far as its lines continue each other. `vouched` is its end at the last line that the head vouches for,
 * `signed` the one at its last checkpoint.
 */
const readSegment = (segment: Segment, head: Head, keys: Keys) => {
  const lines = openLines(segment.path)
  let end = startOf(segment)
  let vouched = head.seq === 0 && segment.first === 1 ? end : undefined
  let signed: End | undefined
  let line = 0
  let isOver = false
  const fresh: Array<string> = []
  const here = (): End => ({ ...end, tree: MerkleTree.grow(MerkleTree.empty, fresh) })
  const take = (bytes: Buffer, start: number, stop: number, offset: number): void => {
    line++
    const link = isOver ? undefined : linkOf(bytes, start, stop)
    const isWhole = link !== undefined && hashOf(bytes, start, stop) === link.hash
    if (!isWhole || link.seq !== end.seq + 1 || (line > 1 && link.prev !== end.hash)) {
      if (end.seq < head.seq)
        throw damaged(segment.path, line, "the line is not as it was written, or not in its place")
      isOver = true
      return
    }
    const isCheckpoint = link.type === "log.checkpoint"
    if (isCheckpoint) fresh.length = 0
    else fresh.push(link.hash)
    end = {
      ...end,
      bytes: offset + stop - start + 1,
      bornMillis: end.bornMillis ?? Date.parse(link.time),
      seq: link.seq,
      hash: link.hash,
      checkpoint: isCheckpoint ? link.seq : end.checkpoint
    }
    const isNamed = link.seq === head.seq && link.hash === head.hash
    if (isNamed || isAnnounced(head, link)) vouched = here()
    if (isCheckpoint && isCheckpointOf(head.log, link, bytes.toString("utf8", start, stop), keys)) signed = here()
  }
  try {
    while (lines.readChunk(take)) {}
    return { vouched, signed }
  } finally {
    lines.close()
  }
}

/** The end of a log that has not the line that its head names. */
const endWithout = (segments: ReadonlyArray<Segment>, head: Head, ends: ReadonlyArray<End>): End | undefined => {
  const [last] = ends
  if (last !== undefined && last.seq >= head.seq) {
    throw damaged(last.segment.path, 0, `line ${head.seq} is not the one that the head is signed for`)
  }
  const [first] = segments
  return last ?? (first?.first === 1 ? startOf(first) : undefined)
}

/** Looks for the end of a log from its last segment backwards. */
const findEnd = (segments: ReadonlyArray<Segment>, head: Head, keys: Keys): End | undefined => {
  const ends: Array<End> = []
  for (const segment of segments.toReversed()) {
    const { signed, vouched } = readSegment(segment, head, keys)
    if (vouched !== undefined) return vouched
    if (signed !== undefined) ends.push(signed)
  }
  return endWithout(segments, head, ends)
}

/** Removes the file that a rotation began and had no room to go on in. */
const removeBegun = (segments: ReadonlyArray<Segment>): void => {
  for (const { path } of segments) {
    try {
      unlinkSync(path)
    } catch (cause) {
      throw fileFailed("remove", path)(cause)
    }
  }
}

/** Finds the end of a log and repairs what a crash left there. The caller holds the log's lock. */
export const recover = (directory: string, keys: Keys): Found => {
  const reading = readHead(directory, keys)
  const head = reading?.head
  const segments = segmentsIn(directory)
  const isNew = segments.every((segment) => sizeOf(segment) === 0) && (head?.seq ?? 0) === 0
  if (isNew) {
    const end = startOf(segmentOf(directory, 1))
    return { end, head, named: end, recovered: undefined }
  }
  if (head === undefined) throw damaged(headPath(directory), 0, reading?.fault ?? "the log has lines, and no head")
  const end = findEnd(segments, head, keys)
  const seq = end?.seq ?? 0
  if (end === undefined || (head.closed && head.seq > seq)) {
    throw damaged(headPath(directory), 0, `the head is signed for ${head.seq} lines, and the log has ${seq}`)
  }
  const behind = segments.filter(({ first }) => first > end.segment.first)
  const isBegun = (segment: Segment): boolean => segment.first === seq + 1 && sizeOf(segment) === 0
  if (head.closed && (!behind.every(isBegun) || sizeOf(end.segment) > end.bytes)) {
    throw damaged(end.segment.path, 0, "something was written to the log after it had been closed")
  }
  const fault = reading?.fault === undefined ? {} : { head: reading.fault }
  if (head.closed && reading?.fault === undefined) {
    removeBegun(behind)
    return { end, head, named: end, recovered: undefined }
  }
  const missing = isAnnounced(head, end) ? 0 : Math.max(0, head.seq - seq)
  const left = { unsealed: Math.max(0, seq - head.seq), missing, ...fault }
  return { end, head, named: missing > 0 ? head : end, recovered: { ...setAside(end, behind), ...left } }
}
