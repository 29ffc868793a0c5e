import { closeSync, openSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { fileFailed } from "./AuditError.ts"
import type { AuditKey } from "./AuditKey.ts"
import * as Head from "./Head.ts"
import { isThere } from "./PlainFile.ts"

/** Where the head of a log is. */
export const headPath = (directory: string): string => join(directory, "audit.head")

/** What the head file of a log says; `undefined` if it has none, or one that was made and not yet written. */
export const readHead = (directory: string, keys: ReadonlyMap<string, AuditKey>): Head.HeadReading | undefined => {
  const path = headPath(directory)
  try {
    const text = isThere(path) ? readFileSync(path, "latin1") : ""
    return text === "" ? undefined : Head.read(text, keys)
  } catch (cause) {
    throw fileFailed("read", path)(cause)
  }
}

/** A head file that is written to. */
export interface HeadFile {
  readonly descriptor: number
  readonly write: (statement: Head.Statement) => void
  readonly close: () => void
}

/**
 * Opens the head file of a log for writing, or creates it. Heads go on counting from the last one's count. An even number of counts
 * that are skipped keeps what is wrong with the file from being written over by the first head: it does not follow on from the other.
 */
export const openHead = (directory: string, key: AuditKey, last: Head.Head | undefined, skipped = 0): HeadFile => {
  const path = headPath(directory)
  const open = () => {
    try {
      return openSync(path, last === undefined ? "w" : "r+", 0o600)
    } catch (cause) {
      throw fileFailed("open", path)(cause)
    }
  }
  const descriptor = open()
  const slotOf = Head.slotMaker(key)
  let count = last === undefined ? 0 : last.count + 1 + skipped
  return {
    descriptor,
    write: (statement) => {
      const { position, text } = slotOf(count, statement)
      try {
        writeSync(descriptor, text, position, "latin1")
      } catch (cause) {
        throw fileFailed("write", path)(cause)
      }
      count++
    },
    close: () => closeSync(descriptor)
  }
}
