import { cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import { type EventType, eventTypes } from "../../src/audit/AuditEvent.ts"
import { byId } from "../../src/audit/AuditKey.ts"
import { defaultBounds } from "../../src/audit/Canonical.ts"
import * as Captures from "../../src/audit/Captures.ts"
import { seal } from "../../src/audit/Chain.ts"
import { draftOf } from "../../src/audit/Draft.ts"
import * as Proof from "../../src/audit/Proof.ts"
import * as Query from "../../src/audit/Query.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { folders } from "./golden.ts"
import { append, check, decided, eventsOf, inLog, keys, linesOf } from "./logs.ts"

const drafting = { redact: (text: string) => text, enrich: undefined, output: "text", bounds: defaultBounds } as const

describe("logs of earlier builds", () => {
  it("have every type of event", () => {
    const found = new Set(folders.flatMap(eventsOf).map(({ type }) => type))
    assert.deepStrictEqual(
      Object.keys(eventTypes).filter((type) => !found.has(type)),
      []
    )
  })

  it.live.each(folders)("A3 A5 are as they were written", (folder) =>
    Effect.gen(function* () {
      const report = yield* check(folder)
      assert.deepStrictEqual(report.findings, [])
      assert.isAbove(report.segments, 2)
      assert.deepStrictEqual(
        report.notes.map(({ kind }) => kind),
        ["torn"]
      )
    })
  )

  it.each(folders)("would be written the same today, byte by byte", (folder) => {
    for (const line of linesOf(folder)) {
      const { data, prev, seq, time, type, ...subject } = JSON.parse(line)
      // What a bound has cut is marked, and nobody may write such a mark himself.
      if (data.$cut !== undefined) continue
      const { body } = draftOf({ ...subject, type: type as EventType, data }, time, drafting)
      assert.strictEqual(seal(seq, body, prev).text, line)
    }
  })

  it.each(folders)("have a capture, and a proof that is still one", (folder) => {
    const { data } =
      eventsOf(folder).find(({ type, data }) => type === "file.written" && "capture" in (data as object)) ?? {}
    const { capture } = data as { readonly capture: string }
    assert.strictEqual(readFileSync(join(folder, Captures.nameOf(capture)), "utf8"), "a golden capture")
    const proven = Proof.check(readFileSync(join(folder, "proof.json"), "utf8"), byId([keys.signing]))
    assert.isAbove(Result.getOrThrow(proven).lines.length, 3)
  })

  it.live.each(folders)("are queried, and go on", (folder) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      cpSync(folder, directory, { recursive: true })
      const lines = yield* Stream.runCollect(Query.lines(directory, {}))
      assert.deepStrictEqual(
        lines.map(({ text }) => text),
        linesOf(folder)
      )
      for (const line of lines) assert.isTrue(Result.isSuccess(Query.eventOf(line)))
      yield* append(decided(1)).pipe(inLog(directory))
      assert.deepStrictEqual(linesOf(directory).slice(0, lines.length), linesOf(folder))
      assert.isTrue((yield* check(directory)).ok)
    })
  )
})
