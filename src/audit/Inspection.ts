/**
 * Follows a log line by line and says where it is not what was written.
 *
 * I1. A finding's place is at or before the first line that was touched. Where two lines do not fit together, either may be the
 *     one: the finding names the first. Where a checkpoint does not fit, it names the checkpoint before.
 * I2. After a finding the inspection goes on from what it found there, so that one change is not reported at every line after it.
 */
import * as Predicate from "effect/Predicate"
import type { AuditKey } from "./AuditKey.ts"
import { dataOf, genesis, hashOf, type Link, linkOf } from "./Chain.ts"
import * as Checkpoint from "./Checkpoint.ts"
import * as MerkleTree from "./MerkleTree.ts"
import { segmentOf } from "./Segment.ts"

/**
 * `edit`: a line has other bytes. `deletion`: lines are missing in between. `insertion`: there are lines that do not belong.
 * `reordering`: lines have changed places. `duplicate`: a line stands there twice. `truncation`: the end is missing.
 * `unsealed`: lines that a head announces and does not name yet. `torn`: the last line is unfinished. `checkpoint`, `head`: a signed statement is missing or wrong. `segment`: a file is not the
 * one that its name says. `capture`: captured bytes are missing, or are other ones.
 */
export type FindingKind =
  | "edit"
  | "deletion"
  | "insertion"
  | "reordering"
  | "duplicate"
  | "truncation"
  | "unsealed"
  | "torn"
  | "checkpoint"
  | "head"
  | "segment"
  | "capture"

/** Somewhere in a log. `line` counts from 1 in its file. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly seq: number
}

export interface Finding extends Place {
  readonly kind: FindingKind
  readonly detail: string
}

/** More findings than these are not listed. */
const findingsMax = 100

/** Lines that are remembered, to tell a duplicate from an insertion. */
const rememberedMax = 1_024
const growAt = 1_024

interface Line extends Place {
  readonly hash: string
}

/** A line whose hash is compared with a signed head later, and the checkpoint before it. */
interface Seen {
  readonly hash: string
  readonly place: Place
  readonly since: Place
}

/** The lines since the last checkpoint. Somebody may have touched that one too: it is where a finding about them begins. */
interface Range {
  readonly since: Place
  readonly from: number
  isDamaged: boolean
}

/** What is missing before the first line is missing there. */
const genesisLine: Line = { file: segmentOf("", 1).name, line: 1, seq: 0, hash: genesis }

export class Inspection {
  readonly findings: Array<Finding> = []
  /** What is worth knowing, and can come from a crash. */
  readonly notes: Array<Finding> = []
  events = 0
  checkpoints = 0
  /** The id of the log, as its first line has it. */
  log: string | undefined
  last: Line = genesisLine
  readonly seen = new Map<number, Seen>()
  readonly #keys: ReadonlyMap<string, AuditKey>
  readonly #wanted: ReadonlySet<number>
  readonly #recent: Array<Line | undefined> = new Array(rememberedMax)
  /** What the next line has to continue; `undefined` where that cannot be told. */
  #expected: { readonly seq: number; readonly hash: string } | undefined = { seq: 1, hash: genesis }
  /** Lines that are missing so far; should they turn up later, they were moved. */
  #gap: { readonly from: number; readonly to: number; readonly finding: Finding } | undefined
  #range: Range | undefined
  #checkpoint: Place = genesisLine
  #tree = MerkleTree.empty
  #fresh: Array<string> = []
  #beforeOpening: Place = genesisLine

  /** `wanted` are the sequence numbers that signed heads name. */
  constructor(keys: ReadonlyMap<string, AuditKey>, wanted: Iterable<number>) {
    this.#keys = keys
    this.#wanted = new Set(wanted)
  }

  find(kind: FindingKind, { file, line, seq }: Place, detail: string): Finding {
    const finding = { kind, file, line, seq, detail }
    if (this.findings.length < findingsMax) this.findings.push(finding)
    return finding
  }

  note(kind: FindingKind, { file, line, seq }: Place, detail: string): void {
    if (this.notes.length < findingsMax) this.notes.push({ kind, file, line, seq, detail })
  }

