import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { TestClock } from "effect/testing"
import type { GrantInput } from "../../src/token/Grant.ts"
import * as Token from "../../src/token/Token.ts"
import { anything, attenuate, makeWorld, mint, ring } from "./authorities.ts"
import { decide, eventsOf } from "./decisions.ts"
import { completed, onlyCall } from "./results.ts"

/** A session under a token whose guest waits for a refund to be approved. */
const makeWaiting = Effect.fnUntraced(function* (grant: GrantInput = anything) {
  const world = yield* makeWorld()
  const { id, text } = Result.getOrThrow(Token.mint(ring, grant))
  const grants = yield* world.grants
  const open = Effect.flatMap(world.process(), (sessions) => sessions.open({ ...grants, id: "waiting", token: text }))
  const resume = Effect.flatMap(world.process(), (sessions) => sessions.resume("waiting", grants))
  return { ...world, grants, open, resume, revoke: world.revoke(id), layer: `token ${id}` }
})

const revoked = { refused: "the token that allows bank/refund was revoked" }

describe("an approval of a call whose token has ended", () => {
  it.effect("denies a call whose token was revoked while it waited, and says so", () =>
    Effect.gen(function* () {
      const { journal, layer, open, outside, revoke } = yield* makeWaiting()
      const session = yield* open
      const call = onlyCall(yield* session.run("guardedRefund:3"))
      yield* revoke
      const result = yield* session.answer(call, { _tag: "Approve", by: "ann" })
      assert.deepStrictEqual(completed(result), revoked)
      assert.deepStrictEqual(outside.entered, [])
      const events = yield* eventsOf(journal, "waiting")
      assert.deepStrictEqual(
        events.filter(({ _tag }) => _tag === "CallApproved"),
        []
      )
      const error = { name: "CapabilityError", message: revoked.refused, reason: "Revoked" }
      const [answered] = events.filter((event) => event._tag === "CallAnswered")
      assert.deepInclude(answered, {
        call,
        receipt: "refused",
        outcome: { _tag: "Rejected", error },
        by: "ann",
        ruling: { layer }
      })
    })
  )

  it.effect("denies it with another input as well: no input could pass", () =>
    Effect.gen(function* () {
      const { open, outside, revoke } = yield* makeWaiting()
      const session = yield* open
      const call = onlyCall(yield* session.run("guardedRefund:3"))
      yield* revoke
      const result = yield* session.answer(call, { _tag: "Approve", input: { amount: 1 } })
      assert.deepStrictEqual(completed(result), revoked)
      assert.deepStrictEqual(outside.entered, [])
    })
  )

  it.effect("denies a call whose run's token has expired meanwhile", () =>
    Effect.gen(function* () {
      const { grants, outside, process } = yield* makeWorld()
      const session = yield* (yield* process()).open(yield* grants)
      const token = Result.getOrThrow(Token.mint(ring, { ...anything, expiresMillis: 4_000 })).text
      const call = onlyCall(yield* session.run("guardedRefund:3", { token }))
      yield* TestClock.adjust("4 seconds")
      const result = yield* session.answer(call, { _tag: "Approve", by: "ann" })
      assert.deepStrictEqual(completed(result), { refused: "the token that allows bank/refund has expired" })
      assert.deepStrictEqual(outside.entered, [])
    })
  )

  it.effect("denies it when the decision was recorded in time and is taken up after the token's end", () =>
    Effect.gen(function* () {
      const { journal, open, outside, resume, revoke } = yield* makeWaiting()
      const call = yield* Effect.scoped(
        Effect.flatMap(open, (session) => Effect.map(session.run("guardedRefund:3"), onlyCall))
      )
      yield* decide(journal, "waiting", call, { _tag: "Approve" })
      yield* revoke
      const session = yield* resume
      assert.deepStrictEqual(completed(Option.getOrThrow(yield* session.resume())), revoked)
      assert.deepStrictEqual(outside.entered, [])
    })
  )

  it.effect("denies it where a token that the holder presented has ended", () =>
    Effect.gen(function* () {
      const { grants, outside, process, revoke } = yield* makeWorld()
      const base = yield* grants
      const minted = Result.getOrThrow(Token.mint(ring, anything))
      const call = yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* (yield* process()).open({ ...base, id: "waiting" })
          return onlyCall(yield* session.run("guardedRefund:3"))
        })
      )
      const session = yield* (yield* process()).resume("waiting", { ...base, token: minted.text })
      yield* revoke(minted.id)
      assert.deepStrictEqual(completed(yield* session.answer(call, { _tag: "Approve" })), revoked)
      assert.deepStrictEqual(outside.entered, [])
    })
  )

  it.effect("lets a denial and a result stand, which need no token", () =>
    Effect.gen(function* () {
      const { open, outside, revoke } = yield* makeWaiting()
      const session = yield* open
      const denied = onlyCall(yield* session.run("guardedRefund:1"))
      const result = yield* session.answer(denied, { _tag: "Deny", reason: "no" })
      assert.deepStrictEqual(completed(result), { refused: "no" })
      const given = onlyCall(yield* session.run("guardedRefund:2"))
      yield* revoke
      assert.strictEqual(completed(yield* session.answer(given, { _tag: "Return", value: "by cheque" })), "by cheque")
      assert.deepStrictEqual(outside.entered, [])
    })
  )
})

