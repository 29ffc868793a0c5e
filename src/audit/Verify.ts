/** Checks a whole log against its chain, its checkpoints and its head. Reads only; a log that is being written to may be checked. */
import * as Effect from "effect/Effect"
import { AuditError, fileFailed, LogMissing } from "./AuditError.ts"
import { type AuditKey, byId } from "./AuditKey.ts"
import { CaptureCheck, findBroken } from "./CaptureCheck.ts"
import * as Head from "./Head.ts"
import { headPath, readHead } from "./HeadFile.ts"
import { type Finding, Inspection, type Place } from "./Inspection.ts"
import { type LineReader, openLines } from "./LineReader.ts"
import { type Segment, segmentOf, segmentsIn, sizeOf } from "./Segment.ts"

export interface VerifyOptions {
  readonly directory: string
  /** All keys that the log was ever signed with. */
  readonly keys: ReadonlyArray<AuditKey>
  /** The text of a head file that was kept elsewhere: the log must still have what it names. Nothing else shows that a whole directory was put back. */
  readonly pinned?: string | undefined
}

/** What a check came to. `ok` if there is no finding; notes are what a crash can leave. */
export interface Report {
  readonly ok: boolean
  readonly log: string | undefined
  readonly events: number
  readonly segments: number
  readonly checkpoints: number
  readonly last: { readonly seq: number; readonly hash: string }
  /** The earliest place first; at most 100. */
  readonly findings: ReadonlyArray<Finding>
  readonly notes: ReadonlyArray<Finding>
}

const headPlace = ({ seq }: { readonly seq: number }): Place => ({ file: "audit.head", line: 1, seq })

const attempt = <A>(directory: string, run: () => A) => Effect.try({ try: run, catch: fileFailed("verify", directory) })

/**
 * A head that is just being written can look damaged for a moment, or be behind its log for as long as a busy disk takes. That of a
 * closed log is not being written.
 */
const settledHead = Effect.fnUntraced(function* (directory: string, keys: ReadonlyMap<string, AuditKey>, seq: number) {
  for (let attempts = 1; ; attempts++) {
    const reading = yield* attempt(directory, () => readHead(directory, keys))
    const isSettled = reading?.fault === undefined && (reading?.head?.seq ?? 0) >= seq
    const attemptsMax = reading?.fault === undefined ? 50 : 3
    if (isSettled || reading?.head?.closed === true || attempts >= attemptsMax) return reading
    yield* Effect.sleep("20 millis")
  }
})

/** A file with another name than its first line asks for. The finding names the one of the two that comes first. */
const misnamed = (inspection: Inspection, name: string, first: number): void => {
  const { seq } = inspection.last
  const file = seq < first ? segmentOf("", seq).name : name
  inspection.find("segment", { file, line: 1, seq }, `${name} begins with event ${seq}`)
}

/** A file without a line is the next one of a log, which was just begun. */
const misplaced = (inspection: Inspection, name: string): void => {
  const { last } = inspection
  inspection.find("segment", last, `${name} has no line, and is not the file that follows event ${last.seq}`)
}

const inspectSegment = Effect.fnUntraced(function* (
  inspection: Inspection,
  captures: CaptureCheck,
  { first, name, path }: Segment
) {
  const open = attempt(path, () => openLines(path))
  return yield* Effect.acquireUseRelease(
    open,
    Effect.fnUntraced(function* (lines: LineReader) {
      let line = 0
      const take = (bytes: Buffer, start: number, end: number) => {
        line++
        if (inspection.take(name, line, bytes, start, end)) captures.take(inspection, bytes, start, end)
        if (line === 1 && inspection.last.seq !== first) misnamed(inspection, name, first)
      }
      while (yield* attempt(path, () => lines.readChunk(take))) yield* Effect.yieldNow
      if (line === 0 && inspection.last.seq + 1 !== first) misplaced(inspection, name)
      return { file: name, line: line + 1, seq: inspection.last.seq + 1, bytes: lines.unfinished() }
    }),
    (lines) => Effect.sync(() => lines.close())
  )
})

/** Compares the log with a head: does it have the line that the head names? */
const compare = (inspection: Inspection, head: Head.Head, whose: string): void => {
  const { last, log, seen } = inspection
  if (head.seq === 0) return
  if (head.log !== log) inspection.find("head", headPlace(head), `${whose} belongs to another log`)
  const line = seen.get(head.seq)
  if (last.seq < head.seq) {
    const missing = `the log ends here, and ${whose} says that it went on to event ${head.seq}`
    inspection.find("truncation", last, missing)
    return
  }
  if (line !== undefined && line.hash === head.hash) return
  inspection.find("edit", line?.since ?? last, `event ${head.seq} is not the one that ${whose} is signed for`)
}

