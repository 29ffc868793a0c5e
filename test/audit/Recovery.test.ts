import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { byId } from "../../src/audit/AuditKey.ts"
import { seal } from "../../src/audit/Chain.ts"
import { openHead, readHead } from "../../src/audit/HeadFile.ts"
import { segmentOf } from "../../src/audit/Segment.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, change, check, decided, eventsOf, inLog, keys, linesOf, type Options, segmentNames } from "./logs.ts"
import { bodyOf } from "./tampering.ts"

/** Writes events to a log, and gives the log as it is on disk after each of them: as a process that is killed leaves it. */
const leftBehind = (count: number, eventsEach = 1, options: Options = {}) =>
  Effect.gen(function* () {
    const root = yield* temporaryDirectory
    const directory = join(root, "log")
    const copies: Array<string> = []
    yield* Effect.gen(function* () {
      for (let number = 1; number <= count; number++) {
        for (let event = 0; event < eventsEach; event++) yield* append(decided(number))
        const copy = join(root, `copy-${number}`)
        cpSync(directory, copy, { recursive: true, filter: (path) => !path.endsWith(".sock") })
        copies.push(copy)
      }
    }).pipe(inLog(directory, options))
    return copies
  })

const lastSegment = (directory: string): string => join(directory, segmentNames(directory).at(-1) ?? "")

const lastOf = (directory: string): { readonly seq: number; readonly hash: string } => {
  const { hash, seq } = JSON.parse(linesOf(directory).at(-1) ?? "")
  return { seq, hash }
}

const known = byId([keys.signing])

/** Makes the head say that a line is about to be written, as before each write. */
const announce = (directory: string, next: { readonly seq: number; readonly hash: string }): void => {
  const head = readHead(directory, known)?.head
  if (head === undefined) throw new Error("the log has no head")
  const { checkpoint, closed, hash, log, seq, time } = head
  const file = openHead(directory, keys.signing, head)
  file.write({ checkpoint, closed, hash, log, seq, time, next })
  file.close()
}

const reopen = (directory: string) =>
  Effect.gen(function* () {
    yield* append(decided(99)).pipe(inLog(directory))
    const recovered = eventsOf(directory).findLast(({ type }) => type === "log.recovered")
    return recovered?.["data"] as Record<string, unknown> | undefined
  })