describe("a call that was let through before its token's end", () => {
  it.effect("is denied if its handler was not started", () =>
    Effect.gen(function* () {
      const { grants, journal, open, outside, process, revoke } = yield* makeWaiting()
      const session = yield* open
      yield* session.run("twice")
      const parked = (yield* journal.read("waiting", 0)).find(({ event }) => event._tag === "Parked")
      const sessions = yield* process()
      const fork = yield* sessions.fork("waiting", { at: parked?.seq })
      yield* revoke
      const forked = yield* sessions.resume(fork, grants)
      const result = Option.getOrThrow(yield* forked.resume())
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "Revoked")
      assert.deepStrictEqual(outside.entered, ["pay 1", "pay 2"])
    })
  )
})

describe("a fork of a session under a token", () => {
  const bindings: ReadonlyArray<readonly [string, (grant: GrantInput) => string]> = [
    ["bound to the session", (grant) => mint({ ...grant, session: "orig" })],
    ["bound to the session by a caveat", (grant) => attenuate(mint(grant), { session: "orig" })],
    ["for a single use", (grant) => mint({ ...grant, once: true })],
    ["for a single use by a caveat", (grant) => attenuate(mint(grant), { once: true })]
  ]
  const elsewhere = { refused: "the token that allows bank/refund is for another session" }

  it.effect.each(bindings)("has no authority of one that is %s, where the session waited for a person", ([, token]) =>
    Effect.gen(function* () {
      const { grants, outside, process } = yield* makeWorld()
      const base = yield* grants
      const sessions = yield* process()
      const session = yield* sessions.open({ ...base, id: "orig", token: token(anything) })
      const call = onlyCall(yield* session.run("guardedRefund:3"))
      const asked = session.state()
      const forked = yield* sessions.resume(yield* sessions.fork("orig"), base)
      assert.deepStrictEqual(completed(yield* forked.answer(call, { _tag: "Approve", by: "ann" })), elsewhere)
      assert.deepStrictEqual(outside.entered, [])
      assert.strictEqual(completed(yield* session.answer(call, { _tag: "Approve", by: "ann" })), "refunded 3")
      const refused = yield* forked.run("double:1")
      assert.strictEqual(refused._tag === "Failed" && refused.error.reason, "WrongSession")
      yield* forked.rewind(asked.seq)
      assert.deepStrictEqual(completed(yield* forked.answer(call, { _tag: "Approve", by: "ann" })), elsewhere)
      assert.deepStrictEqual(outside.entered, ["refund 3"])
    })
  )

  it.effect.each(bindings)("has none of a run's token that is %s, nor a call that was let through", ([, token]) =>
    Effect.gen(function* () {
      const { grants, journal, outside, process } = yield* makeWorld()
      const base = yield* grants
      const sessions = yield* process()
      const session = yield* sessions.open({ ...base, id: "orig" })
      yield* session.run("twice", { token: token({ ...anything, use: "execution" }) })
      const parked = (yield* journal.read("orig", 0)).find(({ event }) => event._tag === "Parked")
      const forked = yield* sessions.resume(yield* sessions.fork("orig", { at: parked?.seq }), base)
      const result = Option.getOrThrow(yield* forked.resume())
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "WrongSession")
      assert.deepStrictEqual(outside.entered, ["pay 1", "pay 2"])
      assert.strictEqual(completed(yield* forked.run("double:1")), 2)
    })
  )

  it.effect("has that of one that is bound to no session", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const base = yield* grants
      const sessions = yield* process()
      const session = yield* sessions.open({ ...base, id: "orig", token: mint(anything) })
      const call = onlyCall(yield* session.run("guardedRefund:3"))
      const forked = yield* sessions.resume(yield* sessions.fork("orig"), base)
      assert.strictEqual(completed(yield* forked.answer(call, { _tag: "Approve" })), "refunded 3")
    })
  )
})
