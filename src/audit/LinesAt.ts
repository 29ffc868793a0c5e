import { closeSync, openSync, readSync } from "node:fs"
import { fileFailed } from "./AuditError.ts"
import { segmentOf } from "./Segment.ts"

/** Where a line is: its segment by that one's first line, and its bytes there, without the line feed. */
export interface LinePosition {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

/** Reads lines wherever they are. A line that the file is too short for is shorter. */
export const linesAt = (directory: string, positions: ReadonlyArray<LinePosition>): ReadonlyArray<Buffer> => {
  const files = new Map<number, number>()
  const fileOf = (first: number): number => {
    const file = files.get(first) ?? openSync(segmentOf(directory, first).path, "r")
    files.set(first, file)
    return file
  }
  try {
    return positions.map(({ length, offset, segment }) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(fileOf(segment), bytes, 0, length, offset))
    })
  } catch (cause) {
    throw fileFailed("read a line of", directory)(cause)
  } finally {
    for (const file of files.values()) closeSync(file)
  }
}