/**
 * Judges what stands behind the line that the head names. A process that is killed leaves the lines that its head announces, or
 * some of them; nothing else can be there. A loss of power can keep a head from the disk: only opening the log tells that apart
 * from an insertion, by setting aside what has no head.
 */
const judgeRest = (
  inspection: Inspection,
  before: Head.Head,
  after: Head.Head | undefined,
  torn: Place & { bytes: number }
) => {
  const { last } = inspection
  const isAfter = after !== undefined && (after.seq > last.seq || (after.seq === last.seq && after.hash === last.hash))
  if (isAfter && after.count !== before.count) return
  const beyond = last.seq - before.seq
  const place = inspection.seen.get(before.seq)?.place ?? last
  const killed = "the process that wrote them was killed"
  const isUnfinished = before.next !== undefined && last.seq < before.next.seq
  if (beyond > 0 && Head.isAnnounced(before, last)) {
    inspection.note("unsealed", place, `${beyond} events behind this one are announced by the head: ${killed}`)
  } else if (beyond > 0 && isUnfinished) {
    inspection.note(
      "unsealed",
      place,
      `${beyond} events behind this one are part of what was never finished: ${killed}`
    )
  } else if (beyond > 0) {
    inspection.find(
      "insertion",
      place,
      `${beyond} events behind this one are not those that the head names or announces`
    )
  }
  const unfinished = `the file ends with ${torn.bytes} bytes of an unfinished line`
  if (torn.bytes > 0 && before.closed) inspection.find("torn", torn, unfinished)
  else if (torn.bytes > 0) inspection.note("torn", torn, `${unfinished}: the process that wrote it was killed`)
}

const byPlace = (left: Place, right: Place): number =>
  left.file === right.file ? left.line - right.line : left.file < right.file ? -1 : 1

/** Reads a log from its first line to its last one, and says where it is not what was written. */
export const verify = Effect.fn("Verify.verify")(function* ({ directory, keys, pinned }: VerifyOptions) {
  const known = yield* attempt(directory, () => byId(keys))
  const before = yield* settledHead(directory, known, 0)
  const segments = yield* attempt(directory, () => segmentsIn(directory))
  if (before === undefined && (yield* attempt(directory, () => segments.every((segment) => sizeOf(segment) === 0)))) {
    return yield* new AuditError({ reason: new LogMissing({ directory }) })
  }
  const kept = pinned === undefined ? undefined : Head.read(pinned, known)
  const heads = [before?.head, kept?.head].filter((head) => head !== undefined)
  const inspection = new Inspection(
    known,
    heads.map(({ seq }) => seq)
  )
  const captures = new CaptureCheck(directory, yield* findBroken(directory))
  let torn = { file: "", line: 0, seq: 0, bytes: 0 }
  for (const segment of segments) {
    if (torn.bytes > 0) inspection.find("edit", torn, "the line is not finished, and another file follows")
    torn = yield* inspectSegment(inspection, captures, segment)
  }
  captures.end(inspection)
  yield* judge(inspection, { directory, keys: known, before, pinned: kept, torn })
  const { checkpoints, events, findings, last, log, notes } = inspection
  return {
    ok: findings.length === 0,
    log,
    events,
    segments: segments.length,
    checkpoints,
    last: { seq: last.seq, hash: last.hash },
    findings: findings.toSorted(byPlace),
    notes: notes.toSorted(byPlace)
  } satisfies Report
})

interface Evidence {
  readonly directory: string
  readonly keys: ReadonlyMap<string, AuditKey>
  readonly before: Head.HeadReading | undefined
  readonly pinned: Head.HeadReading | undefined
  readonly torn: Place & { readonly bytes: number }
}

const judge = Effect.fnUntraced(function* (inspection: Inspection, evidence: Evidence) {
  const { before, directory, keys, pinned, torn } = evidence
  if (pinned?.head !== undefined) compare(inspection, pinned.head, "the head that was kept")
  else if (pinned !== undefined)
    inspection.find("head", headPlace({ seq: 0 }), `of the one that was kept: ${pinned.fault}`)
  if (before === undefined) {
    inspection.find("head", headPlace(inspection.last), `${headPath(directory)} is missing`)
    return
  }
  if (before.fault !== undefined) inspection.find("head", headPlace(before.head ?? inspection.last), before.fault)
  if (before.head === undefined) return
  compare(inspection, before.head, "the head")
  const after =
    inspection.last.seq > before.head.seq || torn.bytes > 0
      ? yield* settledHead(directory, keys, inspection.last.seq)
      : before
  judgeRest(inspection, before.head, after?.head, torn)
})
