/** Sessions whose places are wanted by others, over machines that do not do the same again and take time to be written down. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Machines } from "../../src/machine/Machine.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import * as Sandbox from "../../src/sandbox/Sandbox.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import * as Residents from "../../src/session/Residents.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import { make } from "./frail.ts"
import { completed } from "./results.ts"
import { makeWorld, programs } from "./world.ts"

describe("a session whose place is given to another", () => {
  it.effect("is hibernated until it is needed", () =>
    Effect.gen(function* () {
      const { process } = yield* make
      const { open } = yield* process({ machinesMax: 1 })
      const session = yield* open("s")
      const other = yield* open("other")
      const hibernated = () => [session.isHibernated(), other.isHibernated()]
      assert.deepStrictEqual(hibernated(), [true, true])
      yield* session.run('remember:"kept"')
      assert.deepStrictEqual(hibernated(), [false, true])
      yield* other.run("double:2")
      assert.deepStrictEqual(hibernated(), [true, false])
      assert.strictEqual(completed(yield* session.run("recall")), "kept")
      assert.deepStrictEqual(hibernated(), [false, true])
    })
  )

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

describe("a sandbox", () => {
  const room = { name: "few", size: 1, perMachine: 1 }
  const few = Layer.effect(
    Machines,
    Effect.map(Machines, (machines) => ({ ...machines, room, idleMillis: 600_000 }))
  ).pipe(Layer.provide(Scripted.layer(programs, { repeats: false })))
  const world = Layer.mergeAll(JournalMemory.layer, Residents.Rooms.layer, few)

  it.effect("has its place among sessions, and keeps it until it is released", () =>
    Effect.gen(function* () {
      const { grants } = yield* makeWorld
      const sessions = yield* Sessions
      const scope = yield* Scope.make()
      const sandbox = yield* Scope.provide(Sandbox.open(yield* grants()), scope)
      yield* sandbox.run('remember:"kept"')
      const session = yield* sessions.open({ ...(yield* grants()), id: "s" })
      const running = yield* Effect.forkChild(session.run("double:2"), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([sessions.machines().live, running.pollUnsafe()], [1, undefined])
      assert.strictEqual(completed(yield* sandbox.run("recall")), "kept")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(completed(yield* Fiber.join(running)), 4)
    }).pipe(Effect.provide(Sessions.layer()), Effect.provide(world))
  )

  it.effect("gives its place up, with all that it has, when it has been idle for too long", () =>
    Effect.gen(function* () {
      const { grants } = yield* makeWorld
      const sandbox = yield* Sandbox.open(yield* grants())
      yield* sandbox.run('remember:"lost"')
      const session = yield* (yield* Sessions).open({ ...(yield* grants()), id: "s" })
      const running = yield* Effect.forkChild(session.run("double:2"), { startImmediately: true })
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(completed(yield* Fiber.join(running)), 4)
      yield* session.close
      const recalled = yield* sandbox.run("recall")
      assert.strictEqual(recalled._tag === "Failed" && recalled.error.reason, "MachineLost")
    }).pipe(Effect.scoped, Effect.provide(Sessions.layer()), Effect.provide(world))
  )
})