  /** Takes the next line of the log. Whether it is as it was written, and at its place, as far as can be told by then. */
  take(file: string, line: number, bytes: Buffer, start: number, end: number): boolean {
    this.events++
    const link = linkOf(bytes, start, end)
    const place: Place = { file, line, seq: link?.seq ?? this.last.seq + 1 }
    this.#range ??= { since: this.#checkpoint, from: place.seq, isDamaged: false }
    if (link === undefined || hashOf(bytes, start, end) !== link.hash) {
      this.#damage("edit", place, "the line is not as it was written")
      this.#expected = undefined
      this.last = { ...place, hash: link?.hash ?? genesis }
      return false
    }
    if (!this.#follows(link, place)) return false
    const current = { ...place, hash: link.hash }
    if (link.type.startsWith("log.")) this.#takeOwn(link, place, bytes.toString("utf8", start, end))
    if (link.type !== "log.checkpoint") this.#leaf(link.hash)
    if (this.#wanted.has(link.seq))
      this.seen.set(link.seq, { hash: link.hash, place, since: this.#range?.since ?? place })
    this.#recent[link.seq % rememberedMax] = current
    this.last = current
    return true
  }

  #damage(kind: FindingKind, place: Place, detail: string): Finding {
    if (this.#range !== undefined) this.#range.isDamaged = true
    return this.find(kind, place, detail)
  }

  /** Whether the line goes on with the log. If it is out of place, the next one has to go on with the line before it. */
  #follows(link: Link, place: Place): boolean {
    const expected = this.#expected
    this.#expected = { seq: link.seq + 1, hash: link.hash }
    if (expected === undefined || (link.seq === expected.seq && link.prev === expected.hash)) return true
    if (link.seq === expected.seq) {
      this.#damage("edit", this.last, `the next line (${place.file}:${place.line}) does not continue this one`)
      return true
    }
    if (link.seq > expected.seq) {
      this.#skip(expected.seq, link.seq - 1, place)
      return true
    }
    this.#expected = expected
    this.#stray(link, place)
    return false
  }

  #skip(from: number, to: number, place: Place): void {
    const missing = from === to ? `event ${from} is missing` : `events ${from} to ${to} are missing`
    const finding = this.#damage("deletion", this.last, `${missing} before ${place.file}:${place.line}`)
    this.#gap = { from, to, finding }
  }

  /** A line with the number of an earlier one. */
  #stray(link: Link, place: Place): void {
    const gap = this.#gap
    if (gap !== undefined && link.seq >= gap.from && link.seq <= gap.to) {
      const { file, line } = gap.finding
      const detail = `event ${link.seq} stands at ${place.file}:${place.line}, and belongs behind ${file}:${line}`
      const at = this.findings.indexOf(gap.finding)
      if (at !== -1) this.findings[at] = { ...gap.finding, kind: "reordering", detail }
      this.#gap = undefined
      return
    }
    const earlier = this.#recent[link.seq % rememberedMax]
    const first = earlier?.seq === link.seq ? earlier : undefined
    if (first?.hash === link.hash) {
      this.#damage("duplicate", place, `the line stands at ${first.file}:${first.line} already`)
      return
    }
    const other = `${place.file}:${place.line} has number ${link.seq} as well`
    this.#damage("insertion", first ?? this.#range?.since ?? place, other)
    this.#expected = undefined
  }

  #leaf(hash: string): void {
    this.#fresh.push(hash)
    if (this.#fresh.length >= growAt) this.#grow()
  }

  #grow(): void {
    this.#tree = MerkleTree.grow(this.#tree, this.#fresh)
    this.#fresh = []
  }

  /** The lines in which a log speaks of itself. */
  #takeOwn(link: Link, place: Place, text: string): void {
    const data = dataOf(text)
    if (!Predicate.isObject(data)) {
      this.#damage("edit", place, "the line has no data, or is no JSON")
      return
    }
    switch (link.type) {
      case "log.opened":
        this.#beforeOpening = this.last
        if (link.seq === 1) this.log = String(data["log"])
        else if (data["log"] !== this.log) this.#damage("insertion", place, "the line belongs to another log")
        return
      case "log.recovered":
        this.#takeRecovery(place, data)
        return
      case "log.checkpoint":
        this.#takeCheckpoint(link, place, data)
    }
  }

  #takeRecovery(place: Place, { head, missing, torn, unsealed }: Readonly<Record<string, unknown>>): void {
    const again = "when the log was opened again"
    const lost = `${missing} events before ${place.file}:${place.line} were missing ${again}`
    if (missing !== 0) this.find("truncation", this.#beforeOpening, lost)
    if (head !== undefined) this.find("head", this.#beforeOpening, `${again} behind this event: ${head}`)
    const kept = `${unsealed} events before this were written as the process ended, and signed only now`
    if (unsealed !== 0) this.note("unsealed", place, kept)
    if (torn !== undefined) this.note("torn", place, `what no head vouched for was set aside: ${JSON.stringify(torn)}`)
  }

  #takeCheckpoint(link: Link, place: Place, data: unknown): void {
    this.checkpoints++
    this.#grow()
    const range = this.#range ?? { since: this.#checkpoint, from: link.seq, isDamaged: false }
    const fault = this.#checkpointFault(link, range, data)
    const under = `the checkpoint at ${place.file}:${place.line}`
    if (fault !== undefined)
      this.find("checkpoint", range.since, `${under} does not sign the lines from here: ${fault}`)
    this.#checkpoint = place
    this.#range = undefined
    this.#tree = MerkleTree.empty
  }

  #checkpointFault(link: Link, range: Range, data: unknown): string | undefined {
    const checkpoint = Checkpoint.read(data)
    if (checkpoint === undefined) return "it has not the form of one"
    const fault = Checkpoint.faultOf(checkpoint, this.#keys)
    if (fault !== undefined) return fault
    if (checkpoint.log !== this.log) return "it belongs to another log"
    if (range.isDamaged) return undefined
    if (checkpoint.head !== link.prev || checkpoint.to !== link.seq - 1) return "it names another line as the last one"
    if (checkpoint.from !== range.from || this.#tree.size === 0) return "it names another line as the first one"
    return checkpoint.root === MerkleTree.rootOf(this.#tree) ? undefined : "it names another tree"
  }
}
