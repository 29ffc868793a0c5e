import { assert } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { Journal, type SnapshotBytes } from "../../../src/session/journal/Journal.ts"
import {
  append,
  appendSnapshot,
  batchFrom,
  close,
  create,
  ended,
  entriesFrom,
  type It,
  isKept,
  newName,
  now,
  opened,
  read,
  seqsOf,
  snapshotOf,
  started
} from "./Steps.ts"

const bytesOf = (snapshot: SnapshotBytes) =>
  Effect.map(
    Journal.use((journal) => journal.snapshot(snapshot.id)),
    Option.getOrUndefined
  )

/** What is kept beside the entries, and when it is dropped. */
export const snapshots = (it: It) => {
  it.effect("a snapshot is kept with its bytes, however few or many", () =>
    Effect.gen(function* () {
      const claim = yield* create(newName())
      const large = new Uint8Array(3 * 1_048_576 + 1).map((_, index) => index % 251)
      const texts = [snapshotOf(""), snapshotOf(`small ${claim.session}`)]
      const all = [...texts, { id: `large ${claim.session}`, bytes: large }]
      for (const [index, snapshot] of all.entries()) yield* appendSnapshot(claim, index + 2, snapshot)
      for (const snapshot of all) assert.deepStrictEqual(yield* bytesOf(snapshot), snapshot.bytes)
      assert.isFalse(yield* isKept(snapshotOf(`never kept ${claim.session}`)))
    })
  )

  it.effect("nobody outside can change the bytes that are kept", () =>
    Effect.gen(function* () {
      const claim = yield* create(newName())
      const snapshot = snapshotOf(`as it was ${claim.session}`)
      const before = snapshot.bytes.slice()
      yield* appendSnapshot(claim, 2, snapshot)
      snapshot.bytes.fill(0)
      const given = yield* bytesOf(snapshot)
      assert.deepStrictEqual(given, before)
      given?.fill(1)
      assert.deepStrictEqual(yield* bytesOf(snapshot), before)
    })
  )

  it.effect("pruning drops all but the named snapshots of a session, and no entry", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const claim = yield* create(newName())
      const [one, two, three] = ["one", "two", "three"].map((name) => snapshotOf(`${name} ${claim.session}`))
      assert(one !== undefined && two !== undefined && three !== undefined)
      yield* appendSnapshot(claim, 2, one)
      yield* appendSnapshot(claim, 3, two)
      yield* appendSnapshot(claim, 4, three)
      const before = yield* read(claim.session)
      yield* journal.prune(claim, [two.id, snapshotOf("not one of its snapshots").id])
      assert.deepStrictEqual(yield* Effect.forEach([one, two, three], isKept), [false, true, false])
      assert.deepStrictEqual(yield* read(claim.session), before)
      yield* appendSnapshot(claim, 5, one)
      assert.isTrue(yield* isKept(one))
    })
  )

  it.effect("pruning copes with more snapshots than a statement has room for", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const claim = yield* create(newName())
      const many = Array.from({ length: 1_200 }, (_, index) => snapshotOf(`${index} of ${claim.session}`))
      yield* journal.append(claim, { ...batchFrom(2, ...many.map(ended)), snapshots: many })
      const kept = many.slice(-600)
      yield* journal.prune(
        claim,
        kept.map(({ id }) => id)
      )
      assert.deepStrictEqual((yield* Effect.filter(many, isKept)).length, 600)
      assert.isTrue(yield* isKept(many[600] ?? snapshotOf("")))
    })
  )

  it.effect("a snapshot of two sessions goes with the last one that refers to it", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const [first, second] = [yield* create(newName()), yield* create(newName())]
      const shared = snapshotOf(`shared ${first.session}`)
      yield* appendSnapshot(first, 2, shared)
      yield* appendSnapshot(second, 2, shared)
      yield* journal.prune(first, [])
      assert.deepStrictEqual(yield* bytesOf(shared), shared.bytes)
      yield* journal.prune(second, [])
      assert.isFalse(yield* isKept(shared))
    })
  )

  it.effect("a fork keeps its source's snapshots without bringing their bytes", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const source = yield* create(newName())
      const shared = snapshotOf(`forked ${source.session}`)
      yield* appendSnapshot(source, 2, shared)
      const mark = entriesFrom(3, { _tag: "Forked", session: source.session, seq: 2 })
      const fork = yield* create(newName(), { entries: [...(yield* read(source.session)), ...mark] })
      yield* journal.prune(source, [])
      assert.deepStrictEqual(yield* bytesOf(shared), shared.bytes)
      yield* append(fork, 4, started("2.1"))
      yield* journal.prune(fork, [])
      assert.isFalse(yield* isKept(shared))
    })
  )

  it.effect("compacting drops journals and snapshots of sessions closed before a time, and keeps their summaries", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* TestClock.adjust(1)
      yield* journal.compact(yield* now)
      const [old, recent, open] = [yield* create(newName()), yield* create(newName()), yield* create(newName())]
      const own = snapshotOf(`own ${old.session}`)
      const shared = snapshotOf(`shared ${old.session}`)
      yield* appendSnapshot(old, 2, own)
      yield* appendSnapshot(old, 3, shared)
      yield* appendSnapshot(open, 2, shared)
      yield* close(old, 4)
      yield* TestClock.adjust(1_000)
      yield* close(recent, 2)
      const before = yield* journal.summary(old.session)

      assert.strictEqual(yield* journal.compact(yield* now), 1)
      assert.deepStrictEqual(yield* journal.summary(old.session), before)
      assert.deepStrictEqual([before.status, before.seq], ["closed", 4])
      assert.deepStrictEqual(yield* read(old.session), [])
      assert.deepStrictEqual(seqsOf(yield* read(recent.session)), [1, 2])
      assert.deepStrictEqual(seqsOf(yield* read(open.session)), [1, 2])
      assert.deepStrictEqual(yield* Effect.forEach([own, shared], isKept), [false, true])

      assert.strictEqual(yield* journal.compact(yield* now), 0)
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* journal.compact(yield* now), 1)
      assert.strictEqual((yield* journal.summary(recent.session)).status, "closed")
    })
  )

  it.effect("compacting gets through any number of sessions", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      yield* TestClock.adjust(1)
      yield* journal.compact(yield* now)
      const names = Array.from({ length: 50 }, newName)
      for (const session of names) {
        yield* create(session, { entries: entriesFrom(1, opened, { _tag: "Closed" }), status: "closed" })
      }
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* journal.compact(yield* now), 50)
      assert.deepStrictEqual(
        yield* Effect.forEach(names, (session) => read(session)),
        names.map(() => [])
      )
    })
  )
}
