import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Metric, Scope } from "effect"
import { TestClock } from "effect/testing"
import { poolLeased, poolReady, poolTaken } from "../../src/supervisor/Metrics.ts"
import * as Pool from "../../src/supervisor/Pool.ts"

interface Thing {
  readonly number: number
  readonly breaks: Deferred.Deferred<void>
}

/** A workshop in which things take a second to make, and which knows what became of each. */
const workshop = Effect.fnUntraced(function* (options: Partial<Pool.PoolOptions<Thing, string>> = {}) {
  const state = { begun: 0, isBroken: false, alive: new Set<number>() }
  const make = Effect.gen(function* () {
    const number = ++state.begun
    yield* Effect.acquireRelease(
      Effect.sync(() => state.alive.add(number)),
      () => Effect.sync(() => state.alive.delete(number))
    )
    yield* Effect.sleep("1 second")
    if (state.isBroken) return yield* Effect.fail("no material")
    return { number, breaks: yield* Deferred.make<void>() }
  })
  const scope = yield* Scope.make()
  const pool = yield* Scope.provide(
    Pool.make({
      size: 2,
      make,
      lost: ({ breaks }) => Deferred.await(breaks),
      budget: Pool.budget(10),
      cost: 1,
      ...options
    }),
    scope
  )
  return { state, pool: { ...pool, take: pool.take(make) }, takeOr: pool.take, close: Scope.close(scope, Exit.void) }
})

