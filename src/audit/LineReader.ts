import { closeSync, openSync, readSync } from "node:fs"
import { fileFailed } from "./AuditError.ts"
import { lineBytesMax } from "./Chain.ts"

/** Takes the bytes of one line between two positions, without its line feed, and the line's offset in the file. They are good until it returns. */
export type Visit = (bytes: Buffer, start: number, end: number, offset: number) => void

const chunkBytes = 1_048_576
const lineFeed = 0x0a

/** Reads the lines of a file from an offset on, a chunk at a time; can be asked again when the file has grown. */
export interface LineReader {
  /** Visits the lines of the next chunk. False if there was nothing more to read. */
  readonly readChunk: (visit: Visit) => boolean
  /** Where the next line begins. */
  readonly offset: () => number
  /** Bytes behind the last line feed. */
  readonly unfinished: () => number
  /** Has these bytes read again: they may be others by then. */
  readonly forgetUnfinished: () => void
  readonly close: () => void
}

const openForReading = (path: string): number => {
  try {
    return openSync(path, "r")
  } catch (cause) {
    throw fileFailed("open", path)(cause)
  }
}

/** A line longer than `lineBytesMax` is visited in pieces, none of which has the form of a line. */
export const openLines = (path: string, from = 0): LineReader => {
  const file = openForReading(path)
  const buffer = Buffer.allocUnsafe(chunkBytes + lineBytesMax)
  /** Bytes of an unfinished line at the start of the buffer, and the offset of the first of them. */
  let kept = 0
  let offset = from

  const readMore = (): number => {
    try {
      return readSync(file, buffer, kept, chunkBytes, offset + kept)
    } catch (cause) {
      throw fileFailed("read", path)(cause)
    }
  }
  const readChunk = (visit: Visit): boolean => {
    const read = readMore()
    if (read === 0) return false
    const filled = kept + read
    const bytes = buffer.subarray(0, filled)
    let start = 0
    for (let end = bytes.indexOf(lineFeed, kept); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      visit(buffer, start, end, offset + start)
      start = end + 1
    }
    if (filled - start > lineBytesMax) {
      visit(buffer, start, filled, offset + start)
      start = filled
    }
    buffer.copyWithin(0, start, filled)
    kept = filled - start
    offset += start
    return true
  }
  const forgetUnfinished = (): void => {
    kept = 0
  }
  return { readChunk, offset: () => offset, unfinished: () => kept, forgetUnfinished, close: () => closeSync(file) }
}
