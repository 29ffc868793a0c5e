/**
 * Journals as earlier builds wrote them. Fixtures are added with each version of the format and never changed.
 *
 * `node test/session/golden.ts <version> <file>` writes the entries of a version's fixtures into a new SQLite journal.
 */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Effect, Layer } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import type { GivenDecision } from "../../src/session/Decision.ts"
import { Journal, type SnapshotBytes } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import type { Entry } from "../../src/session/SessionEvent.ts"
import { owner, snapshotOf } from "../contract/journal/Steps.ts"

export const folder = fileURLToPath(new URL("../fixtures/journal/", import.meta.url))

/** The events are not checked: that is what the tests do. */
export interface GoldenRow {
  readonly seq: number
  readonly version: number
  readonly atMillis: number
  readonly event: Entry["event"]
}

export interface GoldenJournal {
  readonly session: string
  readonly rows: ReadonlyArray<GoldenRow>
}

export const goldenJournals: ReadonlyArray<GoldenJournal> = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .map((file) => ({ session: file.slice(0, -".json".length), rows: JSON.parse(readFileSync(folder + file, "utf8")) }))

/** An event as it is read: limits that earlier builds did not have are those of this one. */
export const asRead = (event: Entry["event"]): Entry["event"] =>
  event._tag === "Opened" ? { ...event, limits: { ...defaults, ...event.limits } } : event

export const goldenSnapshots: ReadonlyArray<SnapshotBytes> = ["a golden snapshot", "another golden snapshot"].map(
  snapshotOf
)

/** Of the tables, not of the entries. */
export const goldenVersions = ["v1", "v2"] as const

export const goldenOf = (version: string) => goldenJournals.filter(({ session }) => session.startsWith(`${version}-`))

/** Since version 2, on each of its sessions. */
export const goldenDecisions: ReadonlyArray<GivenDecision> = [
  { call: "1.1", digest: "c".repeat(64), decision: { _tag: "Approve", input: '{"amount":20}' }, by: "bob" },
  { call: "1.2", digest: "d".repeat(64), decision: { _tag: "Deny", reason: "too much" }, by: undefined }
]

const write = Effect.fnUntraced(function* (version: string) {
  const journal = yield* Journal
  for (const { session, rows } of goldenOf(version)) {
    const entries = rows.map(({ seq, atMillis, event }) => ({ seq, atMillis, event }))
    const about = { session, template: "javascript", metadata: { from: "a fixture" } }
    const batch = { entries, snapshots: goldenSnapshots, status: "idle", dueMillis: 1_763_600_000_000 } as const
    yield* journal.release(yield* journal.create({ ...about, ...batch }, owner("golden"), 1))
    for (const decision of goldenDecisions) yield* journal.decide(session, decision)
  }
})

if (import.meta.main) {
  const [version = "", filename = ""] = process.argv.slice(2)
  await Effect.runPromise(
    write(version).pipe(Effect.provide(JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename })))))
  )
}
