import { copyFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result, Schema } from "effect"
import { Journal } from "../../src/session/journal/Journal.ts"
import { fromEntry, toEntry } from "../../src/session/journal/JournalRow.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { SessionEvent } from "../../src/session/SessionEvent.ts"
import { append, leaseMillis, owner, read, started } from "../contract/journal/Steps.ts"
import { temporaryDirectory } from "./directory.ts"
import { asRead, folder, goldenDecisions, goldenJournals, goldenOf, goldenSnapshots, goldenVersions } from "./golden.ts"

describe("journals of earlier builds", () => {
  it("hold every kind of event and of verdict", () => {
    const text = JSON.stringify(goldenJournals)
    const tags = [...Object.keys(SessionEvent.cases), "Allowed", "Asked", "Denied", "Succeeded", "Rejected"]
    assert.deepStrictEqual(
      tags.filter((tag) => !text.includes(`"_tag":"${tag}"`)),
      []
    )
  })

  it.each(goldenJournals)("are read without a loss, as in $session", ({ session, rows }) => {
    for (const row of rows) {
      const stored = { ...row, event: JSON.stringify(row.event) }
      const entry = Result.getOrThrow(toEntry(session, row.seq, stored))
      assert.deepStrictEqual(entry, { seq: row.seq, atMillis: row.atMillis, event: asRead(row.event) })
      const again = fromEntry(entry)
      assert.deepStrictEqual({ ...again, event: JSON.parse(again.event) }, { ...row, event: asRead(row.event) })
    }
  })

  it.prop("are written as their schema would write them", [SessionEvent], ([event]) => {
    const { event: text } = fromEntry({ seq: 1, atMillis: 0, event })
    const encoded = Schema.encodeSync(Schema.toCodecJson(SessionEvent))(event)
    const read = Result.getOrThrow(toEntry("s", 1, { seq: 1, version: 1, atMillis: 0, event: text })).event
    for (const same of [encoded, read]) assert.deepStrictEqual(JSON.parse(JSON.stringify(same)), JSON.parse(text))
  })

  it.effect.each(goldenVersions)("are opened in the SQLite file of %s, and go on", (version) =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      copyFileSync(join(folder, `${version}.sqlite`), filename)
      const open = JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename })))
      yield* Effect.gen(function* () {
        const journal = yield* Journal
        for (const { session, rows } of goldenOf(version)) {
          const summary = yield* journal.summary(session)
          assert.deepStrictEqual([summary.status, summary.seq, summary.epoch], ["idle", rows.length, 1])
          assert.deepStrictEqual([summary.metadata, summary.dueMillis], [{ from: "a fixture" }, 1_763_600_000_000])
          assert.deepStrictEqual(
            yield* read(session),
            rows.map(({ seq, atMillis, event }) => ({ seq, atMillis, event: asRead(event) }))
          )
          const decisions = (yield* journal.decisions(session)).map(({ atMillis: _, ...given }) => given)
          assert.deepStrictEqual(decisions, version === "v1" ? [] : goldenDecisions)
          const later = { call: "9.9", digest: "e", decision: { _tag: "Approve" }, by: "heir" } as const
          assert.isTrue((yield* journal.decide(session, later)).isFirst)
          const claim = yield* journal.claim(session, owner("heir"), leaseMillis)
          yield* append(claim, rows.length + 1, started("9.1"))
        }
        for (const { id, bytes } of goldenSnapshots) {
          assert.deepStrictEqual(Option.getOrUndefined(yield* journal.snapshot(id)), bytes)
        }
      }).pipe(Effect.provide(open))
    })
  )
})
