/** What stands behind the end of a log and nothing vouches for: kept as evidence, beside the log and not in it. */
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { fileFailed } from "./AuditError.ts"
import type { JsonObject } from "./AuditEvent.ts"
import type { End } from "./End.ts"
import type { Segment } from "./Segment.ts"

const lineFeed = 0x0a

const linesIn = (bytes: Buffer): number => bytes.reduce((count, byte) => (byte === lineFeed ? count + 1 : count), 0)

/** The files with what was set aside behind the end of a log and that no line tells of, and a name that none of them has. */
const asideOf = ({ bytes, segment: { name, path } }: End) => {
  const start = `${name}.${bytes}.`
  const names = readdirSync(dirname(path)).filter((other) => other.startsWith(start) && other.endsWith("torn"))
  const numbers = names.map((other) => Number(other.slice(start.length, -".torn".length) || 1))
  const next = Math.max(0, ...numbers.filter(Number.isInteger)) + 1
  return { names, unused: `${start}${next === 1 ? "" : `${next}.`}torn` }
}

/** Writes a file that there is not, or none. */
const writeNew = (path: string, content: Buffer): void => {
  const descriptor = openSync(path, "wx", 0o600)
  try {
    writeFileSync(descriptor, content, { flush: true })
  } catch (cause) {
    rmSync(path, { force: true })
    throw cause
  } finally {
    closeSync(descriptor)
  }
}

/** Moves what stands behind the end of a log into a file of its own. What was moved there before, and not told, is told too. */
export const setAside = (end: End, behind: ReadonlyArray<Segment>): JsonObject => {
  const { path } = end.segment
  const inDirectory = (name: string): string => join(dirname(path), name)
  try {
    const { names, unused } = asideOf(end)
    const pieces = [readFileSync(path).subarray(end.bytes), ...behind.map((segment) => readFileSync(segment.path))]
    const content = Buffer.concat(pieces)
    if (content.length > 0) writeNew(inDirectory(unused), content)
    const told = [content, ...names.map((name) => readFileSync(inDirectory(name)))]
    for (const segment of behind.toReversed()) unlinkSync(segment.path)
    truncateSync(path, end.bytes)
    const bytes = told.reduce((sum, { length }) => sum + length, 0)
    const lines = told.reduce((sum, piece) => sum + linesIn(piece), 0)
    return bytes === 0 ? {} : { torn: { bytes, lines, file: content.length === 0 ? (names[0] ?? "") : unused } }
  } catch (cause) {
    throw fileFailed("set aside what is not vouched for in", path)(cause)
  }
}
