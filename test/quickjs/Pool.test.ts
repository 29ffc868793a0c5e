import { assert, describe, it, vi } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import type { Turn } from "../../src/machine/Turn.ts"
import { Pool, type PoolOptions } from "../../src/quickjs/Pool.ts"
import type { Operation, Result } from "../../src/quickjs/Protocol.ts"
import { type Gone, Seat } from "../../src/quickjs/Seat.ts"
import * as ThreadTime from "../../src/quickjs/ThreadTime.ts"

const worker = (name: string) => new URL(`./workers/${name}.ts`, import.meta.url)

const pool = (options: Partial<PoolOptions> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => new Pool({ entry: worker("faulty"), threads: 2, machinesPerThread: 2, waiting: 2, ...options })),
    (pool) => Effect.promise(() => pool.close())
  )

const place = (pool: Pool, onOutput?: () => void) =>
  Effect.callback<Seat | Gone>((resume) => {
    const giveUp = pool.take(onOutput, (place) => resume(Effect.succeed(place)))
    return Effect.sync(giveUp)
  })

const seat = (pool: Pool, onOutput?: () => void) =>
  Effect.map(place(pool, onOutput), (place) => {
    assert.instanceOf(place, Seat)
    return place as Seat
  })

const request = (seat: Seat, operation: Operation) =>
  Effect.callback<Result | Gone>((resume) => {
    seat.request(operation, (result) => resume(Effect.succeed(result)))
  })

const boot = (seat: Seat) => request(seat, { kind: "boot", limits: defaults, seed: "pool" })

const start = (seat: Seat, source: string) =>
  request(seat, {
    kind: "start",
    program: { ordinal: 1, language: "javascript", source, nowMillis: 0, tools: [] }
  })

const machine = Effect.fnUntraced(function* (pool: Pool, onOutput?: () => void) {
  const taken = yield* seat(pool, onOutput)
  assert.strictEqual((yield* boot(taken)).kind, "booted")
  return taken
})

const turnOf = (result: Result | Gone): Turn => {
  assert.strictEqual(result.kind, "turn", JSON.stringify(result))
  return (result as Extract<Result, { kind: "turn" }>).turn
}

/** How a guest fares whose worker still works. */
const assertWorks = Effect.fnUntraced(function* (seat: Seat) {
  const turn = turnOf(yield* start(seat, "return 1 + 1"))
  assert.strictEqual(turn._tag === "Completed" && turn.value, "2")
})

const assertGone = (result: Result | Gone | Seat, kind: Gone["kind"], detail: RegExp) => {
  assert.deepInclude(result, { kind })
  assert.match((result as Gone).detail, detail)
}

const waitingFor = (pool: Pool) => Effect.forkChild(machine(pool), { startImmediately: true })

describe("a pool", () => {
  it.live("starts its first thread unasked where it is to be warm, and only one", () =>
    Effect.gen(function* () {
      const warm = yield* pool()
      warm.warm()
      warm.warm()
      assert.deepStrictEqual(warm.load, { threads: 1, machines: 0 })
      yield* machine(warm)
      assert.deepStrictEqual(warm.load, { threads: 1, machines: 1 })
    })
  )

  it.live("starts threads when they are needed, puts machines apart and keeps the threads", () =>
    Effect.gen(function* () {
      const threads = yield* pool()
      assert.deepStrictEqual(threads.load, { threads: 0, machines: 0 })
      const first = yield* machine(threads)
      assert.deepStrictEqual(threads.load, { threads: 1, machines: 1 })
      yield* machine(threads)
      yield* machine(threads)
      assert.deepStrictEqual(threads.load, { threads: 2, machines: 3 })
      first.close()
      yield* machine(threads)
      assert.strictEqual(threads.load.threads, 2)
    })
  )

  it.live("has those wait who find no place, first come first served, and refuses those who are too many", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1, machinesPerThread: 1, waiting: 2 })
      const first = yield* machine(threads)
      const second = yield* waitingFor(threads)
      const third = yield* waitingFor(threads)
      assertGone(yield* place(threads), "unavailable", /^2 machines wait/)
      first.close()
      const seated = yield* Fiber.join(second)
      assert.isUndefined(third.pollUnsafe())
      seated.close()
      yield* assertWorks(yield* Fiber.join(third))
    })
  )

  it.live("forgets who gives up waiting", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1, machinesPerThread: 1, waiting: 1 })
      const first = yield* machine(threads)
      yield* Fiber.interrupt(yield* waitingFor(threads))
      const patient = yield* waitingFor(threads)
      first.close()
      yield* assertWorks(yield* Fiber.join(patient))
    })
  )

  it.live("gives the places of a thread that ended to those who wait", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1, machinesPerThread: 1 })
      const first = yield* machine(threads)
      const waiting = yield* waitingFor(threads)
      assertGone(yield* start(first, "exit between guests"), "lost", /code 3/)
      yield* assertWorks(yield* Fiber.join(waiting))
    })
  )

  it.live.each([
    ["dying", /no engine on this host/],
    ["unfit", /base image is not that of this release/],
    ["absent", /Cannot find module/]
  ] as const)(
    "fails those who want a worker that does not come up (%s), and starts nothing for its own sake",
    ([entry, reason]) =>
      Effect.gen(function* () {
        const threads = yield* pool({ entry: worker(entry), threads: 1 })
        for (let attempt = 0; attempt < 3; attempt++) {
          const booted = yield* Effect.all([seat(threads), seat(threads)].map(Effect.flatMap(boot)), {
            concurrency: "unbounded"
          })
          for (const result of booted) assertGone(result, "unavailable", reason)
          assert.deepStrictEqual(threads.load, { threads: 0, machines: 0 })
        }
      })
  )

  it.live("ends its threads and all that waits when it is closed", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1, machinesPerThread: 1 })
      const first = yield* machine(threads)
      const waiting = yield* Effect.forkChild(place(threads), { startImmediately: true })
      yield* Effect.promise(() => threads.close())
      assertGone(yield* start(first, "return 1"), "lost", /the tier was closed/)
      assertGone(yield* Fiber.join(waiting), "unavailable", /the tier is closed/)
      assertGone(yield* place(threads), "unavailable", /the tier is closed/)
      assert.deepStrictEqual(threads.load, { threads: 0, machines: 0 })
    })
  )

  it.live("leaves nothing behind that would keep the process alive", () =>
    Effect.gen(function* () {
      const threads = yield* pool()
      for (let index = 0; index < 4; index++) yield* assertWorks(yield* machine(threads))
      const isIdle = () => !process.getActiveResourcesInfo().includes("MessagePort")
      assert.isFalse(isIdle())
      yield* Effect.promise(() => vi.waitUntil(isIdle))
      yield* Effect.promise(() => threads.close())
      assert.isTrue(isIdle())
    })
  )
})

