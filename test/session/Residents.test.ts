import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Meter from "../../src/machine/Meter.ts"
import * as Residents from "../../src/session/Residents.ts"

const make = (room: number) => Effect.map(Meter.current, (meter) => Residents.make(room, meter))

const of = (session: string, takes = 1, tenant?: string): Residents.Resident => ({ session, takes, tenant })

/** Who comes in, in which order. */
const entering = Effect.fnUntraced(function* (
  residents: Residents.Residents,
  order: Array<string>,
  ...all: ReadonlyArray<Residents.Resident>
) {
  return yield* Effect.forEach(all, (resident) =>
    Effect.forkChild(
      Effect.andThen(
        residents.enter(resident),
        Effect.sync(() => order.push(resident.session))
      ),
      { startImmediately: true }
    )
  )
})

describe("the room for machines", () => {
  it.effect("is given in turn, first to those whose tenants have least of it", () =>
    Effect.gen(function* () {
      const residents = yield* make(2)
      const order: Array<string> = []
      const [a1, a2] = [of("a1", 1, "a"), of("a2", 1, "a")]
      yield* entering(residents, order, a1, a2, of("a3", 1, "a"), of("a4", 1, "a"), of("b1", 1, "b"))
      assert.deepStrictEqual(order, ["a1", "a2"])
      yield* residents.leave(a1)
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["a1", "a2", "b1"])
      yield* residents.leave(a2)
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["a1", "a2", "b1", "a3"])
    })
  )

  it.effect("counts what each machine takes; one that is too large for it comes in when it is alone", () =>
    Effect.gen(function* () {
      const residents = yield* make(10)
      const order: Array<string> = []
      const [small, large] = [of("small", 4), of("large", 8)]
      yield* entering(residents, order, small, large, of("huge", 20))
      assert.deepStrictEqual(order, ["small"])
      yield* residents.leave(small)
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["small", "large"])
      yield* residents.leave(large)
      yield* Effect.yieldNow
      assert.deepStrictEqual([order.at(-1), residents.size().live], ["huge", 1])
    })
  )

  it.effect("is taken from as many that rest as it needs, the oldest first", () =>
    Effect.gen(function* () {
      const residents = yield* make(4)
      const order: Array<string> = []
      const evicted: Array<string> = []
      for (const session of ["one", "two", "three", "four"]) {
        yield* residents.enter(of(session))
        yield* residents.rest(
          of(session),
          Effect.sync(() => evicted.push(session))
        )
      }
      const [fiber] = yield* entering(residents, order, of("large", 3))
      if (fiber !== undefined) yield* Fiber.join(fiber)
      assert.deepStrictEqual([evicted, order], [["one", "two", "three"], ["large"]])
      assert.deepStrictEqual(residents.size(), { live: 2, resting: 1 })
    })
  )

  it.effect("is not held by one who gave up waiting before others", () =>
    Effect.gen(function* () {
      const residents = yield* make(4)
      const order: Array<string> = []
      const [first, large] = yield* entering(residents, order, of("first", 2), of("large", 4), of("small", 2))
      assert.deepStrictEqual(order, ["first"])
      if (first !== undefined) yield* Fiber.join(first)
      if (large !== undefined) yield* Fiber.interrupt(large)
      yield* Effect.yieldNow
      assert.deepStrictEqual(order, ["first", "small"])
    })
  )
})
