/** Sessions whose places are wanted by others, over machines that do not do the same again and take time to be written down. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { make } from "./frail.ts"
import { completed } from "./results.ts"

describe("a session whose place is given to another", () => {
  it.effect("is not gone on with from what is written down while its run ends", () =>
    Effect.gen(function* () {
      for (const how of ["cancel", "rewind"] as const) {
        const { process } = yield* make
        const { open, power, sessions } = yield* process({ machinesMax: 1 })
        const entered = yield* Deferred.make<void>()
        const slow = Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
        const session = yield* open("s", {}, { slow })
        const other = yield* open("other")
        yield* session.run('remember:"before"')
        const kept = session.state().seq
        yield* Effect.forkChild(Effect.exit(session.run("slowly:1")))
        yield* Deferred.await(entered)
        yield* TestClock.adjust("1 millis")
        power.writingMillis = 1_000
        yield* Effect.forkChild(other.run("double:2"), { startImmediately: true })
        const end = how === "cancel" ? session.cancel() : session.rewind(kept)
        const ending = yield* Effect.forkChild(end, { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(ending)
        const tags = (yield* sessions.entries("s")).map(({ event }) => event._tag)
        assert.isBelow(tags.lastIndexOf("Kept"), tags.lastIndexOf(how === "cancel" ? "RunEnded" : "Rewound"))
        power.writingMillis = 0
        assert.strictEqual(completed(yield* session.run("recall")), "before")
        assert.strictEqual(completed(yield* other.run("double:2")), 4)
      }
    })
  )

  it.effect("goes back to what is written down while its next run waits for a machine", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, power } = yield* process({ machinesMax: 1 })
      const entered = yield* Deferred.make<void>()
      const slow = Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
      const session = yield* open("s", { snapshots: "lazy" }, { slow })
      const other = yield* open("other")
      yield* session.run('remember:"kept"')
      power.writingMillis = 1_000
      yield* Effect.forkChild(other.run("double:2"), { startImmediately: true })
      yield* Effect.forkChild(session.run("slowly:1"), { startImmediately: true })
      yield* Effect.forkChild(TestClock.adjust("5 seconds"))
      yield* Deferred.await(entered)
      power.writingMillis = 0
      yield* session.cancel()
      assert.strictEqual(completed(yield* session.run("recall")), "kept")
    })
  )

  it.effect("is not let go of before it is written down", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open, power, resume, sessions, grants } = yield* process({ machinesMax: 1 })
      const other = yield* open("other")
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(sessions.open({ ...(yield* grants()), id: "s", snapshots: "lazy" }), scope)
      yield* session.run('remember:"kept"')
      power.writingMillis = 1_000
      yield* Effect.forkChild(other.run("double:2"), { startImmediately: true })
      const letting = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(letting)
      power.writingMillis = 0
      assert.strictEqual(completed(yield* (yield* resume("s")).run("recall")), "kept")
    })
  )
})
