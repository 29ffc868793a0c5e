import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { NewEvent } from "../../src/audit/AuditEvent.ts"
import { AuditLog } from "../../src/audit/AuditLog.ts"
import * as Query from "../../src/audit/Query.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, change, decided, eventsOf, inLog, linesOf, segmentNames, writeLog } from "./logs.ts"

const find = (directory: string, filter: Query.Filter) => Stream.runCollect(Query.lines(directory, filter))

const seqsOf = (directory: string, filter: Query.Filter) =>
  Effect.map(find(directory, filter), (lines) => lines.map(({ seq }) => seq))

/** What a run leaves in a log, in the order in which it happens. */
const execution = (run: string): ReadonlyArray<NewEvent> => {
  const about = { session: "ses-1", run, turn: "1", trace: `trace-${run}` }
  return [
    { ...about, type: "run.started", data: { language: "javascript" } },
    { ...about, type: "call.decided", data: { call: "1.1", effect: "allow", rule: "small", layer: "session" } },
    { ...about, type: "call.started", data: { call: "1.1" } },
    { ...about, type: "call.settled", data: { call: "1.1", receipt: "committed" } },
    { ...about, type: "run.ended", data: { outcome: "succeeded" } }
  ]
}

/** Two runs whose events come in turns, a minute apart from each other. */
const interleaved = (directory: string) =>
  Effect.gen(function* () {
    const log = yield* AuditLog
    const others = execution("run-b")
    for (const [index, event] of execution("run-a").entries()) {
      yield* log.append(event)
      yield* TestClock.adjust("1 minute")
      yield* log.append(others[index] ?? event)
    }
  }).pipe(inLog(directory))

const minutes = (count: number): number => count * 60_000

describe("a query", () => {
  it.effect("A1 gives start, policy, call, result and end of a run in their order, with the same ids", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* interleaved(directory)
      for (const run of ["run-a", "run-b"]) {
        const events = (yield* find(directory, { run })).map((line) => Result.getOrThrow(Query.eventOf(line)))
        assert.deepStrictEqual(
          events.map(({ type }) => type),
          execution(run).map(({ type }) => type)
        )
        for (const { run: id, session, trace, turn } of events) {
          assert.deepStrictEqual([id, session, trace, turn], [run, "ses-1", `trace-${run}`, "1"])
        }
      }
    })
  )

  it.effect("A1 filters by type and by time, and by both", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* interleaved(directory)
      const since = yield* find(directory, { sinceMillis: minutes(4), type: "run.ended" })
      assert.lengthOf(since, 2)
      assert.lengthOf(yield* find(directory, { sinceMillis: minutes(5), type: "run.ended" }), 1)
      assert.lengthOf(yield* find(directory, { untilMillis: minutes(1), run: "run-b" }), 1)
      assert.lengthOf(yield* find(directory, { sinceMillis: minutes(1), untilMillis: minutes(2), session: "ses-1" }), 4)
      assert.lengthOf(yield* find(directory, { session: "ses-1", limit: 3 }), 3)
      assert.deepStrictEqual(yield* find(directory, { session: "ses-2" }), [])
      assert.lengthOf(yield* find(directory, { trace: "trace-run-a", after: 2 }), 4)
    })
  )

  it.effect.prop(
    "finds exactly the lines that reading the whole log finds",
    [
      Schema.Struct({
        run: Schema.optionalKey(Schema.Literals(["run-0", "run-1", "run-9"])),
        type: Schema.optionalKey(Schema.Literals(["call.decided", "log.checkpoint", "alert"])),
        session: Schema.optionalKey(Schema.Literals(["ses-1"])),
        sinceMillis: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: -5, maximum: 90 }))),
        untilMillis: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: -5, maximum: 90 }))),
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 })))
      }),
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 80 }))).check(Schema.isMaxLength(40))
    ],
    ([filter, times]) =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        // A clock that is set forward and back.
        yield* Effect.forEach(times, (time, index) =>
          Effect.andThen(TestClock.setTime(time), append(decided(index, `run-${index % 2}`)))
        ).pipe(inLog(directory, { checkpoint: { events: 5 }, rotate: { bytes: 4_000 } }))
        const expected = eventsOf(directory)
          .filter(({ run, session, time, type }) => {
            const at = Date.parse(String(time))
            return (
              (filter.run === undefined || run === filter.run) &&
              (filter.type === undefined || type === filter.type) &&
              (filter.session === undefined || session === filter.session) &&
              at >= (filter.sinceMillis ?? at) &&
              at <= (filter.untilMillis ?? at)
            )
          })
          .map(({ seq }) => seq)
          .slice(0, filter.limit ?? 1_000)
        assert.deepStrictEqual(yield* seqsOf(directory, filter), expected)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 40 }, timeout: 60_000 }
  )

  it.effect("sees what was written since the last one, in files that are new as well", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const options = { rotate: { bytes: 3_000 } }
      for (const times of [1, 2, 3]) {
        yield* writeLog(directory, 20, options)
        assert.deepStrictEqual(
          yield* seqsOf(directory, {}),
          linesOf(directory).map((_, index) => index + 1)
        )
        assert.lengthOf(yield* find(directory, { type: "log.opened" }), times)
      }
    })
  )

  it.effect("gives the lines as they stand in the files, more of them than one page", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.gen(function* () {
        const log = yield* AuditLog
        for (let from = 0; from < 1_200; from += 200) {
          yield* log.appendAll(Array.from({ length: 200 }, (_, index) => decided(from + index)))
        }
      }).pipe(inLog(directory))
      const found = yield* find(directory, { limit: 5_000 })
      assert.deepStrictEqual(
        found.map(({ text }) => text),
        linesOf(directory)
      )
    })
  )

  it.effect("makes its index anew if it is missing, no index, or that of another log", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const index = join(directory, "index.sqlite")
      yield* writeLog(directory, 9)
      const expected = yield* seqsOf(directory, { run: "run-1" })
      assert.isTrue(existsSync(index))
      writeFileSync(index, "no index".repeat(1_000))
      assert.deepStrictEqual(yield* seqsOf(directory, { run: "run-1" }), expected)
      const other = yield* temporaryDirectory
      yield* writeLog(other, 30)
      yield* seqsOf(other, {})
      for (const suffix of ["-wal", "-shm"]) rmSync(`${index}${suffix}`, { force: true })
      writeFileSync(index, readFileSync(join(other, "index.sqlite")))
      assert.deepStrictEqual(yield* seqsOf(directory, { run: "run-1" }), expected)
    })
  )

  it.effect("makes its index anew if lines have moved", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 9)
      const expected = yield* seqsOf(directory, { run: "run-1" })
      const path = join(directory, segmentNames(directory)[0] ?? "")
      change(path, (text) => text.slice(text.indexOf("\n") + 1))
      assert.deepStrictEqual(yield* seqsOf(directory, { run: "run-1" }), expected)
    })
  )

  it.effect("refuses a line that was changed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeLog(directory, 9)
      assert.lengthOf(yield* find(directory, { run: "run-1" }), 3)
      change(join(directory, segmentNames(directory)[0] ?? ""), (text) => text.replace('"amount":2', '"amount":7'))
      const error = yield* Effect.flip(find(directory, { run: "run-1" }))
      assert.strictEqual(error.reason._tag, "LogDamaged")
      assert.include(error.message, "event 3")
    })
  )

  it.effect("says that there is no log where there is none", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(find(yield* temporaryDirectory, {}))
      assert.strictEqual(error.reason._tag, "LogMissing")
    })
  )
})
