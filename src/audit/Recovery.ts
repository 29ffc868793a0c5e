/**
 * Where a log goes on after its process has ended, however it ended.
 *
 * R1. It goes on behind the last line that the head vouches for, because it names or announces it. What stands behind that was
 *     acknowledged to nobody, or was never written by a process with the key: it is set aside and never signed.
 * R2. What cannot come from a crash (a line before that one that does not continue the one before, a head that the log does not
 *     have, anything behind a closed log) is not written after: opening fails, and the log stays as it is for `caisson audit verify`.
 */
import { existsSync, readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { damaged, fileFailed } from "./AuditError.ts"
import type { JsonObject } from "./AuditEvent.ts"
import type { AuditKey } from "./AuditKey.ts"
import { genesis, hashOf, linkOf } from "./Chain.ts"
import { type Head, isAnnounced } from "./Head.ts"
import { headPath, readHead } from "./HeadFile.ts"
import { openLines } from "./LineReader.ts"
import * as MerkleTree from "./MerkleTree.ts"
import { type Segment, segmentOf, segmentsIn } from "./Segment.ts"

const lineFeed = 0x0a

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

/** Reads a segment as far as its lines continue each other. `vouched` is its end at the last line that the head vouches for. */
const readSegment = (segment: Segment, head: Head) => {
  const lines = openLines(segment.path)
  let end = startOf(segment)
  let vouched = head.seq === 0 && segment.first === 1 ? end : undefined
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
    if (link.seq === head.seq && link.hash !== head.hash) {
      throw damaged(segment.path, line, `line ${head.seq} is not the one that the head is signed for`)
    }
    if (link.seq === head.seq || isAnnounced(head, link)) vouched = here()
  }
  try {
    while (lines.readChunk(take)) {}
    return { end: here(), vouched }
  } finally {
    lines.close()
  }
}

/** Looks for the end of a log from its last segment backwards. The segments behind it have nothing that the head vouches for. */
const findEnd = (segments: ReadonlyArray<Segment>, head: Head) => {
  const behind: Array<Segment> = []
  for (const segment of segments.toReversed()) {
    const { end, vouched } = readSegment(segment, head)
    if (vouched !== undefined || (end.bytes > 0 && end.seq < head.seq)) return { end: vouched ?? end, behind }
    behind.unshift(segment)
  }
  return undefined
}

/** A name that no file has. */
const asideName = ({ bytes, segment: { name, path } }: End): string => {
  const names = (count: number) => `${name}.${bytes}.${count === 1 ? "" : `${count}.`}torn`
  for (let count = 1; ; count++) if (!existsSync(join(path, "..", names(count)))) return names(count)
}

/** Moves what stands behind the end of a log into a file of its own. */
const setAside = (end: End, behind: ReadonlyArray<Segment>): JsonObject => {
  const { path } = end.segment
  try {
    const pieces = [readFileSync(path).subarray(end.bytes), ...behind.map((segment) => readFileSync(segment.path))]
    const content = Buffer.concat(pieces)
    const file = asideName(end)
    if (content.length > 0) writeFileSync(join(path, "..", file), content, { mode: 0o600, flag: "wx", flush: true })
    for (const segment of behind.toReversed()) unlinkSync(segment.path)
    truncateSync(path, end.bytes)
    const lines = content.reduce((count, byte) => (byte === lineFeed ? count + 1 : count), 0)
    return content.length === 0 ? {} : { torn: { bytes: content.length, lines, file } }
  } catch (cause) {
    throw fileFailed("set aside what is not vouched for in", path)(cause)
  }
}

const sizeOf = ({ path }: Segment): number => statSync(path).size

/** Finds the end of a log and repairs what a crash left there. The caller holds the log's lock. */
export const recover = (directory: string, keys: ReadonlyMap<string, AuditKey>): Found => {
  const reading = readHead(directory, keys)
  const head = reading?.head
  const segments = segmentsIn(directory)
  const isNew = segments.every((segment) => sizeOf(segment) === 0) && (head?.seq ?? 0) === 0
  if (isNew) return { end: startOf(segmentOf(directory, 1)), head, recovered: undefined }
  if (head === undefined) throw damaged(headPath(directory), 0, reading?.fault ?? "the log has lines, and no head")
  const found = findEnd(segments, head)
  const seq = found?.end.seq ?? 0
  if (found === undefined || (head.closed && head.seq > seq)) {
    throw damaged(headPath(directory), 0, `the head is signed for ${head.seq} lines, and the log has ${seq}`)
  }
  const { behind, end } = found
  if (!head.closed) {
    const left = { unsealed: Math.max(0, seq - head.seq), missing: Math.max(0, head.seq - seq) }
    return { end, head, recovered: { ...setAside(end, behind), ...left } }
  }
  if (behind.length > 0 || sizeOf(end.segment) > end.bytes) {
    throw damaged(end.segment.path, 0, "something was written to the log after it had been closed")
  }
  return { end, head, recovered: undefined }
}
