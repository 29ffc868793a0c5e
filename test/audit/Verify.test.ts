import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { segmentOf } from "../../src/audit/Segment.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, check, decided, inLog, writeLog } from "./logs.ts"
import { filesOf, tamperings } from "./tampering.ts"

const Part = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_999 }))
const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const Choice = Schema.Struct({ at: Part, to: Part, byte: between(1, 255) })

interface Place {
  readonly file: string
  readonly line: number
}

/** The first line that is not what it was. */
const firstChange = (before: ReturnType<typeof filesOf>, after: ReturnType<typeof filesOf>): Place | undefined => {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort()
  for (const file of names) {
    const [old, now] = [before, after].map((files) => files.find(({ name }) => name === file)?.lines ?? [])
    for (let index = 0; index < Math.max(old?.length ?? 0, now?.length ?? 0); index++) {
      if (old?.[index] !== now?.[index]) return { file, line: index + 1 }
    }
  }
  return undefined
}

const isAtOrBefore = (left: Place, right: Place): boolean =>
  left.file < right.file || (left.file === right.file && left.line <= right.line)

/** Logs with few and many lines, checkpoints and files. */
const shapes = [
  { count: 2, checkpointEvents: 1, segmentBytes: 1_000 },
  { count: 3, checkpointEvents: 100, segmentBytes: 100_000 },
  { count: 9, checkpointEvents: 2, segmentBytes: 2_500 },
  { count: 12, checkpointEvents: 5, segmentBytes: 100_000 },
  { count: 25, checkpointEvents: 4, segmentBytes: 4_000 },
  { count: 40, checkpointEvents: 7, segmentBytes: 6_000 }
]

const root = mkdtempSync(join(tmpdir(), "caisson-audit-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const shapePath = (shape: number): string => join(root, `shape-${shape}`)

describe("a verifier", () => {
  beforeAll(() =>
    Effect.runPromise(
      Effect.forEach(shapes, ({ checkpointEvents, count, segmentBytes }, index) => {
        const options = { checkpoint: { events: checkpointEvents }, rotate: { bytes: segmentBytes } }
        return writeLog(shapePath(index), count, options)
      })
    )
  )

  it.live("A5 has nothing to say of logs that nobody has touched", () =>
    Effect.gen(function* () {
      for (const [index, { count }] of shapes.entries()) {
        const report = yield* check(shapePath(index))
        assert.deepStrictEqual([report.ok, report.findings, report.notes], [true, [], []])
        assert.isAtLeast(report.events, count + 2)
      }
    })
  )

  it.live.each(["interval", "always"] as const)(
    "A5 has nothing to say of a log that is being written, with fsync %s",
    (fsync) =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        yield* Effect.gen(function* () {
          const numbers = Array.from({ length: 400 }, (_, index) => index)
          const writing = yield* Effect.forEach(
            numbers,
            (number) => Effect.andThen(Effect.yieldNow, append(decided(number))),
            {
              concurrency: 8
            }
          ).pipe(Effect.forkChild)
          while (writing.pollUnsafe() === undefined) {
            const report = yield* check(directory)
            assert.deepStrictEqual([report.findings, report.notes], [[], []])
          }
          assert.lengthOf(yield* Fiber.join(writing), 400)
        }).pipe(inLog(directory, { fsync, checkpoint: { events: 9 }, rotate: { bytes: 30_000 } }))
      })
  )

  it.live("A5 finds a file without lines, unless it is the next one of a log", () =>
    Effect.gen(function* () {
      const planted = Effect.fnUntraced(function* (first: number, content: string) {
        const directory = yield* temporaryDirectory
        yield* writeLog(directory, 3)
        writeFileSync(segmentOf(directory, first).path, content)
        return yield* check(directory)
      })
      const ends = (yield* planted(7, "")).last.seq
      assert.isTrue((yield* planted(ends + 1, "")).ok)
      for (const first of [2, ends, ends + 2, 900]) {
        for (const content of ["", "{"]) {
          const report = yield* planted(first, content)
          assert.isTrue(report.findings.some(({ kind }) => kind === "segment"))
        }
      }
    })
  )

  it.live("A8 has nothing to say of a log that a process was killed at before it had begun it", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      for (const name of ["audit.head", segmentOf("", 1).name]) {
        writeFileSync(join(directory, name), "")
        assert.strictEqual((yield* Effect.flip(check(directory))).reason._tag, "LogMissing")
      }
      yield* writeLog(directory, 1)
      assert.isTrue((yield* check(directory)).ok)
      writeFileSync(join(directory, "audit.head"), "")
      assert.strictEqual((yield* check(directory)).findings[0]?.kind, "head")
    })
  )

  for (const [name, tamper] of Object.entries(tamperings)) {
    it.live.prop(
      `A5 finds any change to any log, and no later than where it is: ${name}`,
      [between(0, shapes.length - 1), Choice],
      ([shape, { at, byte, to }]) =>
        Effect.gen(function* () {
          const directory = yield* temporaryDirectory
          cpSync(shapePath(shape), directory, { recursive: true })
          tamper(directory, { at: at / 10_000, to: to / 10_000, byte })
          const place = firstChange(filesOf(shapePath(shape)), filesOf(directory))
          const report = yield* check(directory)
          assert.isFalse(report.ok)
          const [first] = report.findings
          if (place === undefined || first === undefined) return
          assert.isTrue(isAtOrBefore(first, place), `changed at ${JSON.stringify(place)}: ${JSON.stringify(first)}`)
        }).pipe(Effect.scoped),
      { arbitrary: { runs: 40 }, timeout: 120_000 }
    )
  }

  it.live.each(["audit-000000000500.jsonl", "audit.head"])("does not wait for a pipe with the name of %s", (name) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      cpSync(shapePath(0), directory, { recursive: true })
      rmSync(join(directory, name), { force: true })
      execFileSync("mkfifo", [join(directory, name)])
      for (const doing of [Effect.asVoid(check(directory)), Effect.asVoid(append(decided(1)).pipe(inLog(directory)))]) {
        const { reason } = yield* Effect.flip(doing)
        assert.deepInclude(reason, { _tag: "LogDamaged", file: join(directory, name) })
      }
    })
  )
})