describe("a worker that ends by itself", () => {
  it.live.each([
    ["exit between guests", /the worker ended with code 3/],
    ["throw", /TypeError: a fault of the worker/],
    ["exhaust the heap", /ERR_WORKER_OUT_OF_MEMORY|memory limit/]
  ] as const)("loses its machines and is replaced: %s", ([fault, detail]) =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const one = yield* machine(threads)
      const other = yield* machine(threads)
      assertGone(yield* start(one, fault), "lost", detail)
      assertGone(yield* start(other, "return 1"), "lost", detail)
      assert.deepStrictEqual(threads.load, { threads: 0, machines: 0 })
      yield* assertWorks(yield* machine(threads))
    })
  )

  it.live("fails the run of the guest that was running, and loses the others", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const one = yield* machine(threads)
      const other = yield* machine(threads)
      const turn = turnOf(yield* start(one, "exit within a guest"))
      assert.deepStrictEqual(turn._tag === "Failed" && [turn.fatal, turn.error.reason], [true, "Unresponsive"])
      assertGone(yield* start(one, "return 1"), "lost", /code 3/)
      assertGone(yield* start(other, "return 1"), "lost", /code 3/)
    })
  )

  it.live("is replaced when it says that it is worn", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const one = yield* machine(threads)
      assertGone(yield* start(one, "wear out"), "lost", /worn out/)
      yield* assertWorks(yield* machine(threads))
    })
  )
})

describe("a guest on a host that is busy with others", () => {
  it.live("is let alone as long as it asks whether it may go on, whatever time has passed", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const slow = yield* machine(threads)
      turnOf(yield* start(slow, "be let go on again and again"))
      yield* assertWorks(slow)
    })
  )

  it.live("is let alone as long as it has no processor", ({ skip }) =>
    Effect.gen(function* () {
      if (ThreadTime.own() === undefined) return skip("this system does not tell the CPU time of a thread to others")
      const threads = yield* pool({ threads: 1 })
      const slow = yield* machine(threads)
      turnOf(yield* start(slow, "have no processor"))
      yield* assertWorks(slow)
    })
  )
})

describe("a guest that heeds nothing", () => {
  /** A guest that burns, whose neighbour waits for its turn. */
  const burning = Effect.fnUntraced(function* (threads: Pool) {
    const heard = yield* Deferred.make<void>()
    const burner = yield* machine(threads, () => Deferred.doneUnsafe(heard, Effect.void))
    const neighbour = yield* machine(threads)
    const burn = yield* Effect.forkChild(start(burner, "burn, and heed nothing"), { startImmediately: true })
    const wait = yield* Effect.forkChild(start(neighbour, "return 1"), { startImmediately: true })
    yield* Deferred.await(heard)
    return { burner, burn, wait }
  })

  it.live("is ended with its worker when it is interrupted, and has stopped by then", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const { burner, wait } = yield* burning(threads)
      yield* Effect.callback<void>((resume) => burner.interrupt(() => resume(Effect.void)))
      assert.deepStrictEqual(threads.load, { threads: 0, machines: 0 })
      assertGone(yield* Fiber.join(wait), "lost", /did not stop/)
      assertGone(yield* start(burner, "return 1"), "lost", /interrupted/)
      yield* assertWorks(yield* machine(threads))
    })
  )

  it.live("is ended with its worker when it is closed, and nobody is placed beside it until then", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1, machinesPerThread: 3 })
      const { burn, burner, wait } = yield* burning(threads)
      burner.close()
      const next = yield* waitingFor(threads)
      assertGone(yield* Fiber.join(burn), "lost", /its scope was closed/)
      assertGone(yield* Fiber.join(wait), "lost", /did not stop when it was told to/)
      yield* assertWorks(yield* Fiber.join(next))
    })
  )

  it.live("is ended at once when the pool is closed", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const { burn, wait } = yield* burning(threads)
      yield* Effect.promise(() => threads.close())
      for (const fiber of [burn, wait]) assertGone(yield* Fiber.join(fiber), "lost", /the tier was closed/)
    })
  )
})

describe("a machine's output", () => {
  it.live("costs only that machine when whoever takes it throws", () =>
    Effect.gen(function* () {
      const threads = yield* pool({ threads: 1 })
      const one = yield* machine(threads, () => {
        throw new Error("no room")
      })
      const other = yield* machine(threads)
      assertGone(yield* start(one, "console.log(1)"), "lost", /could not be handed on: Error: no room/)
      yield* assertWorks(other)
    })
  )
})
