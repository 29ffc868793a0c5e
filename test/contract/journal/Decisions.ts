import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { GivenDecision } from "../../../src/session/Decision.ts"
import { Journal, SessionNotFound } from "../../../src/session/journal/Journal.ts"
import { SessionClosed } from "../../../src/session/SessionError.ts"
import {
  append,
  batchFrom,
  close,
  create,
  ended,
  type It,
  newName,
  now,
  read,
  reasonOf,
  refused,
  started
} from "./Steps.ts"

const digest = "d".repeat(64)

const given = (call: string, decision: Partial<GivenDecision> = {}): GivenDecision => ({
  call,
  digest,
  decision: { _tag: "Approve" },
  by: "ann",
  ...decision
})

const decide = (session: string, decision: GivenDecision) => Journal.use((journal) => journal.decide(session, decision))

const decisions = (session: string, calls?: ReadonlyArray<string>) =>
  Journal.use((journal) => journal.decisions(session, calls))

/** J4: what is decided on calls, by whoever does not hold their session. */
export const decisionsOf = (it: It) => {
  it.effect("J4 a decision is kept as it was given, with its time", () =>
    Effect.gen(function* () {
      const session = newName()
      yield* create(session)
      const kinds = [
        given("1.1"),
        given("1.2", { decision: { _tag: "Approve", input: '{"amount":5}' }, by: "büro\u0000 7" }),
        given("1.3", { decision: { _tag: "Deny", reason: "" }, by: undefined }),
        given("1.4~2", { decision: { _tag: "Deny" }, digest: "" }),
        given("1.5", { decision: { _tag: "Return", value: "null" } }),
        given("1.6", { decision: { _tag: "Throw", message: "no money" } })
      ]
      for (const kind of kinds) {
        const atMillis = yield* now
        assert.deepStrictEqual(yield* decide(session, kind), { decision: { ...kind, atMillis }, isFirst: true })
        yield* TestClock.adjust(1)
      }
      const kept = yield* decisions(session)
      assert.deepStrictEqual(
        kept.map(({ atMillis: _, ...rest }) => rest),
        kinds
      )
      const some = kept.filter(({ call }) => call === "1.2" || call === "1.5")
      assert.deepStrictEqual(yield* decisions(session, ["1.5", "1.2", "9.9"]), some)
      assert.deepStrictEqual(yield* decisions(session, []), [])
    })
  )

  it.effect("J4 the first decision on a question counts, and another question of the same call has its own", () =>
    Effect.gen(function* () {
      const [session, other] = [newName(), newName()]
      for (const name of [session, other]) yield* create(name)
      const first = yield* decide(session, given("1.1"))
      yield* TestClock.adjust(10)
      const second = yield* decide(session, given("1.1", { decision: { _tag: "Deny" }, by: "bob" }))
      assert.deepStrictEqual(second, { decision: first.decision, isFirst: false })
      assert.isTrue((yield* decide(session, given("1.1", { digest: "another", by: "bob" }))).isFirst)
      assert.isTrue((yield* decide(other, given("1.1", { by: "bob" }))).isFirst)
      assert.deepStrictEqual(
        (yield* decisions(session)).map(({ by }) => by),
        ["ann", "bob"]
      )
    })
  )

  it.effect("J4 of 20 who decide at the same time one succeeds, and all are told the same", () =>
    Effect.gen(function* () {
      const session = newName()
      yield* create(session)
      const deciders = Array.from({ length: 20 }, (_, index) =>
        decide(session, given("1.1", { by: `decider ${index}`, decision: { _tag: index % 2 ? "Deny" : "Approve" } }))
      )
      const decided = yield* Effect.all(deciders, { concurrency: "unbounded" })
      assert.lengthOf(
        decided.filter(({ isFirst }) => isFirst),
        1
      )
      const [kept, ...others] = yield* decisions(session)
      assert.isEmpty(others)
      for (const { decision } of decided) assert.deepStrictEqual(decision, kept)
    })
  )

  it.effect("J4 a decision needs no claim, and changes nothing of the session", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const session = newName()
      const claim = yield* create(session)
      const before = yield* journal.summary(session)
      yield* TestClock.adjust(100)
      yield* decide(session, given("1.1"))
      assert.deepStrictEqual(yield* journal.summary(session), before)
      assert.lengthOf(yield* read(session), 1)
      yield* append(claim, 2, started("1.1"))
      yield* journal.release(claim)
      assert.isTrue((yield* decide(session, given("1.2"))).isFirst)
    })
  )

  it.effect("a session that is closed or unknown takes no decision", () =>
    Effect.gen(function* () {
      const session = newName()
      const claim = yield* create(session)
      yield* decide(session, given("1.1"))
      yield* close(claim, 2)
      const closed = new SessionClosed({ session })
      for (const call of ["1.1", "1.2"]) {
        assert.deepStrictEqual(yield* refused(session, decide(session, given(call))), closed)
      }
      assert.lengthOf(yield* decisions(session), 1)
      const unknown = newName()
      assert.deepStrictEqual(yield* reasonOf(decide(unknown, given("1.1"))), new SessionNotFound({ session: unknown }))
      assert.deepStrictEqual(yield* reasonOf(decisions(unknown)), new SessionNotFound({ session: unknown }))
      assert.deepStrictEqual(yield* reasonOf(decisions(unknown, ["1.1"])), new SessionNotFound({ session: unknown }))
    })
  )

  it.effect("compacting a session drops its decisions, and no other's", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const [old, other] = [newName(), newName()]
      const claim = yield* create(old)
      yield* create(other)
      for (const session of [old, other]) yield* decide(session, given("1.1"))
      yield* close(claim, 2)
      yield* TestClock.adjust(1_000)
      yield* journal.compact(yield* now)
      assert.deepStrictEqual(yield* decisions(old), [])
      assert.lengthOf(yield* decisions(other), 1)
    })
  )

  it.effect("many calls are asked for at once", () =>
    Effect.gen(function* () {
      const session = newName()
      yield* create(session)
      const calls = Array.from({ length: 1_201 }, (_, index) => `1.${index}`)
      for (const call of [calls[0], calls[600], calls[1_200]]) yield* decide(session, given(call ?? ""))
      assert.lengthOf(yield* decisions(session, calls), 3)
    })
  )

  it.effect("a list can be of the sessions that wait, and of those before one", () =>
    Effect.gen(function* () {
      const journal = yield* Journal
      const names = Array.from({ length: 6 }, newName)
      for (const [index, session] of names.entries()) {
        const claim = yield* create(session, { status: index % 2 === 0 ? "paused" : "idle" })
        if (index === 4) yield* journal.append(claim, { ...batchFrom(2, ended()), status: "idle" })
      }
      const listed = (options: { readonly limit: number; readonly before?: string }) =>
        Effect.map(journal.list({ ...options, status: "paused" }), (summaries) =>
          summaries.map(({ session }) => session)
        )
      const [oldest, , middle, , wasPaused, newest] = names
      assert.deepStrictEqual(yield* listed({ limit: 2 }), [middle, oldest])
      assert.deepStrictEqual(yield* listed({ limit: 1, before: middle ?? "" }), [oldest])
      assert.deepStrictEqual(yield* listed({ limit: 1, before: wasPaused ?? "" }), [middle])
      const before = yield* journal.list({ limit: 2, before: newest ?? "" })
      assert.deepStrictEqual(
        before.map(({ session }) => session),
        [names[4], names[3]]
      )
      assert.deepStrictEqual(yield* journal.list({ limit: 2, before: "no such session" }), [])
    })
  )
}
