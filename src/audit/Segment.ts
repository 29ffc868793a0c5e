import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileFailed } from "./AuditError.ts"
import { isThere } from "./PlainFile.ts"

/** One file of a log. Its name carries the sequence number of its first line, so that names sort like lines. */
export interface Segment {
  readonly name: string
  readonly path: string
  readonly first: number
}

const format = /^audit-(\d{12,16})\.jsonl$/

/** The segment that begins with a line. */
export const segmentOf = (directory: string, first: number): Segment => {
  const name = `audit-${String(first).padStart(12, "0")}.jsonl`
  return { name, path: join(directory, name), first }
}

/** How many bytes a segment has. Throws what the system does. */
export const sizeOf = ({ path }: Segment): number => statSync(path).size

/** All segments of a log in their order. None if there is no such directory. Throws `AuditError`. */
export const segmentsIn = (directory: string): ReadonlyArray<Segment> => {
  try {
    if (statSync(directory, { throwIfNoEntry: false }) === undefined) return []
    return readdirSync(directory)
      .flatMap((name) => {
        const [, first] = format.exec(name) ?? []
        const path = join(directory, name)
        return first === undefined || !isThere(path) ? [] : [{ name, path, first: Number(first) }]
      })
      .sort((left, right) => left.first - right.first)
  } catch (cause) {
    throw fileFailed("list", directory)(cause)
  }
}
