/**
 * The one writer of a log: chains lines, writes them, checkpoints and rotates.
 *
 * W1. What is in memory changes only after the bytes are in the file: a write that fails leaves the log as it was.
 * W2. Every segment ends with a checkpoint, on the disk, before there is the next one: the lines under a checkpoint are in one file.
 * W3. The head announces lines before they are written, and names them afterwards, when nothing else is written. What it named
 *     before a log was opened again, it names until the first lines stand.
 */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from "node:fs"
import { syncDirectory } from "../token/OwnFile.ts"
import { fileFailed } from "./AuditError.ts"
import type { NewEvent } from "./AuditEvent.ts"
import type { AuditKey } from "./AuditKey.ts"
import { defaultBounds } from "./Canonical.ts"
import * as Chain from "./Chain.ts"
import * as Checkpoint from "./Checkpoint.ts"
import { type Draft, type Drafting, draftOf, stampOf } from "./Draft.ts"
import type { End } from "./End.ts"
import type { HeadFile } from "./HeadFile.ts"
import * as MerkleTree from "./MerkleTree.ts"
import { type Segment, segmentOf } from "./Segment.ts"

/** A line that has been written. */
export interface Written {
  readonly seq: number
  readonly type: string
  readonly session: string | undefined
  readonly run: string | undefined
  /** Without its line feed. */
  readonly text: string
  readonly hash: string
}

export interface WriterOptions {
  readonly directory: string
  /** Id of the log. */
  readonly log: string
  readonly key: AuditKey
  readonly head: HeadFile
  /** Lines after which a checkpoint is due. */
  readonly checkpointLines: number
  readonly segmentBytesMax: number
  readonly segmentAgeMillisMax: number
}

type Named = Pick<End, "seq" | "hash">

/** Events of the log itself hold nothing that needs redaction. */
const plainly: Drafting = { redact: (text) => text, enrich: undefined, output: "text", bounds: defaultBounds }

const openSegment = (segment: Segment): number => {
  try {
    return openSync(segment.path, "a", 0o600)
  } catch (cause) {
    throw fileFailed("open", segment.path)(cause)
  }
}

const writeAll = (file: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

/** Chains drafts to the end of a log: what will stand in the file, and where the log then ends. */
const chain = (end: End, drafts: ReadonlyArray<Draft>) => {
  let { hash, seq } = end
  let text = ""
  const written = drafts.map(({ body, run, session, type }): Written => {
    seq++
    const line = Chain.seal(seq, body, hash)
    hash = line.hash
    text += `${line.text}\n`
    return { seq, type, session, run, ...line }
  })
  const bytes = Buffer.from(text)
  return { written, bytes, end: { ...end, seq, hash, bytes: end.bytes + bytes.length } }
}

/** Goes on with a log from its end; its head names another line until the first lines are written. Every method throws `AuditError`. */
export const openWriter = (options: WriterOptions, from: End, namedFirst: Named) => {
  const { directory, head, key, log } = options
  let end = from
  let named = namedFirst
  let file = openSegment(end.segment)
  let isBroken = false
  /** The hashes of lines that the tree has not. It grows when it is signed, which takes less than to grow line by line. */
  let fresh: Array<string> = []
  const unsigned = (): number => end.tree.size + fresh.length

  const stateAt = (nowMillis: number) => ({
    log,
    seq: named.seq,
    hash: named.hash,
    checkpoint: end.checkpoint,
    closed: false,
    time: stampOf(nowMillis)
  })
  const put = (drafts: ReadonlyArray<Draft>, nowMillis: number): ReadonlyArray<Written> => {
    const next = chain(end, drafts)
    try {
      if (isBroken) throw new Error("an earlier write left an unfinished line that could not be removed")
      head.write({ ...stateAt(nowMillis), next: { seq: next.end.seq, hash: next.end.hash } })
      writeAll(file, next.bytes)
    } catch (cause) {
      isBroken = isBroken || !cutTo(end.bytes)
      throw fileFailed("write", end.segment.path)(cause)
    }
    end = next.end
    named = end
    return next.written
  }
  const cutTo = (bytes: number): boolean => {
    try {
      ftruncateSync(file, bytes)
      return true
    } catch {
      return false
    }
  }
  const record = (drafts: ReadonlyArray<Draft>, nowMillis: number): ReadonlyArray<Written> => {
    const written = put(drafts, nowMillis)
    for (const { hash } of written) fresh.push(hash)
    return written
  }
  const note = (event: NewEvent, nowMillis: number): Draft => draftOf(event, stampOf(nowMillis), plainly)

  const checkpoint = (nowMillis: number): ReadonlyArray<Written> => {
    if (unsigned() === 0) return []
    const { hash, seq } = end
    const tree = MerkleTree.grow(end.tree, fresh)
    const lines = { from: seq - tree.size + 1, to: seq, head: hash, root: MerkleTree.rootOf(tree) }
    const data = Checkpoint.make({ log, ...lines, time: stampOf(nowMillis) }, key)
    const written = put([note({ type: "log.checkpoint", data: { ...data } }, nowMillis)], nowMillis)
    end = { ...end, checkpoint: end.seq, tree: MerkleTree.empty }
    fresh = []
    return written
  }
  const rotate = (because: "size" | "age", nowMillis: number): ReadonlyArray<Written> => {
    const last = checkpoint(nowMillis)
    const previous = end.segment.name
    const segment = segmentOf(directory, end.seq + 1)
    fdatasyncSync(file)
    const next = openSegment(segment)
    closeSync(file)
    file = next
    end = { ...end, segment, bytes: 0, bornMillis: nowMillis }
    syncDirectory(directory)
    return [...last, ...record([note({ type: "log.rotated", data: { previous, because } }, nowMillis)], nowMillis)]
  }

  return {
    /** Writes events, in one piece, in their order. */
    record,
    /** An event of the log itself. */
    note,
    /** Signs the lines since the last checkpoint, if there are any. */
    checkpoint,
    isCheckpointDue: (): boolean => unsigned() >= options.checkpointLines,
    /** Begins another segment if this one is large or old enough. */
    rotateIfDue: (nowMillis: number): ReadonlyArray<Written> => {
      if (end.bytes >= options.segmentBytesMax) return rotate("size", nowMillis)
      const isOld = nowMillis - (end.bornMillis ?? nowMillis) >= options.segmentAgeMillisMax
      return isOld ? rotate("age", nowMillis) : []
    },
    /** Writes the head: this is where the log ends. */
    seal: (state: "open" | "closed", nowMillis: number): void =>
      head.write({ ...stateAt(nowMillis), closed: state === "closed" }),
    segmentPath: (): string => end.segment.path,
    /** Files that have to reach the disk for the log to survive a loss of power, in this order. */
    descriptors: (): readonly [lines: number, head: number] => [file, head.descriptor],
    syncNow: (): void => {
      fdatasyncSync(file)
      fdatasyncSync(head.descriptor)
      syncDirectory(directory)
    },
    end: (): Pick<End, "seq" | "hash"> => end,
    close: (): void => {
      closeSync(file)
      head.close()
    }
  }
}
export type LogWriter = ReturnType<typeof openWriter>
