/** How long a session may last, over machines that do the same again and over others. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Machines } from "../../src/machine/Machine.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import type { OpenOptions, Sessions } from "../../src/session/Sessions.ts"
import { reasonOf } from "./results.ts"
import { type Hooks, makeWorld, programs } from "./world.ts"

/** Machines for sessions of an hour. */
const tier = (repeats: boolean) =>
  Layer.effect(
    Machines,
    Effect.map(Machines, (machines) => ({ ...machines, totalMillis: 3_600_000 }))
  ).pipe(Layer.provide(Scripted.layer(programs, { repeats })))

const make = Effect.fnUntraced(function* (repeats: boolean) {
  const world = yield* makeWorld
  const sessions = yield* world.process({}, programs, tier(repeats))
  const open = (id: string, options: Partial<OpenOptions> = {}, hooks: Hooks = {}) =>
    Effect.flatMap(world.grants(hooks), (grants) => sessions.open({ ...grants, id, ...options }))
  const resume = (id: string) => Effect.flatMap(world.grants(), (grants) => sessions.resume(id, grants))
  return { sessions, open, resume }
})

/** Why the runs of a session have ended. */
const reasonsIn = (sessions: Sessions["Service"], id: string) =>
  Effect.map(sessions.entries(id), (entries) =>
    entries.flatMap(({ event }) =>
      event._tag === "RunEnded" && event.outcome._tag === "Rejected" ? [event.outcome.error.reason] : []
    )
  )

for (const repeats of [true, false])
  describe(`the time of a session over machines that ${repeats ? "repeat themselves" : "do not"}`, () => {
    it.effect("ends a run that is under way, and its machine", () =>
      Effect.gen(function* () {
        const { open, sessions } = yield* make(repeats)
        const entered = yield* Deferred.make<void>()
        const pay = () => Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
        const session = yield* open("s", {}, { pay })
        yield* TestClock.adjust("59 minutes")
        const running = yield* Effect.forkChild(session.run("twice"))
        yield* Deferred.await(entered)
        yield* TestClock.adjust("1 minute")
        const result = yield* Fiber.join(running)
        const how = result._tag === "Failed" ? [result.error.reason, result.rolledBack] : result._tag
        assert.deepStrictEqual(how, ["SessionExpired", true])
        assert.strictEqual(sessions.machines().live, 0)
        assert.strictEqual(reasonOf(yield* Effect.flip(session.run("recall"))), "SessionExpired")
        const refused = yield* Effect.flip(session.files.list())
        assert.strictEqual(refused._tag === "SessionError" && reasonOf(refused), "SessionExpired")
        assert.strictEqual(sessions.machines().live, 0)
      })
    )

    it.effect("ends a run that waits for a person, also one that nobody held then", () =>
      Effect.gen(function* () {
        const { open, resume, sessions } = yield* make(repeats)
        yield* (yield* open("held")).run("refund:50")
        const scope = yield* Scope.make()
        yield* (yield* Scope.provide(open("left"), scope)).run("refund:50")
        yield* Scope.close(scope, Exit.void)
        yield* TestClock.adjust("1 hour")
        assert.deepStrictEqual(yield* reasonsIn(sessions, "held"), ["SessionExpired"])
        assert.deepStrictEqual(yield* reasonsIn(sessions, "left"), [])
        yield* resume("left")
        yield* TestClock.adjust("1 millis")
        assert.deepStrictEqual(yield* reasonsIn(sessions, "left"), ["SessionExpired"])
      })
    )

    it.effect("gives an idle machine up", () =>
      Effect.gen(function* () {
        const { open, sessions } = yield* make(repeats)
        const session = yield* open("s", { snapshots: "lazy" })
        yield* session.run('remember:"kept"')
        yield* TestClock.adjust("3599 seconds")
        assert.strictEqual(sessions.machines().live, 1)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(sessions.machines().live, 0)
        const last = (yield* sessions.entries("s")).at(-1)?.event._tag
        assert.strictEqual(last, repeats ? "RunEnded" : "Kept")
        yield* session.close
      })
    )
  })
