/**
 * Where a log goes on after its process has ended, however it ended.
 *
 * R1. A whole line is never lost: what is set aside is only what stands behind the last line feed.
 * R2. What cannot come from a crash (a line that does not continue the one before, a head that the log does not have) is not
 *     written after: opening fails, and the log stays as it is for `caisson audit verify`.
 */
import { closeSync, fsyncSync, openSync, readSync, statSync, truncateSync, unlinkSync, writeSync } from "node:fs"
import { join } from "node:path"
import { damaged, fileFailed } from "./AuditError.ts"
import type { JsonObject } from "./AuditEvent.ts"
import type { AuditKey } from "./AuditKey.ts"
import { genesis, hashOf, linkOf } from "./Chain.ts"
import type { Head } from "./Head.ts"
import { headPath, readHead } from "./HeadFile.ts"
import { openLines } from "./LineReader.ts"
import * as MerkleTree from "./MerkleTree.ts"
import { type Segment, segmentOf, segmentsIn } from "./Segment.ts"

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

/** What a process finds when it opens a log. */
export interface Found {
  readonly end: End
  readonly head: Head | undefined
  /** What a crash left, as the data of a `log.recovered`; `undefined` if the log is new or was closed. */
  readonly recovered: JsonObject | undefined
}

const startOf = (segment: Segment): End => ({
  segment,
  bytes: 0,
  bornMillis: undefined,
  seq: segment.first - 1,
  hash: genesis,
  checkpoint: 0,
  tree: MerkleTree.empty
})

/** Reads a segment to its last whole line. `sealed` is the line that the head names. */
const readSegment = (segment: Segment, sealed: number) => {
  const lines = openLines(segment.path)
  let end = startOf(segment)
  let sealedHash: string | undefined
  let line = 0
  const fresh: Array<string> = []
  const take = (bytes: Buffer, start: number, stop: number, offset: number): void => {
    line++
    const link = linkOf(bytes, start, stop)
    if (link === undefined || hashOf(bytes, start, stop) !== link.hash) {
      throw damaged(segment.path, line, "the line is not as it was written")
    }
    const continues = link.seq === end.seq + 1 && (line === 1 || link.prev === end.hash)
    if (!continues) throw damaged(segment.path, line, "the line does not continue the one before")
    if (line === 1 && sealed === link.seq - 1) sealedHash = link.prev
    if (sealed === link.seq) sealedHash = link.hash
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
  }
  try {
    while (lines.readChunk(take)) {}
    return { end: { ...end, tree: MerkleTree.grow(MerkleTree.empty, fresh) }, torn: lines.unfinished(), sealedHash }
  } finally {
    lines.close()
  }
}

/** Moves what stands behind the last whole line into a file of its own. */
const setAside = ({ bytes, segment }: End, torn: number): JsonObject => {
  const file = `${segment.name}.${bytes}.torn`
  const path = join(segment.path, "..", file)
  try {
    const content = Buffer.alloc(torn)
    const from = openSync(segment.path, "r")
    readSync(from, content, 0, torn, bytes)
    closeSync(from)
    const to = openSync(path, "w", 0o600)
    writeSync(to, content)
    fsyncSync(to)
    closeSync(to)
    truncateSync(segment.path, bytes)
  } catch (cause) {
    throw fileFailed("set aside the torn end of", segment.path)(cause)
  }
  return { bytes: torn, file }
}

/** A crash in the middle of a rotation leaves a segment without a line: the one before is the last one then. */
const readFromTheEnd = (segments: ReadonlyArray<Segment>, sealed: number) => {
  const behind: Array<ReturnType<typeof readSegment>> = []
  for (const segment of segments.toReversed()) {
    const read = readSegment(segment, sealed)
    if (read.end.bytes > 0) return { last: read, behind }
    behind.push(read)
  }
  return { last: undefined, behind }
}

const repair = (torn: ReadonlyArray<ReturnType<typeof readSegment>>): JsonObject => {
  let aside: JsonObject = {}
  for (const { end, torn: bytes } of torn) {
    if (bytes > 0) aside = { torn: setAside(end, bytes) }
    if (end.bytes === 0) unlinkSync(end.segment.path)
  }
  return aside
}

/** Finds the end of a log and repairs what a crash left there. The caller holds the log's lock. */
export const recover = (directory: string, keys: ReadonlyMap<string, AuditKey>): Found => {
  const reading = readHead(directory, keys)
  const head = reading?.head
  const segments = segmentsIn(directory)
  const isNew = segments.every(({ path }) => statSync(path).size === 0) && (head?.seq ?? 0) === 0
  if (isNew) return { end: startOf(segmentOf(directory, 1)), head, recovered: undefined }
  if (head === undefined) throw damaged(headPath(directory), 0, reading?.fault ?? "the log has lines, and no head")
  const { behind, last } = readFromTheEnd(segments, head.seq)
  const seq = last?.end.seq ?? 0
  const torn = [...(last === undefined ? [] : [last]), ...behind].filter(
    (read) => read.torn > 0 || read.end.bytes === 0
  )
  if (last === undefined || (head.closed && head.seq > seq)) {
    throw damaged(headPath(directory), 0, `the log had ${head.seq} lines when it was closed, and has ${seq}`)
  }
  if (head.seq <= seq && last.sealedHash !== head.hash) {
    throw damaged(last.end.segment.path, 0, `line ${head.seq} is not the one that the head is signed for`)
  }
  if (!head.closed) {
    const left = { unsealed: Math.max(0, seq - head.seq), missing: Math.max(0, head.seq - seq) }
    return { end: last.end, head, recovered: { ...repair(torn), ...left } }
  }
  if (seq > head.seq || torn.length > 0) {
    throw damaged(last.end.segment.path, 0, "something was written to the log after it had been closed")
  }
  return { end: last.end, head, recovered: undefined }
}