/** Opens a log whose last file has no room for more lines; the head is written in its place. */
const failForWantOfRoom = (directory: string) =>
  Effect.sync(() => {
    const program = join(import.meta.dirname, "process.ts")
    const script = 'trap "" XFSZ; ulimit -f 2; exec "$@"'
    const words = ["-c", script, "sh", process.execPath, "--conditions=source", program, directory, "interval"]
    const { status, stderr } = spawnSync("sh", words, { encoding: "utf8" })
    assert.strictEqual(status, 1, stderr)
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
      assert.deepStrictEqual(yield* reopen(left), { missing: 0, unsealed: 0, torn: { bytes: 20, lines: 0, file } })
      assert.strictEqual(readFileSync(join(left, file), "utf8"), '{"v":1,"seq":3,"time')
      assert.isTrue((yield* check(left)).ok)
    })
  )

  it.live.prop(
    "A8 at any byte of what it was writing, keeps what was acknowledged, and the rest if it is whole",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))],
    ([part]) =>
      Effect.gen(function* () {
        const [first = "", , , , last = ""] = yield* leftBehind(5)
        copyFileSync(join(first, "audit.head"), join(last, "audit.head"))
        announce(last, lastOf(last))
        const path = lastSegment(last)
        const text = readFileSync(path, "latin1")
        const acknowledged = readFileSync(lastSegment(first), "latin1")
        const cut = acknowledged.length + Math.floor(((text.length - acknowledged.length) * part) / 10_000)
        writeFileSync(path, text.slice(0, cut), "latin1")
        const behind = text.slice(acknowledged.length, cut)
        const isWhole = cut === text.length
        assert.deepStrictEqual((yield* check(last)).findings, [])
        const recovered = yield* reopen(last)
        const kept = readFileSync(path, "latin1").slice(0, acknowledged.length + (isWhole ? behind.length : 0))
        assert.strictEqual(kept, isWhole ? text : acknowledged)
        assert.deepInclude(recovered, { missing: 0, unsealed: isWhole ? 4 : 0 })
        if (!isWhole && behind !== "") {
          const file = `${segmentNames(last).at(-1)}.${acknowledged.length}.torn`
          const torn = { bytes: behind.length, lines: behind.split("\n").length - 1, file }
          assert.deepStrictEqual(recovered?.["torn"], torn)
          assert.strictEqual(readFileSync(join(last, file), "latin1"), behind)
        }
        assert.isTrue((yield* check(last)).ok)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 25 }, timeout: 60_000 }
  )

  it.live("A5 has lines found out that have the form of its own and are no JSON", () =>
    Effect.gen(function* () {
      const lefts = yield* leftBehind(2)
      for (const [left, type] of [
        [lefts[0] ?? "", "log.checkpoint"],
        [lefts[1] ?? "", "log.recovered"]
      ] as const) {
        const { hash, seq } = lastOf(left)
        const { text } = seal(seq + 1, `"time":"2026-01-01T00:00:00.000Z","type":"${type}","data":{]`, hash)
        appendFileSync(lastSegment(left), `${text}\n`)
        assert.includeMembers(
          (yield* check(left)).findings.map(({ kind }) => kind),
          ["edit", "insertion"]
        )
        assert.deepInclude((yield* reopen(left))?.["torn"], { lines: 1 })
        assert.deepStrictEqual((yield* check(left)).findings, [])
      }
    })
  )

  const forgeries: Readonly<Record<string, (directory: string, line: string) => void>> = {
    "in its last file": (directory, line) => appendFileSync(lastSegment(directory), line),
    "in a file of their own": (directory, line) => {
      writeFileSync(segmentOf(directory, lastOf(directory).seq + 1).path, line)
    },
    "behind those that it announced": (directory, line) => {
      announce(directory, lastOf(directory))
      appendFileSync(lastSegment(directory), line)
    },
    "in the place of those that it announced": (directory, line) => {
      announce(directory, { seq: lastOf(directory).seq + 1, hash: "0".repeat(64) })
      appendFileSync(lastSegment(directory), line)
    }
  }
  it.live.each(Object.entries(forgeries))(
    "A5 has lines found out that somebody added without the key, %s",
    ([, forge]) =>
      Effect.gen(function* () {
        const [left = ""] = yield* leftBehind(1)
        const before = linesOf(left)
        const { hash, seq } = lastOf(left)
        const { text } = seal(seq + 1, bodyOf(before.at(-1) ?? ""), hash)
        forge(left, `${text}\n`)
        const report = yield* check(left)
        assert.deepInclude(report.findings[0], { kind: "insertion", seq })
        const recovered = yield* reopen(left)
        assert.deepInclude(recovered, { missing: 0, unsealed: 0 })
        const { bytes, file, lines } = recovered?.["torn"] as { bytes: number; lines: number; file: string }
        assert.deepStrictEqual([bytes, lines], [text.length + 1, 1])
        assert.strictEqual(readFileSync(join(left, file), "utf8"), `${text}\n`)
        assert.deepStrictEqual(linesOf(left).slice(0, before.length), before)
        assert.notInclude(linesOf(left), text)
        const after = yield* check(left)
        assert.deepStrictEqual([after.findings, after.notes.map(({ kind }) => kind)], [[], ["torn"]])
      })
  )

  it.live("says which events are missing that were acknowledged, and so does the verifier ever after", () =>
    Effect.gen(function* () {
      const [first = "", , last = ""] = yield* leftBehind(3)
      copyFileSync(lastSegment(first), lastSegment(last))
      const [finding] = (yield* check(last)).findings
      assert.deepInclude(finding, { kind: "truncation", line: 2, seq: 2 })
      // There is no checkpoint: nothing vouches for the two that are left.
      assert.deepInclude(yield* reopen(last), { missing: 4, unsealed: 0 })
      const report = yield* check(last)
      assert.deepInclude(report.findings[0], { kind: "truncation", line: 1, seq: 0 })
      assert.lengthOf(report.findings, 1)
    })
  )

  it.live(
    "A5 without its end goes on behind its last checkpoint, and signs nothing that somebody put there instead",
    () =>
      Effect.gen(function* () {
        const [left = ""] = yield* leftBehind(1, 7, { checkpoint: { events: 3 } })
        const lines = linesOf(left)
        const signed = eventsOf(left).findLastIndex(({ type }) => type === "log.checkpoint") + 1
        assert.isBelow(signed, lines.length - 1)
        const { hash, seq } = JSON.parse(lines[signed - 1] ?? "")
        const { text } = seal(seq + 1, bodyOf(lines[1] ?? ""), hash)
        writeFileSync(lastSegment(left), `${[...lines.slice(0, signed), text].join("\n")}\n`)
        const { file, ...torn } = (yield* reopen(left))?.["torn"] as Record<string, unknown>
        assert.deepStrictEqual(torn, { bytes: text.length + 1, lines: 1 })
        assert.strictEqual(readFileSync(join(left, String(file)), "utf8"), `${text}\n`)
        assert.deepStrictEqual(linesOf(left).slice(0, signed), lines.slice(0, signed))
        assert.notInclude(linesOf(left), text)
        const report = yield* check(left)
        const missing = lines.length - signed
        assert.deepInclude(report.findings[0], { kind: "truncation", seq: signed })
        assert.include(report.findings[0]?.detail, `${missing} events before`)
        assert.lengthOf(report.findings, 1)
      })
  )

  it.live("without its end has this found out for as long as there is no room to write it down", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(1, 7, { checkpoint: { events: 3 } })
      const signed = eventsOf(left).findLastIndex(({ type }) => type === "log.checkpoint") + 1
      const missing = linesOf(left).length - signed
      change(lastSegment(left), (text) => text.split("\n").slice(0, signed).join("\n").concat("\n"))
      for (let attempts = 0; attempts < 3; attempts++) {
        yield* failForWantOfRoom(left)
        assert.strictEqual((yield* check(left)).findings[0]?.kind, "truncation")
      }
      assert.deepInclude(yield* reopen(left), { missing })
      assert.isFalse((yield* check(left)).ok)
    })
  )

  it.live("with one of its two heads has this found out for as long as there is no room to write it down", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(1, 7, { checkpoint: { events: 3 } })
      change(join(left, "audit.head"), (text) => `${"?".repeat(512)}${text.slice(512)}`)
      for (let attempts = 0; attempts < 3; attempts++) {
        yield* failForWantOfRoom(left)
        assert.strictEqual((yield* check(left)).findings[0]?.kind, "head")
      }
      assert.property(yield* reopen(left), "head")
      assert.strictEqual((yield* check(left)).findings[0]?.kind, "head")
    })
  )

  it.live("goes on after an opening that was killed when it had set everything aside", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(3)
      renameSync(segmentOf(left, 1).path, `${segmentOf(left, 1).path}.0.torn`)
      writeFileSync(segmentOf(left, 1).path, "")
      assert.strictEqual((yield* check(left)).findings[0]?.kind, "truncation")
      assert.deepInclude(yield* reopen(left), { missing: 2, unsealed: 0 })
      assert.deepInclude((yield* check(left)).findings[0], { kind: "truncation", seq: 0 })
    })
  )

  it.live("tells what an opening set aside that was killed before it could tell", () =>
    Effect.gen(function* () {
      const [left = ""] = yield* leftBehind(1)
      const { size } = statSync(lastSegment(left))
      const file = `${segmentNames(left).at(-1)}.${size}.torn`
      writeFileSync(join(left, file), "a line\nand a half")
      assert.deepInclude(yield* reopen(left), { torn: { bytes: 17, lines: 1, file } })
      assert.deepStrictEqual(
        (yield* check(left)).notes.map(({ kind }) => kind),
        ["torn"]
      )
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

  it.live(
    "A5 goes on with one of its two heads, and this is found out ever after: the other may have named more lines",
    () =>
      Effect.gen(function* () {
        const [left = ""] = yield* leftBehind(1)
        change(join(left, "audit.head"), (text) => `${"?".repeat(512)}${text.slice(512)}`)
        yield* reopen(left)
        const [finding, ...others] = (yield* check(left)).findings
        assert.deepInclude(finding, { kind: "head", seq: 2 })
        assert.deepStrictEqual(others, [])
      })
  )

  it.live("goes on where a rotation was given up for want of room before it was closed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* append(decided(1)).pipe(inLog(directory))
      const { seq } = lastOf(directory)
      const next = segmentOf(directory, seq + 1).path
      writeFileSync(next, "")
      assert.isTrue((yield* check(directory)).ok)
      assert.isUndefined(yield* reopen(directory))
      assert.isFalse(existsSync(next))
      assert.isTrue((yield* check(directory)).ok)
      writeFileSync(segmentOf(directory, seq + 2).path, "")
      assert.strictEqual((yield* Effect.flip(reopen(directory))).reason._tag, "LogDamaged")
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
