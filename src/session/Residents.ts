/**
 * Which sessions have a live machine in this process, and how many may.
 *
 * A session takes a place before it wakes its machine. While it waits for something it rests: its machine stays warm, but
 * the place may be taken by another, the one that has rested longest first. A machine that is working keeps its place.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Meter } from "../machine/Meter.ts"
import { machinesLive, machinesResting, queueWaiting } from "../machine/Metrics.ts"

export interface Residents {
  /** Waits for a place. */
  readonly enter: Effect.Effect<void>
  /** Gives the place back; the machine is gone. */
  readonly leave: Effect.Effect<void>
  /** The session has nothing to do for its machine now; `evict` ends the machine (and must not call `leave`). */
  readonly rest: (session: string, evict: Effect.Effect<void>) => Effect.Effect<void>
  /** Takes a resting session out of reach of others; false if its machine was evicted meanwhile. */
  readonly wake: (session: string) => boolean
  readonly size: () => { readonly live: number; readonly resting: number }
}

export const make = (machinesMax: number, meter: Meter): Residents => {
  const resting = new Map<string, Effect.Effect<void>>()
  const queue: Array<Deferred.Deferred<void>> = []
  let live = 0
  let told = { live: 0, resting: 0, waiting: 0 }

  /** Other residents of this process move the same gauges. */
  const tell = () => {
    const now = { live, resting: resting.size, waiting: queue.length }
    if (now.live !== told.live) meter.move(machinesLive, now.live - told.live)
    if (now.resting !== told.resting) meter.move(machinesResting, now.resting - told.resting)
    if (now.waiting !== told.waiting) meter.move(queueWaiting, now.waiting - told.waiting)
    told = now
  }

  const leave = Effect.sync(() => {
    const next = queue.shift()
    if (next === undefined) live--
    else Deferred.doneUnsafe(next, Effect.void)
    tell()
  })

  const evictOldest = Effect.suspend(() => {
    const [oldest] = resting
    if (oldest === undefined) return Effect.void
    resting.delete(oldest[0])
    tell()
    return Effect.uninterruptible(Effect.andThen(oldest[1], leave))
  })

  const join = Effect.suspend(() => {
    const turn = Deferred.makeUnsafe<void>()
    queue.push(turn)
    tell()
    const giveUp = Effect.suspend(() => {
      const place = queue.indexOf(turn)
      if (place === -1) return leave
      queue.splice(place, 1)
      tell()
      return Effect.void
    })
    return Effect.andThen(evictOldest, Deferred.await(turn)).pipe(Effect.onInterrupt(() => giveUp))
  })

  return {
    enter: Effect.suspend(() => {
      if (live >= machinesMax) return join
      live++
      tell()
      return Effect.void
    }),
    leave,
    rest: (session, evict) =>
      Effect.suspend(() => {
        resting.delete(session)
        resting.set(session, evict)
        tell()
        return queue.length > 0 ? evictOldest : Effect.void
      }),
    wake: (session) => {
      const isThere = resting.delete(session)
      tell()
      return isThere
    },
    size: () => ({ live, resting: resting.size })
  }
}
