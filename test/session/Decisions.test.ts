import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { Capability } from "../../src/capability/Capability.ts"
import type { Decision } from "../../src/session/Decision.ts"
import { decide, eventsOf, tagsAfter, whyOf } from "./decisions.ts"
import { completed, onlyCall } from "./results.ts"
import { makeWorld } from "./world.ts"

describe("a decision that somebody else records", () => {
  it.effect("is applied before the holder goes on", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const denied = onlyCall(yield* session.run("guardedRefund:1"))
      yield* decide(world.journal, session.id, denied, { _tag: "Deny", reason: "too late" })
      const result = Option.getOrThrow(yield* session.resume())
      assert.deepStrictEqual(completed(result), { refused: "too late" })
      const [answered] = (yield* eventsOf(world.journal, session.id)).filter((event) => event._tag === "CallAnswered")
      assert.deepInclude(answered, { call: denied, receipt: "refused", by: "ann" })
    })
  )

  it.effect("is found by a holder that waits, which looks for it at a bounded pace", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      let looks = 0
      const { decisions } = world.journal
      Object.assign(world.journal, {
        decisions: (...args: Parameters<typeof decisions>) => {
          looks++
          return decisions(...args)
        }
      })
      const running = yield* Effect.forkChild(session.run("guardedRefund:1", { answerPatience: "1 hour" }))
      yield* TestClock.adjust("60 seconds")
      assert.isUndefined(running.pollUnsafe())
      assert.isAtLeast(looks, 100)
      assert.isAtMost(looks, 125)
      yield* decide(world.journal, session.id, "1.1", { _tag: "Approve", input: '{"amount":2}' })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(completed(yield* Fiber.join(running)), "refunded 2")
      const before = looks
      yield* session.run("double:1")
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(looks, before)
    })
  )

  it.effect("is found while another handler is under way", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants({ slow: Effect.sleep("1 minute") })
      const capabilities = [
        Capability.make({ methods: "bank/slow" }),
        Capability.make({ methods: "bank/pay", mode: "ask" })
      ]
      const session = yield* (yield* world.process()).open({ ...grants, capabilities })
      const running = yield* Effect.forkChild(session.run("race"))
      yield* TestClock.adjust("2 seconds")
      yield* decide(world.journal, session.id, "1.1", { _tag: "Approve" })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(completed(yield* Fiber.join(running)), "paid 1")
    })
  )

  it.effect("counts if it was recorded before what the holder says", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      yield* decide(world.journal, session.id, call, { _tag: "Deny", reason: "I was first" }, "bob")
      const result = yield* session.answer(call, { _tag: "Approve", by: "ann" })
      assert.deepStrictEqual(completed(result), { refused: "I was first" })
      assert.deepStrictEqual(world.outside.entered, [])
    })
  )

  it.effect("authorises nothing once the session was rewound, even where the same call waits again", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      const asked = session.state().seq
      yield* decide(world.journal, session.id, call, { _tag: "Approve" }, "ann")
      yield* session.rewind(asked)
      const again = Option.getOrThrow(yield* session.resume())
      assert.strictEqual(onlyCall(again), call)
      assert.deepStrictEqual(yield* tagsAfter(world.journal, session.id, asked), ["Rewound"])
      assert.deepStrictEqual(world.outside.entered, [])
      const { isFirst } = yield* decide(world.journal, session.id, call, { _tag: "Deny", reason: "no" }, "bob")
      assert.isTrue(isFirst)
      assert.deepStrictEqual(completed(Option.getOrThrow(yield* session.resume())), { refused: "no" })
    })
  )

  it.effect("is not taken up again when a rewind takes back what it did", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      const asked = session.state().seq
      completed(yield* session.answer(call, { _tag: "Deny", reason: "no", by: "ann" }))
      yield* session.rewind(asked)
      assert.strictEqual(onlyCall(Option.getOrThrow(yield* session.resume())), call)
      assert.strictEqual(completed(yield* session.answer(call, { _tag: "Approve", by: "ann" })), "refunded 1")
    })
  )

  it.effect("says nothing about the call of another branch that has its place", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run("double:1")
      const before = session.state().seq
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      yield* decide(world.journal, session.id, call, { _tag: "Approve" })
      yield* session.rewind(before)
      const other = onlyCall(yield* session.run("guardedRefund:100"))
      assert.notStrictEqual(other, call)
      assert.strictEqual(onlyCall(Option.getOrThrow(yield* session.resume())), other)
      assert.deepStrictEqual(world.outside.entered, ["double 1"])
    })
  )

  it.effect("that cannot be carried out is written down as refused, and another one is asked for", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      const asked = session.state().seq
      const edits: ReadonlyArray<readonly [input: string, why: string]> = [
        ['{"amount":500}', "InputDenied"],
        ['{"amount":"x"}', "InvalidInput"]
      ]
      for (const [input, why] of edits) {
        yield* decide(world.journal, session.id, call, { _tag: "Approve", input })
        assert.strictEqual(onlyCall(Option.getOrThrow(yield* session.resume())), call)
        const last = (yield* eventsOf(world.journal, session.id)).at(-1)
        assert.deepInclude(last, { _tag: "DecisionRefused", call, by: "ann", why })
        yield* session.resume()
      }
      assert.deepStrictEqual(yield* tagsAfter(world.journal, session.id, asked), ["DecisionRefused", "DecisionRefused"])
      yield* decide(world.journal, session.id, call, { _tag: "Approve", input: '{"amount":3}' })
      assert.strictEqual(completed(Option.getOrThrow(yield* session.resume())), "refunded 3")
    })
  )

  it.effect("does not let the holder's own answer be lost when it is refused", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      yield* decide(world.journal, session.id, call, { _tag: "Approve", input: '{"amount":500}' }, "bob")
      const result = yield* session.answer(call, { _tag: "Approve", by: "ann" })
      assert.strictEqual(completed(result), "refunded 1")
      const refused = (yield* eventsOf(world.journal, session.id)).filter(({ _tag }) => _tag === "DecisionRefused")
      assert.lengthOf(refused, 1)
    })
  )

  it.effect("counts if it was made in time, though nobody held the session then", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = { ...(yield* world.grants()), decision: "1 hour" } as const
      const open = (id: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            return onlyCall(yield* (yield* (yield* world.process()).open({ ...grants, id })).run("guardedRefund:1"))
          })
        )
      const call = yield* open("in-time")
      yield* open("too-late")
      yield* TestClock.adjust("59 minutes")
      yield* decide(world.journal, "in-time", call, { _tag: "Approve" })
      yield* TestClock.adjust("1 minute")
      yield* decide(world.journal, "too-late", call, { _tag: "Approve" })
      yield* TestClock.adjust("1 hour")
      const sessions = yield* world.process()
      const inTime = yield* (yield* sessions.resume("in-time", grants)).resume()
      assert.strictEqual(completed(Option.getOrThrow(inTime)), "refunded 1")
      const tooLate = yield* (yield* sessions.resume("too-late", grants)).resume()
      assert.match(completed(Option.getOrThrow(tooLate)).refused, /nobody decided/)
    })
  )

  it.effect("is not waited for longer than the question lasts: that expires to a refusal", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = { ...(yield* world.grants()), decision: "10 minutes" } as const
      const session = yield* (yield* world.process()).open(grants)
      const running = yield* Effect.forkChild(session.run("guardedRefund:1", { answerPatience: "1 day" }))
      yield* TestClock.adjust("11 minutes")
      assert.match(completed(yield* Fiber.join(running)).refused, /nobody decided/)
      assert.deepStrictEqual(world.outside.entered, [])
    })
  )

  it.effect("leaves a run whose patience ends as it is", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const running = yield* Effect.forkChild(session.run("guardedRefund:1", { answerPatience: "10 seconds" }))
      yield* TestClock.adjust("11 seconds")
      const result = yield* Fiber.join(running)
      assert.strictEqual(onlyCall(result), "1.1")
      assert.isBelow(result.metrics.wallMillis, 11_000)
    })
  )

  it.effect("lets no call of a frozen session through, and is still there when it is no longer frozen", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      yield* session.guard("frozen", { reason: "a drill" })
      const own = yield* Effect.flip(session.answer(call, { _tag: "Approve", by: "bob" }))
      assert.strictEqual(whyOf(own), "Frozen")
      yield* decide(world.journal, session.id, call, { _tag: "Approve" })
      assert.strictEqual(onlyCall(Option.getOrThrow(yield* session.resume())), call)
      yield* session.guard("open", { reason: "it was a drill" })
      assert.strictEqual(completed(Option.getOrThrow(yield* session.resume())), "refunded 1")
    })
  )

  it.effect("of 20 people at once is one, whoever applies it", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      const people = Array.from({ length: 20 }, (_, index) => {
        const decision: Decision = index % 2 === 0 ? { _tag: "Approve" } : { _tag: "Deny", reason: `no ${index}` }
        return decide(world.journal, session.id, call, decision, `person ${index}`)
      })
      const [first] = (yield* Effect.all(people, { concurrency: "unbounded" })).filter(({ isFirst }) => isFirst)
      const value = completed(Option.getOrThrow(yield* session.resume()))
      const { decision } = first ?? assert.fail("nobody was first")
      const reason = decision.decision._tag === "Deny" ? { refused: decision.decision.reason } : "refunded 1"
      assert.deepStrictEqual(value, reason)
      const said = (yield* eventsOf(world.journal, session.id)).filter((event) => "by" in event)
      assert.deepStrictEqual(
        said.map((event) => ("by" in event ? event.by : undefined)),
        [decision.by]
      )
    })
  )
})