describe("a pool", () => {
  it.effect("gives what is ready at once, makes it anew in the background, and never has more than its size", () =>
    Effect.gen(function* () {
      const { pool, state } = yield* workshop()
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(pool.counts(), { ready: 2, making: 0, leased: 0, hits: 0, misses: 0 })
      const scope = yield* Scope.make()
      const taken = yield* Scope.provide(pool.take, scope)
      assert.deepInclude(pool.counts(), { ready: 1, leased: 1, hits: 1 })
      yield* TestClock.adjust("5 seconds")
      assert.deepInclude(pool.counts(), { ready: 2, leased: 1 })
      assert.strictEqual(state.begun, 3)
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(state.alive.has(taken.number))
      assert.deepInclude(pool.counts(), { ready: 2, leased: 0 })
    })
  )

  it.effect("gives what is made in another way to whoever finds none ready", () =>
    Effect.gen(function* () {
      const { state, takeOr } = yield* workshop()
      const other = Effect.succeed({ number: 100, breaks: yield* Deferred.make<void>() })
      assert.strictEqual((yield* Effect.scoped(takeOr(other))).number, 100)
      yield* TestClock.adjust("5 seconds")
      assert.isAtMost((yield* Effect.scoped(takeOr(other))).number, state.begun)
    })
  )

  it.effect("makes one for whoever finds none ready, and is told if he leaves before it is", () =>
    Effect.gen(function* () {
      const { pool, state } = yield* workshop({ size: 0 })
      const taking = yield* Effect.forkChild(Effect.scoped(pool.take))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(taking)).number, 1)
      const leaving = yield* Effect.forkChild(Effect.scoped(pool.take), { startImmediately: true })
      assert.strictEqual(state.alive.size, 1)
      yield* Fiber.interrupt(leaving)
      assert.deepStrictEqual(
        [state.alive.size, pool.counts()],
        [0, { ready: 0, making: 0, leased: 0, hits: 0, misses: 2 }]
      )
    })
  )

  it.effect("replaces what is lost while nobody has it, and leaves alone what somebody has", () =>
    Effect.gen(function* () {
      const { pool, state } = yield* workshop({ size: 1 })
      yield* TestClock.adjust("1 second")
      const scope = yield* Scope.make()
      const taken = yield* Scope.provide(pool.take, scope)
      yield* TestClock.adjust("1 second")
      yield* Deferred.succeed(taken.breaks, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([...state.alive], [1, 2])
      const next = yield* Effect.scoped(pool.take)
      assert.strictEqual(next.number, 2)
      yield* TestClock.adjust("1 second")
      const third = yield* Scope.provide(pool.take, scope)
      assert.strictEqual(third.number, 3)
    })
  )

  it.effect("replaces a ready one that breaks", () =>
    Effect.gen(function* () {
      const all: Array<Thing> = []
      const { pool, state } = yield* workshop({
        size: 1,
        lost: (thing) =>
          Effect.andThen(
            Effect.sync(() => all.push(thing)),
            Deferred.await(thing.breaks)
          )
      })
      yield* TestClock.adjust("1 second")
      const [first] = all
      assert.isDefined(first)
      if (first !== undefined) yield* Deferred.succeed(first.breaks, undefined)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([[...state.alive], pool.counts().ready], [[2], 1])
    })
  )

  it.effect("tries again later and later while it cannot make any, and tells whoever takes", () =>
    Effect.gen(function* () {
      const { pool, state } = yield* workshop({ size: 1 })
      state.isBroken = true
      yield* TestClock.adjust("1 second")
      assert.strictEqual(state.begun, 1)
      const refused = yield* Effect.forkChild(Effect.flip(Effect.scoped(pool.take)))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(refused), "no material")
      yield* TestClock.adjust("1 minute")
      assert.isBelow(state.begun, 12)
      state.isBroken = false
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(pool.counts().ready, 1)
      assert.strictEqual(state.alive.size, 1)
    })
  )

  it.effect("waits twice as long after each failure, up to a minute", () =>
    Effect.gen(function* () {
      const { state } = yield* workshop({ size: 1 })
      state.isBroken = true
      const begun: Array<number> = []
      for (let second = 0; second < 400; second++) {
        if (state.begun > begun.length) begun.push(second)
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(begun.slice(1), [2, 5, 10, 19, 36, 69, 130, 191, 252, 313, 374])
    })
  )

  it.effect("keeps to a budget that it has with others", () =>
    Effect.gen(function* () {
      const budget = Pool.budget(3)
      const first = yield* workshop({ budget, size: 2 })
      yield* TestClock.adjust("5 seconds")
      const second = yield* workshop({ budget, size: 2 })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([first.pool.counts().ready, second.pool.counts().ready, budget.left()], [2, 1, 0])
      yield* first.close
      assert.strictEqual(first.state.alive.size, 0)
    })
  )

  it.effect("tells how it fares, and leaves nothing in the figures when it ends", () =>
    Effect.gen(function* () {
      const meter = { ready: 0, leased: 0, fromReady: 0, made: 0 }
      const read = Effect.sync(() => ({
        ready: poolReady.valueUnsafe(context).value,
        leased: poolLeased.valueUnsafe(context).value,
        fromReady: poolTaken.ready.valueUnsafe(context).count,
        made: poolTaken.made.valueUnsafe(context).count
      }))
      const context = yield* Effect.context<never>()
      const { close, pool } = yield* workshop({ size: 1 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* read, { ...meter, ready: 1 })
      const scope = yield* Scope.make()
      yield* Scope.provide(pool.take, scope)
      const second = yield* Effect.forkChild(Scope.provide(pool.take, scope))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(second)
      assert.deepStrictEqual(yield* read, { ready: 1, leased: 2, fromReady: 1, made: 1 })
      yield* Scope.close(scope, Exit.void)
      yield* close
      assert.deepStrictEqual(yield* read, { ready: 0, leased: 0, fromReady: 1, made: 1 })
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )

  it.effect("ends with its scope, with all that it has made and was making", () =>
    Effect.gen(function* () {
      const { close, pool, state } = yield* workshop({ size: 3 })
      yield* TestClock.adjust("1500 millis")
      assert.deepInclude(pool.counts(), { ready: 1, making: 1 })
      yield* close
      assert.strictEqual(state.alive.size, 0)
    })
  )
})
