import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { RunOptions } from "../../src/session/RunOptions.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { completed, onlyCall, reasonOf } from "./results.ts"
import { makeWorld } from "./world.ts"

describe("a session", () => {
  it.effect("T1 makes a call, gives its result to the guest and completes", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      assert.strictEqual(completed(yield* session.run("double:21")), 42)
      assert.deepStrictEqual(world.outside.entered, ["double 21"])
    })
  )

  it.effect("S-17 keeps variables across runs", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run(`remember:${JSON.stringify({ a: [1, 2] })}`)
      assert.deepStrictEqual(completed(yield* session.run("recall")), { a: [1, 2] })
    })
  )

  it.effect("T16 a second answer to one call changes nothing", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("refund:50"))
      yield* session.answer(call, { _tag: "Approve" })
      const again = yield* session.answer(call, { _tag: "Deny", reason: "changed my mind" })
      assert.deepStrictEqual(completed(again), { before: "noted before", receipt: "refunded 50" })
      assert.deepStrictEqual(
        world.outside.entered.filter((name) => name.startsWith("refund")),
        ["refund 50"]
      )
    })
  )

  it.effect("T17 refuses an answer to a call that it does not have", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run("refund:50")
      const error = yield* Effect.flip(session.answer("9.9", { _tag: "Approve" }))
      assert.strictEqual(reasonOf(error), "AnswerRefused")
      assert.include(error.message, "no such call")
    })
  )

  it.effect("a denied, a returned and a thrown answer reach the guest without any handler", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const denied = yield* session.answer(onlyCall(yield* session.run("guardedRefund:1")), {
        _tag: "Deny",
        reason: "no"
      })
      assert.deepStrictEqual(completed(denied), { refused: "no" })
      const returned = yield* session.answer(onlyCall(yield* session.run("guardedRefund:1")), {
        _tag: "Return",
        value: "by hand"
      })
      assert.strictEqual(completed(returned), "by hand")
      const thrown = yield* session.answer(onlyCall(yield* session.run("guardedRefund:1")), {
        _tag: "Throw",
        message: "bank is shut"
      })
      assert.deepStrictEqual(completed(thrown), { refused: "bank is shut" })
      assert.deepStrictEqual(world.outside.entered, [])
    })
  )

  it.effect("C22 a call outside its constraint is refused in the guest, which can catch it", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const value = completed(yield* session.run("guardedRefund:500"))
      assert.match(value.refused, /amount/)
      assert.deepStrictEqual(world.outside.entered, [])
    })
  )

  it.effect("T10 runs the calls of one park concurrently and gives the results in their places", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const everybodyIn = yield* Deferred.make<void>()
      let inside = 0
      const pay = () =>
        Effect.suspend(() => {
          inside++
          if (inside === 3) Deferred.doneUnsafe(everybodyIn, Effect.void)
          return Deferred.await(everybodyIn)
        })
      const session = yield* (yield* world.process()).open(yield* world.grants({ pay }))
      assert.deepStrictEqual(completed(yield* session.run("three")), ["paid 1", "paid 2", "paid 3"])
    })
  )

  it.effect("B11 never overspends a budget, however many calls are made at once", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const values: ReadonlyArray<string> = completed(yield* session.run("many:50"))
      assert.lengthOf(world.outside.entered, 10)
      assert.lengthOf(
        values.filter((value) => value.includes("used up")),
        40
      )
    })
  )

  it.effect("B9 a call of a tool that nobody handles is refused in the guest, which can catch it", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      assert.match(completed(yield* session.run("stray")), /no tool.*math.guess/)
    })
  )

  it.effect("B8 does not tell a guest what a tool takes that no capability is about", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants()
      const session = yield* (yield* world.process()).open({ ...grants, capabilities: grants.capabilities.slice(0, 1) })
      const refused = yield* session.run(`refund:"much"`)
      assert.strictEqual(refused._tag === "Failed" && refused.error.reason, "NoCapability")
    })
  )

  it.effect("refuses options that mean nothing, before anything is recorded", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const wrong: ReadonlyArray<RunOptions> = [
        { language: "python" as "javascript" },
        { runId: "" },
        { runId: "a\nb" },
        { patience: "soon" as "1 second" }
      ]
      for (const options of wrong) {
        const error = yield* Effect.flip(session.run("constant:1", options))
        assert.strictEqual(reasonOf(error), "InvalidOptions", JSON.stringify(options))
      }
      assert.strictEqual(session.state().seq, 1)
      assert.strictEqual(completed(yield* session.run("constant:1")), 1)
    })
  )

  it.effect("gives a run back that sleeps again and again, once the patience is over", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const napping = yield* Effect.forkChild(session.run("naps", { patience: "1 second" }))
      yield* TestClock.adjust("10 seconds")
      const result = yield* Fiber.join(napping)
      assert.strictEqual(result._tag, "Paused")
    })
  )

  it.effect("ends a run whose handlers take longer, all in all, than its wall time", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants({ pay: () => Effect.sleep("3 seconds") })
      const session = yield* (yield* world.process()).open({ ...grants, limits: { wallMillis: 5_000 } })
      const running = yield* Effect.forkChild(session.run("twice"), { startImmediately: true })
      yield* TestClock.adjust("3 seconds")
      yield* TestClock.adjust("2 seconds")
      const result = yield* Fiber.join(running)
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "WallLimit")
      assert.deepStrictEqual(world.outside.left, ["pay 1"])
      assert.strictEqual(completed(yield* session.run("constant:1")), 1)
    })
  )

  it.effect("keeps an approval for a process that offers the tool", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const sessions = yield* world.process()
      const grants = yield* world.grants()
      const call = yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sessions.open({ ...grants, id: "s1" })
          return onlyCall(yield* session.run("guardedRefund:5"))
        })
      )
      const bare = yield* Toolkit.make([])
      yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* sessions.resume("s1", { ...grants, toolkit: bare })
          assert.strictEqual(reasonOf(yield* Effect.flip(session.answer(call, { _tag: "Approve" }))), "ToolMissing")
        })
      )
      const session = yield* sessions.resume("s1", grants)
      assert.strictEqual(completed(yield* session.answer(call, { _tag: "Approve" })), "refunded 5")
    })
  )

  it.effect("refuses two capabilities that would share one budget", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants()
      const sessions = yield* world.process()
      const twice = { ...grants, capabilities: [...grants.capabilities, ...grants.capabilities.slice(0, 1)] }
      const error = yield* Effect.flip(sessions.open(twice))
      assert.strictEqual(reasonOf(error), "InvalidOptions")
      assert.match(error.message, /capabilities/)
    })
  )

  it.effect("T11 interrupts the handler of a race's loser", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const interrupted = yield* Deferred.make<void>()
      const slow = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const session = yield* (yield* world.process()).open(yield* world.grants({ slow }))
      assert.strictEqual(completed(yield* session.run("race")), "paid 1")
      yield* Deferred.await(interrupted)
      assert.deepStrictEqual(world.outside.left, ["pay 1"])
    })
  )

  it.effect("gives the same result for a run id that it has seen, and refuses other code under it", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const first = yield* session.run("three", { runId: "pay-all" })
      const second = yield* session.run("three", { runId: "pay-all" })
      assert.deepStrictEqual(completed(second), completed(first))
      assert.lengthOf(world.outside.entered, 3)
      const error = yield* Effect.flip(session.run("race", { runId: "pay-all" }))
      assert.strictEqual(reasonOf(error), "RunConflict")
    })
  )

  it.effect("refuses a second run while one waits for a person", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run("refund:5")
      assert.strictEqual(reasonOf(yield* Effect.flip(session.run("constant:1"))), "RunInProgress")
    })
  )

  it.effect("goes back to the state before a run that broke its machine", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run(`remember:"whole"`)
      const broken = yield* session.run("shatter")
      assert.strictEqual(broken._tag, "Failed")
      assert.isTrue(broken._tag === "Failed" && broken.rolledBack)
      assert.strictEqual(completed(yield* session.run("recall")), "whole")
    })
  )

  it.effect("O3 an error of the guest fails its run and leaves the session usable", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const failed = yield* session.run("fail")
      assert.strictEqual(failed._tag === "Failed" && failed.error.name, "TypeError")
      assert.strictEqual(completed(yield* session.run("constant:1")), 1)
    })
  )

  it.effect("waits for a short sleep and gives a long one back as paused, which resume finishes when it is due", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const short = yield* Effect.forkChild(session.run("nap:5000"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(completed(yield* Fiber.join(short)), "awake")
      const long = yield* session.run("nap:86400000")
      assert.strictEqual(long._tag === "Paused" && long.wakesMillis, 86_405_000)
      yield* TestClock.adjust("1 day")
      assert.strictEqual(completed(Option.getOrThrow(yield* session.resume())), "awake")
    })
  )

  it.effect("denies a call for which nobody decided in time", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants()
      const session = yield* (yield* world.process()).open({ ...grants, decision: "1 hour" })
      const call = onlyCall(yield* session.run("guardedRefund:1"))
      yield* TestClock.adjust("1 hour")
      assert.include((yield* Effect.flip(session.answer(call, { _tag: "Approve" }))).message, "time to decide")
      const result = completed(Option.getOrThrow(yield* session.resume()))
      assert.match(result.refused, /nobody decided/)
      assert.deepStrictEqual(world.outside.entered, [])
    })
  )

  it.effect("O4 does nothing any more once it is closed", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run("refund:5")
      yield* session.close
      assert.strictEqual(reasonOf(yield* Effect.flip(session.run("constant:1"))), "SessionClosed")
      assert.strictEqual(reasonOf(yield* Effect.flip(session.answer("1.2", { _tag: "Approve" }))), "SessionClosed")
      assert.strictEqual(reasonOf(yield* Effect.flip(session.rewind(2))), "SessionClosed")
    })
  )

  it.effect("cancels a run that waits, and goes on with the next", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const napping = yield* Effect.forkChild(session.run("nap:30000"))
      yield* session.events().pipe(
        Stream.takeUntil(({ event }) => event._tag === "Parked"),
        Stream.runDrain
      )
      yield* session.cancel("enough")
      const result = yield* Fiber.join(napping)
      assert.strictEqual(result._tag === "Failed" && result.error.message, "enough")
      assert.strictEqual(completed(yield* session.run("constant:1")), 1)
    })
  )

  it.effect("streams its entries from the first to the one that closes it", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const following = yield* Effect.forkChild(Stream.runCollect(session.events()), { startImmediately: true })
      yield* session.run("double:1")
      yield* session.close
      const kinds = (yield* Fiber.join(following)).map(({ event }) => event._tag)
      assert.deepStrictEqual(kinds, ["Opened", "RunStarted", "Parked", "CallAnswered", "RunEnded", "Closed"])
    })
  )
})
