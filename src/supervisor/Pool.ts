/**
 * Things that take long to make, kept ready.
 *
 * P1. What is taken is ready. Nothing is given out twice, and what was taken ends with the scope of whoever took it.
 * P2. What is taken is made anew in the background. Where that fails it is tried again, later and later; whoever finds none ready
 *     makes one in his own way, and is told of his own failure.
 * P3. What is lost while nobody has it is replaced. A pool never has more than its size, nor all pools more than their budget.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Meter from "../machine/Meter.ts"
import { poolLeased, poolReady, poolTaken } from "./Metrics.ts"

/** What all pools of a process may hold together, in whatever unit they count in. */
export interface Budget {
  /** Takes as much, if it is there. */
  readonly take: (amount: number) => boolean
  readonly giveBack: (amount: number) => void
  readonly left: () => number
}

export const budget = (all: number): Budget => {
  let left = all
  return {
    take: (amount) => {
      if (amount > left) return false
      left -= amount
      return true
    },
    giveBack: (amount) => {
      left += amount
    },
    left: () => left
  }
}

export interface PoolOptions<A, E> {
  readonly size: number
  readonly make: Effect.Effect<A, E, Scope.Scope>
  /** Waits until one is lost through no doing of its holder. */
  readonly lost: (made: A) => Effect.Effect<unknown>
  readonly budget: Budget
  /** What one takes of the budget while nobody has it. */
  readonly cost: number
}

export interface Counts {
  readonly ready: number
  readonly making: number
  readonly leased: number
  /** Taken since the pool began: those that were ready, and those that had to be made first. */
  readonly hits: number
  readonly misses: number
}

export interface Pool<A> {
  /** One that is ready, or else what is made otherwise. */
  readonly take: <E>(otherwise: Effect.Effect<A, E, Scope.Scope>) => Effect.Effect<A, E, Scope.Scope>
  readonly counts: () => Counts
}

interface Held<A> {
  readonly made: A
  readonly scope: Scope.Closeable
  /** Replaces it when it is lost. */
  watch?: Fiber.Fiber<void>
}

const retryMillis = { first: 1_000, most: 60_000 }
/** How long a pool waits that could not have what the budget does not have now. */
const budgetMillis = 1_000

const messageOf = (cause: Cause.Cause<unknown>): string => {
  const error = Cause.squash(cause)
  return error instanceof Error ? error.message : String(error)
}

/** A pool that fills itself as long as the scope is open, and ends what nobody has taken with it. */
export const make = Effect.fn("Pool.make")(function* <A, E>(options: PoolOptions<A, E>) {
  const { budget, cost, lost, size } = options
  const meter = yield* Meter.current
  const home = yield* Effect.scope
  const isWanted = yield* Latch.make(true)
  const ready: Array<Held<A>> = []
  let making = 0
  let leased = 0
  let hits = 0
  let misses = 0

  const release = () => {
    budget.giveBack(cost)
    isWanted.openUnsafe()
  }

  /** Takes one out of the pool, if it is still in it. */
  const remove = (held: Held<A>): boolean => {
    const place = ready.indexOf(held)
    if (place === -1) return false
    ready.splice(place, 1)
    meter.move(poolReady, -1)
    release()
    return true
  }

  const keep = Effect.fnUntraced(function* (held: Held<A>) {
    ready.push(held)
    meter.move(poolReady, 1)
    const replaced = Effect.suspend(() => (remove(held) ? Scope.close(held.scope, Exit.void) : Effect.void))
    held.watch = yield* Effect.forkIn(Effect.andThen(lost(held.made), replaced), home)
  })

  const makeOne = Effect.gen(function* () {
    const scope = yield* Scope.fork(home)
    making++
    yield* Scope.provide(options.make, scope).pipe(
      Effect.onExit((exit) => (Exit.isSuccess(exit) ? Effect.void : Scope.close(scope, exit))),
      Effect.onError(() => Effect.sync(() => budget.giveBack(cost))),
      Effect.ensuring(Effect.sync(() => making--)),
      Effect.flatMap((made) => keep({ made, scope }))
    )
  })

  const fill = Effect.gen(function* () {
    let pauseMillis = retryMillis.first
    for (;;) {
      if (ready.length >= size) isWanted.closeUnsafe()
      yield* isWanted.await
      if (!budget.take(cost)) {
        yield* Effect.sleep(budgetMillis)
        continue
      }
      const exit = yield* Effect.exit(makeOne)
      if (Exit.isSuccess(exit)) {
        pauseMillis = retryMillis.first
        continue
      }
      // What was being made when everything ends is no loss.
      if (home.state._tag === "Closed") return
      yield* Effect.logWarning(`one that is to be kept ready cannot be made: ${messageOf(exit.cause)}`)
      yield* Effect.sleep(pauseMillis)
      pauseMillis = Math.min(2 * pauseMillis, retryMillis.most)
    }
  })
  if (size > 0) yield* Effect.forkScoped(fill)
  yield* Effect.addFinalizer(() => Effect.sync(() => meter.move(poolReady, -ready.length)))

  const lend = Effect.fnUntraced(function* (held: Held<A>) {
    hits++
    meter.move(poolReady, -1)
    meter.record(poolTaken.ready, 1)
    release()
    yield* Effect.addFinalizer((exit) => Scope.close(held.scope, exit))
    if (held.watch !== undefined) yield* Fiber.interrupt(held.watch)
    return held.made
  })

  const missed = Effect.sync(() => {
    misses++
    meter.record(poolTaken.made, 1)
  })

  const counted = Effect.acquireRelease(
    Effect.sync(() => {
      leased++
      meter.move(poolLeased, 1)
    }),
    () =>
      Effect.sync(() => {
        leased--
        meter.move(poolLeased, -1)
      })
  )
  const pool: Pool<A> = {
    take: (otherwise) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(counted, () => {
          const held = ready.pop()
          return held === undefined ? Effect.andThen(missed, restore(otherwise)) : lend(held)
        })
      ),
    counts: () => ({ ready: ready.length, making, leased, hits, misses })
  }
  return pool
})
