import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { AuditLog } from "../../src/audit/AuditLog.ts"
import * as Captures from "../../src/audit/Captures.ts"
import { verify } from "../../src/audit/Verify.ts"
import { temporaryDirectory } from "../session/directory.ts"
import {
  append,
  change,
  check,
  decided,
  eventsOf,
  inLog,
  keyOf,
  keys,
  linesOf,
  segmentNames,
  writeLog
} from "./logs.ts"

describe("an audit log", () => {
  it.effect("A3 is JSONL that parses line by line, numbered without gaps, each line naming the one before", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 20)
      const events = eventsOf(directory)
      assert.deepStrictEqual(
        events.map(({ seq }) => seq),
        events.map((_, index) => index + 1)
      )
      assert.deepStrictEqual(
        events.slice(1).map(({ prev }) => prev),
        events.slice(0, -1).map(({ hash }) => hash)
      )
      assert.deepInclude(events[0], { v: 1, type: "log.opened", prev: "0".repeat(64) })
      assert.strictEqual(events.at(-1)?.["type"], "log.checkpoint")
      assert.isTrue((yield* check(directory)).ok)
    })
  )

  it.live.each(["interval", "always"] as const)(
    "answers with the place of an event, in the order in which events were given, with fsync %s",
    (fsync) =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const options = { fsync, checkpoint: { events: 50 }, rotate: { bytes: 40_000 } }
        const places = yield* Effect.forEach(
          Array.from({ length: 1_500 }, (_, index) => decided(index)),
          append,
          {
            concurrency: "unbounded"
          }
        ).pipe(inLog(directory, options))
        const events = eventsOf(directory)
        for (const [index, { hash, seq }] of places.entries()) {
          assert.strictEqual(events[seq - 1]?.["hash"], hash)
          assert.deepInclude(events[seq - 1]?.["data"], { call: `1.${index}` })
          assert.isAbove(seq, places[index - 1]?.seq ?? 0)
        }
        assert.isTrue((yield* check(directory)).ok)
      })
  )

  it.live.each(["interval", "always"] as const)("takes nothing once it is closed, with fsync %s", (fsync) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const log = yield* AuditLog.use(Effect.succeed).pipe(inLog(directory, { fsync }))
      const error = yield* Effect.flip(log.append(decided(1)))
      assert.strictEqual(error.reason._tag, "LogClosed")
      assert.lengthOf(linesOf(directory), 2)
    })
  )

  it.effect("keeps events that were given together behind each other", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const batch = (name: string) => [1, 2, 3].map((number) => decided(number, name))
      const batches = yield* Effect.forEach(
        ["a", "b", "c", "d"],
        (name) => AuditLog.use((log) => log.appendAll(batch(name))),
        {
          concurrency: "unbounded"
        }
      ).pipe(inLog(directory))
      for (const places of batches) {
        const [first] = places.map(({ seq }) => seq)
        assert.deepStrictEqual(
          places.map(({ seq }) => seq),
          [0, 1, 2].map((step) => (first ?? 0) + step)
        )
      }
    })
  )

  it.effect("goes on where it stopped, and says how it was left", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 3)
      yield* writeLog(directory, 3)
      const opened = eventsOf(directory).filter(({ type }) => type === "log.opened")
      const logs = opened.map(({ data }) => data as Record<string, unknown>)
      assert.deepStrictEqual(
        logs.map(({ after }) => after),
        ["new", "closed"]
      )
      assert.strictEqual(logs[0]?.["log"], logs[1]?.["log"])
      assert.isTrue((yield* check(directory)).ok)
    })
  )

  it.effect("has one writer at a time", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const second = Effect.flip(append(decided(1)).pipe(inLog(directory)))
      const error = yield* Effect.andThen(append(decided(1)), second).pipe(inLog(directory))
      assert.strictEqual(error.reason._tag, "LogLocked")
      yield* append(decided(2)).pipe(inLog(directory))
    })
  )

  it.effect("is readable by its owner only", () =>
    Effect.gen(function* () {
      const directory = join(yield* temporaryDirectory, "audit")
      yield* writeLog(directory, 1)
      const modes = ["", "audit.head", "audit.lock", ...segmentNames(directory)].map(
        (name) => statSync(join(directory, name)).mode & 0o077
      )
      assert.deepStrictEqual([...new Set(modes)], [0])
    })
  )

  it.effect("begins another file by size, and keeps the chain over all of them", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 100, { rotate: { bytes: 4_096 }, checkpoint: { events: 7 } })
      const names = segmentNames(directory)
      assert.isAtLeast(names.length, 8)
      for (const name of names) {
        const lines = readFileSync(join(directory, name), "utf8").trimEnd().split("\n")
        assert.include(name, String(JSON.parse(lines[0] ?? "").seq).padStart(12, "0"))
        assert.strictEqual(JSON.parse(lines.at(-1) ?? "").type, "log.checkpoint")
      }
      const report = yield* check(directory)
      assert.deepStrictEqual(
        [report.ok, report.segments, report.events],
        [true, names.length, linesOf(directory).length]
      )
    })
  )

  it.effect("refuses to go on with what somebody has changed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 5)
      const [name = ""] = segmentNames(directory)
      const before = readFileSync(join(directory, name), "utf8")
      change(join(directory, name), (text) => text.replace('"amount":3', '"amount":4'))
      const error = yield* Effect.flip(append(decided(1)).pipe(inLog(directory)))
      assert.deepInclude(error.reason, { _tag: "LogDamaged", line: 4 })
      change(join(directory, name), () => `${before.split("\n").slice(0, -2).join("\n")}\n`)
      const cut = yield* Effect.flip(append(decided(1)).pipe(inLog(directory)))
      assert.strictEqual(cut.reason._tag, "LogDamaged")
    })
  )

  it.effect("refuses a key that is too short, and keys among which is none that signed its head", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const short = { id: "short", bytes: Redacted.make(new Uint8Array(31)) }
      const refused = yield* Effect.flip(writeLog(directory, 1, { keys: { signing: short, verification: [] } }))
      assert.strictEqual(refused.reason._tag, "KeyRefused")
      const old = keyOf("old", 1)
      yield* writeLog(directory, 1, { keys: { signing: old, verification: [] } })
      const error = yield* Effect.flip(writeLog(directory, 1))
      assert.strictEqual(error.reason._tag, "LogDamaged")
      assert.include(error.message, '"old"')
      const rotated = { signing: keys.signing, verification: [old] }
      yield* writeLog(directory, 1, { keys: rotated })
      assert.isTrue((yield* verify({ directory, keys: [keys.signing, old] })).ok)
      assert.isFalse((yield* check(directory)).ok)
    })
  )
})

