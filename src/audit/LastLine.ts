import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { lineBytesMax, linkOf } from "./Chain.ts"
import { segmentsIn } from "./Segment.ts"

/** The number of the last whole line in the end of a file; `undefined` if there is none. */
const lastIn = (path: string): number | undefined => {
  const file = openSync(path, "r")
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, lineBytesMax))
    readSync(file, bytes, 0, bytes.length, size - bytes.length)
    const end = bytes.lastIndexOf("\n")
    if (end <= 0) return undefined
    return linkOf(bytes, bytes.lastIndexOf("\n", end - 1) + 1, end)?.seq
  } finally {
    closeSync(file)
  }
}

/** The number of the last line of a log, unchecked; 0 if it has no line yet, `undefined` if there is no log. */
export const lastSeq = (directory: string): number | undefined => {
  const segments = segmentsIn(directory)
  for (const { path } of segments.toReversed()) {
    const seq = lastIn(path)
    if (seq !== undefined) return seq
  }
  return segments.length === 0 ? undefined : 0
}
