import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Journal, type Summary } from "../../../src/session/journal/Journal.ts"
import {
  ann,
  append,
  batchFrom,
  create,
  ended,
  type It,
  leaseMillis,
  newName,
  now,
  opened,
  owner,
  started
} from "./Steps.ts"

const namesOf = (summaries: ReadonlyArray<Summary>) => summaries.map(({ session }) => session)

/** What a list shows without reading any journal. */
export const summaries = (it: It) => {
  it.effect("a summary says what the last batch said, and when", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      const createdMillis = yield* now
      const metadata = { team: "büro 7", "": "\u0000", ["__proto__"]: "own" }
      const created = { session, template: "javascript", metadata, ...batchFrom(1, opened), status: "idle" as const }
      const claim = yield* journal.create(created, ann, leaseMillis)
      const first: Summary = {
        session,
        status: "idle",
        template: "javascript",
        metadata,
        epoch: 1,
        seq: 1,
        createdMillis,
        updatedMillis: createdMillis,
        dueMillis: null
      }
      assert.deepStrictEqual(yield* journal.summary(session), first)
      yield* TestClock.adjust(2_500)
      const batch = batchFrom(2, started("1.1"), ended())
      yield* journal.append(claim, { ...batch, status: "paused", dueMillis: 1_700_000_000_123 })
      const updatedMillis = createdMillis + 2_500
      const second: Summary = { ...first, status: "paused", seq: 3, updatedMillis, dueMillis: 1_700_000_000_123 }
      assert.deepStrictEqual(yield* journal.summary(session), second)
    })
  )

  it.effect("claiming, renewing, giving back and pruning change nothing of a summary but its epoch", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      const claim = yield* create(session)
      const before = yield* journal.summary(session)
      yield* TestClock.adjust(100)
      yield* journal.prune(claim, [])
      yield* journal.renew(ann, leaseMillis)
      yield* journal.release(claim)
      yield* journal.claim(session, owner("bob"), leaseMillis)
      assert.deepStrictEqual(yield* journal.summary(session), { ...before, epoch: 2 })
    })
  )

  it.effect("a list shows the newest sessions first, page by page", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const names = Array.from({ length: 7 }, newName)
      for (const session of names) yield* create(session)
      yield* append({ session: names[0] ?? "", epoch: 1 }, 2, started("1.1"))
      const newest = names.toReversed()
      assert.deepStrictEqual(namesOf(yield* journal.list({ limit: 7 })), newest)
      assert.deepStrictEqual(namesOf(yield* journal.list({ limit: 3, offset: 2 })), newest.slice(2, 5))
      assert.deepStrictEqual(yield* journal.list({ limit: 2 }), [
        yield* journal.summary(newest[0] ?? ""),
        yield* journal.summary(newest[1] ?? "")
      ])
    })
  )

  it.effect("a list never shows more than it was asked for", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* create(newName())
      assert.deepStrictEqual(yield* journal.list({ limit: 0 }), [])
      assert.deepStrictEqual(yield* journal.list({ limit: -1 }), [])
      assert.deepStrictEqual(yield* journal.list({ limit: 1, offset: 1_000_000 }), [])
      assert.lengthOf(yield* journal.list({ limit: 1.9, offset: -1 }), 1)
    })
  )
}