describe("what an event holds", () => {
  it.effect("A2 is enriched, and what the host says itself stays", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const enrich = () => ({ region: "north", method: "enriched" })
      yield* append(decided(1)).pipe(inLog(directory, { enrich }))
      assert.deepInclude(eventsOf(directory)[1]?.["data"], { region: "north", method: "bank.refund" })
    })
  )

  it.effect("A2 is written even if the enricher fails", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const enrich = () => {
        throw new Error("no region")
      }
      yield* append(decided(1)).pipe(inLog(directory, { enrich }))
      assert.deepInclude(eventsOf(directory)[1]?.["data"], { $enrichment: "failed: no region", method: "bank.refund" })
    })
  )

  it.effect("A2 names bytes by their hash, and they are kept once", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const bytes = new Uint8Array([1, 2, 3, 250])
      const [first, again] = yield* Effect.all([1, 2].map(() => AuditLog.use((log) => log.capture(bytes)))).pipe(
        inLog(directory)
      )
      assert.deepStrictEqual(first, again)
      const { sha256 = "" } = first ?? {}
      const file = Captures.nameOf(sha256)
      assert.deepStrictEqual(new Uint8Array(readFileSync(join(directory, file))), bytes)
      assert.isUndefined(Captures.faultOf(directory, sha256))
      change(join(directory, file), () => "other")
      assert.include(Captures.faultOf(directory, sha256), "other bytes")
    })
  )

  it.effect("is redacted before it is hashed, in texts and keys, at every depth", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const data = { token: "Bearer hunter2", list: [{ hunter2: "x", "[secret]": "y" }], text: "hunter2hunter2" }
      const redact = (text: string) => text.replaceAll("hunter2", "[secret]")
      yield* append({ type: "x-login", data }).pipe(inLog(directory, { redact }))
      const [, line = ""] = linesOf(directory)
      assert.notInclude(line, "hunter2")
      assert.deepStrictEqual(JSON.parse(line).data, {
        list: [{ "[secret]": "y", "[secret] (2)": "x" }],
        text: "[secret][secret]",
        token: "Bearer [secret]"
      })
      assert.isTrue((yield* check(directory)).ok)
    })
  )

  it.effect("says so where a bound was reached", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const deep = { a: { b: { c: { d: 1 } } } }
      const bounds = { depthMax: 2, textMax: 10, valuesMax: 12 }
      const data = { deep, text: "x".repeat(50), many: Array.from({ length: 40 }, () => 1) }
      yield* append({ type: "x-large", data }).pipe(inLog(directory, { bounds }))
      const written = eventsOf(directory)[1]?.["data"] as Record<string, unknown>
      assert.deepStrictEqual(written["$cut"], { depth: 1, text: 0, values: 34 })
      assert.deepStrictEqual(written["deep"], { a: { b: "[cut]" } })
      yield* append({ type: "x-large", data: { text: data.text } }).pipe(inLog(directory, { bounds }))
      const last = eventsOf(directory).find(({ seq }) => seq === 5)?.["data"]
      assert.deepStrictEqual(last, { $cut: { depth: 0, text: 1, values: 0 }, text: "xxxxxxxxxx[cut]" })
    })
  )

  it.effect("has the output of a guest as a digest, or as text where the log is set to that", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const event = { type: "output", data: { stream: "stdout", text: "hello" } } as const
      yield* append(event).pipe(inLog(directory))
      yield* append(event).pipe(inLog(directory, { output: "text" }))
      const [digest, text] = eventsOf(directory).filter(({ type }) => type === "output")
      assert.deepStrictEqual(digest?.["data"], {
        bytes: 5,
        sha256: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        stream: "stdout"
      })
      assert.deepStrictEqual(text?.["data"], { stream: "stdout", text: "hello" })
    })
  )

  it.effect.each([
    ["a type that there is not", { type: "call.made" as "alert" }, /not a type/],
    ["a function", { type: "alert", data: { a: { b: (() => 1) as never } } }, /data\["a"\]\["b"\] is a function/],
    ["a date", { type: "alert", data: { a: [new Date(0) as never] } }, /data\["a"\]\[0\] is a Date/],
    ["a mark of the log's own", { type: "alert", data: { $cut: 1 } }, /\$cut/],
    ["a long id", { type: "alert", run: "x".repeat(257) }, /run is not/]
  ] as const)("is refused with %s, and nothing is written", ([, event, why]) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const error = yield* Effect.flip(append(event)).pipe(inLog(directory))
      assert.strictEqual(error.reason._tag, "InvalidEvent")
      assert.match(error.message, why)
      assert.lengthOf(linesOf(directory), 2)
      assert.isFalse(existsSync(join(directory, "captures")))
    })
  )
})
