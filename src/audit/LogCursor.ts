import { type Link, linkOf } from "./Chain.ts"
import { type LineReader, openLines } from "./LineReader.ts"
import { type LinePosition, linesAt } from "./LinesAt.ts"
import { type Segment, segmentsIn } from "./Segment.ts"

/** A line of a log at its place. The bytes are good until the visit returns. */
export interface PlacedLine {
  readonly segment: Segment
  readonly offset: number
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** `undefined` for what has not the form of a line. */
  readonly link: Link | undefined
}

/** Walks through the lines of a log, over all its segments; goes on where it stopped when the log has grown. */
export interface LogCursor {
  /** Visits the lines of the next chunk. False if there is nothing more at present. Throws `AuditError`. */
  readonly readChunk: (visit: (line: PlacedLine) => void) => boolean
  /** Whether the last line that was read still stands there. If so, reading can go on; an unfinished line is then read anew. */
  readonly stands: () => boolean
  readonly close: () => void
}

const containing = (segments: ReadonlyArray<Segment>, seq: number): Segment | undefined =>
  segments.findLast(({ first }) => first <= seq) ?? segments[0]

/** Begins with the line behind a sequence number. */
export const openCursor = (directory: string, after: number): LogCursor => {
  let current: { readonly segment: Segment; readonly lines: LineReader } | undefined
  let last: (LinePosition & { readonly hash: string }) | undefined

  const step = (): boolean => {
    const segments = segmentsIn(directory)
    const old = current?.segment.first
    const next = old === undefined ? containing(segments, after + 1) : segments.find(({ first }) => first > old)
    if (next === undefined) return false
    current?.lines.close()
    current = { segment: next, lines: openLines(next.path) }
    return true
  }
  const readChunk = (visit: (line: PlacedLine) => void): boolean => {
    if (current === undefined && !step()) return false
    if (current === undefined) return false
    const { lines, segment } = current
    const hasRead = lines.readChunk((bytes, start, end, offset) => {
      const link = linkOf(bytes, start, end)
      if (link !== undefined) last = { segment: segment.first, offset, length: end - start, hash: link.hash }
      if (link === undefined || link.seq > after) visit({ segment, offset, bytes, start, end, link })
    })
    return hasRead || step()
  }
  const stands = (): boolean => {
    current?.lines.forgetUnfinished()
    if (last === undefined) return true
    if (segmentsIn(directory).every(({ first }) => first !== last?.segment)) return false
    const [bytes = Buffer.alloc(0)] = linesAt(directory, [last])
    return linkOf(bytes, 0, bytes.length)?.hash === last.hash
  }
  return { readChunk, stands, close: () => current?.lines.close() }
}
