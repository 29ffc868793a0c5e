import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Script from "../../src/machine/Script.ts"
import { type Batch, JournalError, StorageFailed } from "../../src/session/journal/Journal.ts"
import { completed, onlyCall, reasonOf } from "./results.ts"
import { makeWorld, programs } from "./world.ts"

describe("a session that outlives its machine and its process", () => {
  it.effect(
    "T12 pauses on a call that needs a person and finishes in another process without running anything again",
    () =>
      Effect.gen(function* () {
        const world = yield* makeWorld
        const first = yield* Scope.make()
        const opened = yield* Scope.provide(
          Effect.flatMap(world.process(), (sessions) =>
            Effect.flatMap(world.grants(), (grants) => sessions.open({ ...grants, id: "s1" }))
          ),
          first
        )
        const call = onlyCall(yield* opened.run("refund:50"))
        assert.deepStrictEqual(world.outside.entered, ["note before"])
        yield* Scope.close(first, Exit.void)

        const second = yield* (yield* world.process()).resume("s1", yield* world.grants())
        const result = yield* second.answer(call, { _tag: "Approve", by: "ann" })
        assert.deepStrictEqual(completed(result), { before: "noted before", receipt: "refunded 50" })
        assert.deepStrictEqual(world.outside.entered, ["note before", "refund 50"])
      })
  )

  it.effect("B13 counts a budget across processes", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const run = (id: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const sessions = yield* world.process()
            const grants = yield* world.grants()
            const session = yield* id === "new" ? sessions.open({ ...grants, id: "s1" }) : sessions.resume("s1", grants)
            return yield* session.run("three")
          })
        )
      for (const id of ["new", "old", "old"]) completed(yield* run(id))
      const fourth = yield* run("old")
      assert.strictEqual(fourth._tag, "Failed")
      assert.strictEqual(fourth._tag === "Failed" && fourth.error.reason, "BudgetExhausted")
      assert.lengthOf(world.outside.entered, 10)
    })
  )

  it.effect("T15 a handler that was under way when its process ended has an unknown outcome, and is reconciled", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const entered = yield* Deferred.make<void>()
      const pay = (amount: number) =>
        amount === 2 ? Effect.andThen(Deferred.succeed(entered, undefined), Effect.never) : Effect.void
      const first = yield* Scope.make()
      const sessions = yield* Scope.provide(world.process(), first)
      const session = yield* Scope.provide(sessions.open({ ...(yield* world.grants({ pay })), id: "s1" }), first)
      const running = yield* Effect.forkChild(session.run("three"))
      yield* Deferred.await(entered)
      yield* session.events().pipe(
        Stream.filter(({ event }) => event._tag === "CallAnswered"),
        Stream.take(2),
        Stream.runDrain
      )
      yield* Scope.close(first, Exit.void)
      yield* Fiber.interrupt(running)

      const second = yield* (yield* world.process()).resume("s1", yield* world.grants())
      const paused = Option.getOrThrow(yield* second.resume())
      const call = onlyCall(paused)
      assert.strictEqual(reasonOf(yield* Effect.flip(second.answer(call, { _tag: "Approve" }))), "AnswerRefused")
      const result = yield* second.reconcile(call, { _tag: "Committed", value: "paid 2 by hand" })
      assert.deepStrictEqual(completed(result), ["paid 1", "paid 2 by hand", "paid 3"])
      assert.deepStrictEqual(world.outside.entered, ["pay 1", "pay 2", "pay 3"])
    })
  )

  it.effect("an answer that cannot be written gets no further than to the guest, and is reconciled", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const full = new JournalError({ reason: new StorageFailed({ operation: "write", cause: "the disk is full" }) })
      const hasAnswer = ({ entries }: Batch) => entries.some(({ event }) => event._tag === "CallAnswered")
      const append: (typeof world.journal)["append"] = (claim, batch) =>
        hasAnswer(batch) ? Effect.fail(full) : world.journal.append(claim, batch)
      const error = yield* Effect.scoped(
        Effect.gen(function* () {
          const journal = { ...world.journal, append }
          const sessions = yield* world.process(undefined, undefined, undefined, journal)
          const session = yield* sessions.open({ ...(yield* world.grants()), id: "s1" })
          return yield* Effect.flip(session.run("twice"))
        })
      )
      assert.strictEqual(reasonOf(error), "StorageFailed")
      assert.deepStrictEqual(world.outside.entered, ["pay 1"])

      const session = yield* (yield* world.process()).resume("s1", yield* world.grants())
      const unknown = [...session.state().open].filter(([, { receipt }]) => receipt === "unknown")
      assert.lengthOf(unknown, 1)
      const result = yield* session.reconcile(unknown[0]?.[0] ?? "", { _tag: "Committed", value: "paid 1 by hand" })
      assert.strictEqual(completed(result), "paid 2")
      assert.deepStrictEqual(world.outside.entered, ["pay 1", "pay 2"])
    })
  )

  it.effect("starts a call of unknown outcome again once it is certain that it had no effect", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const entered = yield* Deferred.make<void>()
      const pay = () => Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
      const first = yield* Scope.make()
      const sessions = yield* Scope.provide(world.process(), first)
      const session = yield* Scope.provide(sessions.open({ ...(yield* world.grants({ pay })), id: "s1" }), first)
      const running = yield* Effect.forkChild(session.run("race"))
      yield* Deferred.await(entered)
      yield* Scope.close(first, Exit.void)
      yield* Fiber.interrupt(running)

      const second = yield* (yield* world.process()).resume("s1", yield* world.grants())
      const paused = Option.getOrThrow(yield* second.resume())
      assert.strictEqual(paused._tag, "Paused")
      const unknown = paused._tag === "Paused" ? paused.calls.map((call) => call.id) : []
      assert.lengthOf(unknown, 2)
      const result = yield* second.reconcile(unknown[0] ?? "", { _tag: "NotCommitted" })
      assert.strictEqual(completed(result), "paid 1")
    })
  )

  it.effect("F8 a fork explores the other decision and leaves its source alone", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const sessions = yield* world.process()
      const grants = yield* world.grants()
      const session = yield* sessions.open({ ...grants, id: "s1" })
      const call = onlyCall(yield* session.run("guardedRefund:7"))
      const forkId = yield* sessions.fork("s1")
      const fork = yield* sessions.resume(forkId, grants)
      assert.deepStrictEqual(completed(yield* fork.answer(call, { _tag: "Deny", reason: "no" })), { refused: "no" })
      assert.strictEqual(completed(yield* session.answer(call, { _tag: "Approve" })), "refunded 7")
    })
  )

  it.effect("rewinds to any recorded point, and effects stay spent", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run(`remember:1`)
      const point = session.state().seq
      yield* session.run(`remember:2`)
      yield* session.run("three")
      const spent = session.state().spent
      yield* session.rewind(point)
      assert.strictEqual(completed(yield* session.run("recall")), 1)
      assert.deepStrictEqual(session.state().spent, spent)
      assert.strictEqual(reasonOf(yield* Effect.flip(session.rewind(9_999))), "PointNotFound")
    })
  )

  it.effect("rewinds into the middle of a run, whose later calls get ids of their own", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const first = onlyCall(yield* session.run("refund:50"))
      const entries = yield* world.journal.read(session.id, 0)
      const beforeAsking = entries.find(({ event }) => event._tag === "Parked")?.seq ?? 0
      yield* session.answer(first, { _tag: "Approve" })
      yield* session.rewind(beforeAsking)
      const again = onlyCall(Option.getOrThrow(yield* session.resume()))
      assert.notStrictEqual(again, first)
      assert.strictEqual(reasonOf(yield* Effect.flip(session.answer(first, { _tag: "Approve" }))), "AnswerRefused")
      const denied = yield* session.answer(again, { _tag: "Return", value: "by hand" })
      assert.deepStrictEqual(completed(denied), { before: "noted before", receipt: "by hand" })
    })
  )

  it.effect("is busy for a second process until it is let go, and is taken over once the lease has ended", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants()
      const first = yield* world.process({ lease: "10 seconds" })
      const session = yield* first.open({ ...grants, id: "s1" })
      const second = yield* world.process()
      assert.strictEqual(reasonOf(yield* Effect.flip(second.resume("s1", grants))), "SessionBusy")
      yield* world.journal.release({ session: "s1", epoch: 1 })
      const taken = yield* second.resume("s1", grants)
      assert.strictEqual(completed(yield* taken.run("constant:1")), 1)
      assert.strictEqual(reasonOf(yield* Effect.flip(session.run("constant:2"))), "Fenced")
    })
  )

  it.effect("keeps only so many machines alive and brings parked sessions back unharmed", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const sessions = yield* world.process({ machinesMax: 2 })
      const grants = yield* world.grants()
      const opened = yield* Effect.forEach([1, 2, 3, 4, 5], () => sessions.open(grants))
      yield* Effect.forEach(opened, (session, index) => session.run(`remember:${index}`))
      assert.isAtMost(sessions.machines().live, 2)
      const values = yield* Effect.forEach(opened, (session) => session.run("recall"), { concurrency: "unbounded" })
      assert.deepStrictEqual(values.map(completed), [0, 1, 2, 3, 4])
      assert.isAtMost(sessions.machines().live, 2)
    })
  )

  it.effect("answers of read-only tools cost no snapshot each and are replayed, not asked again", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants()
      const first = yield* Scope.make()
      const sessions = yield* Scope.provide(world.process(), first)
      const session = yield* Scope.provide(sessions.open({ ...grants, id: "s1" }), first)
      yield* session.run("reads:20")
      yield* Scope.close(first, Exit.void)
      const entries = yield* world.journal.read("s1", 0)
      const snapshots = entries.filter(({ event }) => "snapshot" in event && event.snapshot !== undefined)
      assert.lengthOf(snapshots, 1)
      const again = yield* (yield* world.process()).resume("s1", { ...grants, rebuild: true })
      assert.strictEqual(completed(yield* again.run(`constant:5`)), 5)
      assert.lengthOf(world.outside.entered, 20)
    })
  )

  it.effect("refuses to go on where a replay asks for something else than the journal says", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const grants = yield* world.grants()
      const first = yield* Scope.make()
      const sessions = yield* Scope.provide(world.process(), first)
      const session = yield* Scope.provide(sessions.open({ ...grants, id: "s1" }), first)
      yield* session.run("nap:86400000")
      yield* Scope.close(first, Exit.void)
      const changed = { ...programs, nap: () => Script.call("bank.pay", { amount: 1 }) }
      const second = yield* (yield* world.process(undefined, changed)).resume("s1", grants)
      yield* TestClock.adjust("1 day")
      const error = yield* Effect.flip(second.resume())
      assert.strictEqual(reasonOf(error), "Diverged")
      assert.deepStrictEqual(world.outside.entered, [])
      const third = yield* Effect.scoped(
        Effect.gen(function* () {
          yield* world.journal.release({ session: "s1", epoch: 2 })
          const again = yield* (yield* world.process()).resume("s1", grants)
          return Option.getOrThrow(yield* again.resume())
        })
      )
      assert.strictEqual(completed(third), "awake")
    })
  )

  it.effect("does not forget, by a rewind, that an approved call was started", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("guardedRefund:9"))
      const asking = session.state().seq
      yield* session.answer(call, { _tag: "Approve" })
      yield* session.rewind(asking)
      const again = Option.getOrThrow(yield* session.resume())
      assert.strictEqual(again._tag === "Paused" && again.calls[0]?.needs, "reconciliation")
      const settled = yield* session.reconcile(call, { _tag: "Committed", value: "refunded 9" })
      assert.strictEqual(completed(settled), "refunded 9")
      assert.deepStrictEqual(world.outside.entered, ["refund 9"])
    })
  )
})
