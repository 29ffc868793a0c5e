import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Option, Schedule, Scope } from "effect"
import { onlyCall, reasonOf } from "../../session/results.ts"
import { grants, home, type It, opened, otherHome, Place, running, type Subject, said } from "./Steps.ts"

/** What outlives machines and processes, and how a session is copied and taken back. */
export const lives = (it: It, subject: Subject) => {
  const { programs, traits } = subject
  const { attempt, call, keep, show } = programs

  it.effect("T12 B13 is answered in another process, which runs nothing again and counts on", () =>
    Effect.gen(function* () {
      const { entered, options } = yield* grants(subject)
      const { id, waiting } = yield* Effect.gen(function* () {
        const session = yield* (yield* home()).open(options)
        const paused = yield* running(subject, session)(keep(7), call("pay", 1), call("refund", 2), show)
        return { id: session.id, waiting: onlyCall(paused) }
      }).pipe(Effect.scoped)
      const session = yield* (yield* otherHome).resume(id, options)
      const result = yield* session.answer(waiting, { _tag: "Approve" })
      assert.deepStrictEqual(said(result), ["paid 1", "refunded 2", "7"])
      const [second, third, fourth] = said(
        yield* running(subject, session)(attempt("pay", 2), attempt("pay", 3), attempt("pay", 4))
      )
      assert.deepStrictEqual([second, third, fourth?.slice(0, 7)], ["paid 2", "paid 3", "refused"])
      assert.deepStrictEqual(entered, ["pay 1", "refund 2", "pay 2", "pay 3"])
    })
  )

  it.effect("T15 does not know what became of a call whose process ended, and goes on with what it is told", () =>
    Effect.gen(function* () {
      const entering = yield* Deferred.make<void>()
      const first = yield* grants(subject, () => Effect.andThen(Deferred.succeed(entering, undefined), Effect.never))
      const process = yield* Scope.make()
      const opening = Effect.flatMap(home(), (sessions) => sessions.open(first.options))
      const left = yield* Scope.provide(opening, process)
      const waiting_ = yield* Effect.forkChild(running(subject, left)(keep(3), call("pay", 1), show))
      yield* Deferred.await(entering)
      yield* Scope.close(process, Exit.void)
      yield* Fiber.interrupt(waiting_)
      const second = yield* grants(subject)
      const session = yield* (yield* home()).resume(left.id, second.options)
      const paused = Option.getOrThrow(yield* session.resume())
      assert.deepInclude(paused._tag === "Paused" && paused.calls[0], { method: "pay", needs: "reconciliation" })
      const waiting = onlyCall(paused)
      assert.strictEqual(reasonOf(yield* Effect.flip(session.answer(waiting, { _tag: "Approve" }))), "AnswerRefused")
      const result = yield* session.reconcile(waiting, { _tag: "Committed", value: "paid by hand" })
      assert.deepStrictEqual(said(result), ["paid by hand", "3"])
      assert.deepStrictEqual([...first.entered, ...second.entered], ["pay 1"])
    })
  )

  it.effect("gives its machine up when it has nothing to do, and when another needs the room", () =>
    Effect.gen(function* () {
      const { directory } = yield* Place
      const sessions = yield* home({ room: { name: "one", size: 1, perMachine: 1 }, idleMillis: 1_000 })
      const { options } = yield* grants(subject)
      const [one, two] = [yield* sessions.open(options), yield* sessions.open(options)]
      const [inOne, inTwo] = [running(subject, one), running(subject, two)]
      yield* inOne(keep(1))
      yield* inTwo(keep(2))
      assert.deepStrictEqual(said(yield* inOne(show)), ["1"])
      assert.deepStrictEqual(said(yield* inTwo(show)), ["2"])
      assert.isAtMost(sessions.machines().live, 1)
      yield* Effect.sync(() => sessions.machines().live).pipe(
        Effect.repeat({ schedule: Schedule.spaced("20 millis"), while: (live) => live > 0 }),
        Effect.timeout("60 seconds")
      )
      assert.deepStrictEqual(traits.remains(directory), [])
      assert.deepStrictEqual(said(yield* inOne(show)), ["1"])
    })
  )

  it.effect("F8 explores both answers of one question in forks, which see nothing of each other", () =>
    Effect.gen(function* () {
      const { entered, options, run, session, sessions } = yield* opened(subject)
      const call = onlyCall(yield* run(keep(1), attempt("refund", 3)))
      const fork = yield* sessions.resume(yield* sessions.fork(session.id), options)
      const inFork = running(subject, fork)
      const denied = said(yield* fork.answer(call, { _tag: "Deny", reason: "no" }))
      assert.match(denied[0] ?? "", /^refused .*no/)
      assert.deepStrictEqual(said(yield* session.answer(call, { _tag: "Approve" })), ["refunded 3"])
      yield* inFork(keep(2))
      assert.deepStrictEqual([said(yield* run(show)), said(yield* inFork(show))], [["1"], ["2"]])
      assert.deepStrictEqual(entered, ["refund 3"])
    })
  )

  it.effect("goes back to a recorded point, and what it did outside stays done", () =>
    Effect.gen(function* () {
      const { entered, run, session } = yield* opened(subject)
      yield* run(keep(1))
      const { seq } = session.state()
      assert.deepStrictEqual(said(yield* run(keep(2), call("pay", 1), show)), ["paid 1", "2"])
      yield* session.files.write("later.txt", "later")
      yield* session.rewind(seq)
      assert.deepStrictEqual(said(yield* run(show)), ["1"])
      assert.deepStrictEqual(yield* session.files.list(), [])
      const payments = [attempt("pay", 2), attempt("pay", 3), attempt("pay", 4)]
      assert.match(said(yield* run(...payments))[2] ?? "", /^refused /)
      assert.deepStrictEqual(entered, ["pay 1", "pay 2", "pay 3"])
      assert.strictEqual(reasonOf(yield* Effect.flip(session.rewind(seq + 1))), "PointNotFound")
    })
  )
}
