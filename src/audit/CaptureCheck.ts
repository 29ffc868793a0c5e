/**
 * Compares the captures beside a log with their names, and with the events that name them in the field `capture` of their data.
 *
 * V1. All captures are read before the first line is. Of one that is stored meanwhile it is only asked whether it is there.
 * V2. What is wrong is told at the first event that names it; of a capture that none names, at its own file. Only lines that are
 *     as they were written are asked what they name.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { type AuditError, fileFailed } from "./AuditError.ts"
import * as Captures from "./Captures.ts"
import { dataOf } from "./Chain.ts"
import type { Inspection } from "./Inspection.ts"

/** More captures than these are not told of. */
const toldMax = 100

/** The captures that are not what they are called, and why. */
export type Broken = ReadonlyMap<string, string>

const attempt = <A>(directory: string, run: () => A): Effect.Effect<A, AuditError> =>
  Effect.try({ try: run, catch: fileFailed("verify the captures in", directory) })

/** Reads all captures of a log's directory. */
export const findBroken = Effect.fnUntraced(function* (directory: string) {
  const broken = new Map<string, string>()
  for (const folder of yield* attempt(directory, () => Captures.foldersIn(directory))) {
    for (const sha256 of yield* attempt(directory, () => Captures.namesIn(directory, folder))) {
      const fault = yield* attempt(directory, () => Captures.faultOf(directory, sha256))
      if (fault !== undefined) broken.set(sha256, fault)
      if (broken.size >= toldMax) return broken
      yield* Effect.yieldNow
    }
  }
  return broken
})

const field = Buffer.from('"capture":"')

/** The capture that the line between two positions names. */
const namedIn = (bytes: Buffer, start: number, end: number): string | undefined => {
  const line = bytes.subarray(start, end)
  if (!line.includes(field)) return undefined
  // What a guest has said stands deeper in the data, and names nothing.
  const data = dataOf(line.toString("utf8"))
  if (!Predicate.hasProperty(data, "capture") || typeof data.capture !== "string") return undefined
  return Captures.isHash(data.capture) ? data.capture : undefined
}

/** What the lines of a log say of captures. */
export class CaptureCheck {
  readonly #directory: string
  readonly #broken: Broken
  readonly #told = new Set<string>()

  constructor(directory: string, broken: Broken) {
    this.#directory = directory
    this.#broken = broken
  }

  /** Takes the line that an inspection has just found to be as it was written. */
  take(inspection: Inspection, bytes: Buffer, start: number, end: number): void {
    const sha256 = namedIn(bytes, start, end)
    if (sha256 === undefined || this.#told.size >= toldMax || this.#told.has(sha256)) return
    const fault = this.#broken.get(sha256) ?? (Captures.isKept(this.#directory, sha256) ? undefined : "is missing")
    if (fault === undefined) return
    this.#told.add(sha256)
    inspection.find("capture", inspection.last, `${Captures.nameOf(sha256)} ${fault}`)
  }

  /** Tells of what no line has named. */
  end(inspection: Inspection): void {
    for (const [sha256, fault] of this.#broken) {
      const file = Captures.nameOf(sha256)
      if (!this.#told.has(sha256)) inspection.find("capture", { file, line: 1, seq: 0 }, `the capture ${fault}`)
    }
  }
}
