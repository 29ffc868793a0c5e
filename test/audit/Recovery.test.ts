import { copyFileSync, cpSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { segmentOf } from "../../src/audit/Segment.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, change, check, decided, eventsOf, inLog, linesOf, segmentNames } from "./logs.ts"

/** Writes events to a log, and gives the log as it is on disk after each of them: as a process that is killed leaves it. */
const leftBehind = (count: number) =>
  Effect.gen(function* () {
    const root = yield* temporaryDirectory
    const directory = join(root, "log")
    const copies: Array<string> = []
    yield* Effect.gen(function* () {
      for (let number = 1; number <= count; number++) {
        yield* append(decided(number))
        const copy = join(root, `copy-${number}`)
        cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") })
        copies.push(copy)
      }
    }).pipe(inLog(directory))
    return copies
  })

const lastSegment = (directory: string): string => join(directory, segmentNames(directory).at(-1) ?? "")

const reopen = (directory: string) =>
  Effect.gen(function* () {
    yield* append(decided(99)).pipe(inLog(directory))
    const recovered = eventsOf(directory).findLast(({ type }) => type === "log.recovered")
    return recovered?.["data"] as Record<string, unknown> | undefined
  })

describe("a log that was left behind", () => {
  it.live("A8 loses nothing, and says that it was not closed", () =>
    Effect.gen(function* () {
      const [, , left = ""] = yield* leftBehind(3)
      const before = linesOf(left)
      assert.deepStrictEqual((yield* check(left)).findings, [])
      assert.deepStrictEqual(yield* reopen(left), { missing: 0, unsealed: 0 })
      assert.deepStrictEqual(linesOf(left).slice(0, before.length), before)
      assert.isTrue((yield* check(left)).ok)
    })
  )

  it.live("A8 in the middle of a line has that part set aside, and says how much", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(1)
      const path = lastSegment(left)
      const whole = readFileSync(path, "utf8")
      writeFileSync(path, `${whole}{"v":1,"seq":3,"time`)
      const [note] = (yield* check(left)).notes
      assert.deepInclude(note, { kind: "torn", line: 3 })
      const file = `${segmentNames(left).at(-1)}.${whole.length}.torn`
      assert.deepStrictEqual(yield* reopen(left), { missing: 0, unsealed: 0, torn: { bytes: 20, file } })
      assert.strictEqual(readFileSync(join(left, file), "utf8"), '{"v":1,"seq":3,"time')
      assert.isTrue((yield* check(left)).ok)
    })
  )

  it.live.prop(
    "A8 at any byte behind what was acknowledged, keeps every whole line",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_999 }))],
    ([part]) =>
      Effect.gen(function* () {
        const [first = "", , , , last = ""] = yield* leftBehind(5)
        copyFileSync(join(first, "audit.head"), join(last, "audit.head"))
        const path = lastSegment(last)
        const acknowledged = readFileSync(lastSegment(first), "latin1").length
        const text = readFileSync(path, "latin1")
        const cut = text.slice(0, acknowledged + Math.floor(((text.length - acknowledged) * part) / 10_000))
        writeFileSync(path, cut, "latin1")
        const whole = cut.split("\n").slice(0, -1)
        const recovered = yield* reopen(last)
        assert.deepStrictEqual(linesOf(last).slice(0, whole.length), whole)
        assert.deepInclude(recovered, { missing: 0, unsealed: whole.length - 2 })
        assert.isTrue((yield* check(last)).ok)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 25 }, timeout: 60_000 }
  )

  it.live("says which events are missing that were acknowledged, and so does the verifier ever after", () =>
    Effect.gen(function* () {
      const [first = "", , last = ""] = yield* leftBehind(3)
      copyFileSync(lastSegment(first), lastSegment(last))
      const [finding] = (yield* check(last)).findings
      assert.deepInclude(finding, { kind: "truncation", line: 2, seq: 2 })
      assert.deepStrictEqual(yield* reopen(last), { missing: 2, unsealed: 0 })
      const report = yield* check(last)
      assert.deepInclude(report.findings[0], { kind: "truncation", line: 2 })
      assert.lengthOf(report.findings, 1)
    })
  )

  it.live("in the middle of a rotation goes on in the file before", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(1)
      const next = segmentOf(left, 3).path
      writeFileSync(next, '{"v":1')
      assert.deepInclude(yield* reopen(left), { missing: 0, unsealed: 0 })
      assert.isFalse(existsSync(next))
      assert.isTrue((yield* check(left)).ok)
    })
  )

  it.live("goes on with one of its two heads", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(1)
      change(join(left, "audit.head"), (text) => `${"?".repeat(512)}${text.slice(512)}`)
      yield* reopen(left)
      assert.isTrue((yield* check(left)).ok)
    })
  )

  it.live("is refused without its head, and with one that it does not fit", () =>
    Effect.gen(function* () {
      const [first = "", second = ""] = yield* leftBehind(2)
      writeFileSync(join(first, "audit.head"), "")
      const error = yield* Effect.flip(reopen(first))
      assert.strictEqual(error.reason._tag, "LogDamaged")
      change(lastSegment(second), (text) => text.replace('"amount":2', '"amount":3'))
      const changed = yield* Effect.flip(reopen(second))
      assert.deepInclude(changed.reason, { _tag: "LogDamaged", line: 3 })
    })
  )
})
