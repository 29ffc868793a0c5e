import { assert } from "@effect/vitest"
import { Effect, Equal, Result } from "effect"
import { Journal, SequenceGap } from "../../../src/session/journal/Journal.ts"
import { SessionEvent } from "../../../src/session/SessionEvent.ts"
import {
  ann,
  append,
  batchFrom,
  create,
  ended,
  entriesFrom,
  type It,
  isKept,
  leaseMillis,
  newName,
  opened,
  read,
  reasonOf,
  refused,
  seqsOf,
  snapshotOf,
  started
} from "./Steps.ts"

/** J1 and J2: what is written is there, whole, in order and without gaps. */
export const batches = (it: It) => {
  it.effect("J1 J2 entries are read back as they were written, from any point on", () =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      yield* append(claim, 2, started("1.1"), started("1.2"))
      yield* append(claim, 4, ended())
      const entries = [...entriesFrom(1, opened), ...entriesFrom(2, started("1.1"), started("1.2"))]
      assert.deepStrictEqual(yield* read(session), [...entries, ...entriesFrom(4, ended())])
      assert.deepStrictEqual(seqsOf(yield* read(session, 2)), [3, 4])
      assert.deepStrictEqual(seqsOf(yield* read(session, 4)), [])
      assert.deepStrictEqual(seqsOf(yield* read(session, 9)), [])
    })
  )

  it.effect.prop("J1 every event is read back as it was written", [SessionEvent], ([event]) =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      yield* append(claim, 2, event)
      const [entry] = yield* read(session, 1)
      // Not `deepStrictEqual`: JSON knows no negative zero.
      assert.isTrue(Equal.equals(entry?.event, event))
    })
  )

  it.effect("J1 any text survives: NUL, lone surrogates, other alphabets, and megabytes of it", () =>
    Effect.gen(function* () {
      const session = newName()
      const texts = ["\u0000", "\ud800", "\udc00\ud800", "日本語 עברית 👩‍👩‍👧", "'\"\\`$1?;--", "\u2028\u2029", ""]
      const huge = "🜁x".repeat(2 * 1_048_576)
      const events = [...texts, huge].map((call) => started(call))
      yield* create(session, { entries: entriesFrom(1, ...events) })
      const calls = (yield* read(session)).map(({ event }) => (event._tag === "CallStarted" ? event.call : undefined))
      assert.deepStrictEqual(calls.slice(0, -1), texts)
      assert.isTrue(calls.at(-1) === huge)
    })
  )

  it.effect("J1 a batch that leaves a gap writes nothing at all", () =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      const snapshot = snapshotOf(`gap ${session}`)
      const batch = { ...batchFrom(3, ended(snapshot)), snapshots: [snapshot], dueMillis: 5 }
      const append = Journal.use((journal) => journal.append(claim, batch))
      assert.deepStrictEqual(yield* refused(session, append), new SequenceGap({ session, expected: 2, found: 3 }))
      assert.isFalse(yield* isKept(snapshot))
    })
  )

  it.effect("J1 a batch with a gap inside it, or one that was written before, writes nothing at all", () =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      const entries = [...entriesFrom(2, started("1.1")), ...entriesFrom(4, started("1.2"))]
      const torn = Journal.use((journal) => journal.append(claim, { ...batchFrom(2), entries }))
      assert.deepStrictEqual(yield* refused(session, torn), new SequenceGap({ session, expected: 3, found: 4 }))
      const again = append(claim, 1, opened)
      assert.deepStrictEqual(yield* refused(session, again), new SequenceGap({ session, expected: 2, found: 1 }))
      yield* append(claim, 2, started("1.1"))
      assert.lengthOf(yield* read(session), 2)
    })
  )

  it.effect("an empty batch writes nothing, and needs a valid claim as well", () =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      const empty = { ...batchFrom(0), status: "paused" as const }
      const before = yield* Journal.use((journal) => journal.summary(session))
      yield* Journal.use((journal) => journal.append(claim, empty))
      assert.deepStrictEqual(yield* Journal.use((journal) => journal.summary(session)), before)
      const old = Journal.use((journal) => journal.append({ session, epoch: 0 }, empty))
      assert.strictEqual((yield* refused(session, old))._tag, "Fenced")
    })
  )

  it.effect("a session is created once, and begins with its first entry", () =>
    Effect.gen(function* () {
      const session = newName()
      yield* create(session)
      assert.strictEqual((yield* refused(session, create(session, { status: "paused" })))._tag, "SessionExists")
      const other = newName()
      const late = create(other, { entries: entriesFrom(2, opened) })
      assert.deepStrictEqual(yield* reasonOf(late), new SequenceGap({ session: other, expected: 1, found: 2 }))
      assert.strictEqual((yield* reasonOf(read(other)))._tag, "SessionNotFound")
    })
  )

  it.effect("of two appends of the same sequence number one is written", () =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      const both = [append(claim, 2, started("a")), append(claim, 2, started("b"))]
      const results = yield* Effect.all(both.map(Effect.result), { concurrency: "unbounded" })
      assert.lengthOf(results.filter(Result.isSuccess), 1)
      assert.deepStrictEqual(seqsOf(yield* read(session)), [1, 2])
    })
  )

  it.effect("many sessions are written at the same time, each in its own order", () =>
    Effect.gen(function* () {
      const names = Array.from({ length: 40 }, newName)
      const write = Effect.fnUntraced(function* (session: string) {
        const claim = yield* create(session)
        for (let seq = 2; seq <= 12; seq++) {
          yield* append(claim, seq, started(`${session} ${seq}`))
          yield* Effect.yieldNow
        }
      })
      yield* Effect.forEach(names, write, { concurrency: "unbounded" })
      for (const session of names) {
        const entries = yield* read(session, 1)
        const expected = Array.from({ length: 11 }, (_, index) => started(`${session} ${index + 2}`))
        assert.deepStrictEqual(
          entries.map(({ event }) => event),
          expected
        )
      }
    })
  )

  it.effect("a thousand entries are created at once, read back, and gone on from", () =>
    Effect.gen(function* () {
      const session = newName()
      const events = Array.from({ length: 1_000 }, (_, index) => started(`1.${index}`))
      const claim = yield* create(session, { entries: entriesFrom(1, ...events) })
      yield* append(claim, 1_001, ended())
      const entries = yield* read(session)
      assert.deepStrictEqual(
        seqsOf(entries),
        Array.from({ length: 1_001 }, (_, index) => index + 1)
      )
      assert.deepStrictEqual(entries[499]?.event, started("1.499"))
      assert.deepStrictEqual(seqsOf(yield* read(session, 998)), [999, 1_000, 1_001])
    })
  )

  it.effect("a session that does not exist is not read, written, claimed or pruned", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const claim = { session: newName(), epoch: 1 }
      const operations = [
        journal.append(claim, batchFrom(1, opened)),
        journal.append(claim, batchFrom(1)),
        journal.read(claim.session, 0),
        journal.summary(claim.session),
        journal.claim(claim.session, ann, leaseMillis),
        journal.prune(claim, [])
      ]
      for (const operation of operations) {
        assert.strictEqual((yield* reasonOf<unknown, never>(operation))._tag, "SessionNotFound")
      }
    })
  )
}
