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

/** A session, and how much room its machine takes. One that takes more than there is comes in when it is alone. */
export interface Resident {
  readonly session: string
  readonly takes: number
}

export interface Residents {
  /** Waits for a place. */
  readonly enter: (resident: Resident) => Effect.Effect<void>
  /** Gives the place back; the machine is gone. */
  readonly leave: (resident: Resident) => Effect.Effect<void>
  /** The session has nothing to do for its machine now; `evict` ends the machine (and must not call `leave`). */
  readonly rest: (resident: Resident, evict: Effect.Effect<void>) => Effect.Effect<void>
  /** Takes a resting session out of reach of others; false if its machine was evicted meanwhile. */
  readonly wake: (resident: Resident) => boolean
  readonly size: () => { readonly live: number; readonly resting: number }
}

interface Waiting {
  readonly takes: number
  readonly turn: Deferred.Deferred<void>
}

export const make = (room: number, meter: Meter): Residents => {
  const resting = new Map<string, { readonly takes: number; readonly evict: Effect.Effect<void> }>()
  const queue: Array<Waiting> = []
  let live = 0
  let taken = 0
  let told = { live: 0, resting: 0, waiting: 0 }

  /** Other residents of this process move the same gauges. */
  const tell = () => {
    const now = { live, resting: resting.size, waiting: queue.length }
    if (now.live !== told.live) meter.move(machinesLive, now.live - told.live)
    if (now.resting !== told.resting) meter.move(machinesResting, now.resting - told.resting)
    if (now.waiting !== told.waiting) meter.move(queueWaiting, now.waiting - told.waiting)
    told = now
  }

  const fits = (takes: number) => live === 0 || taken + takes <= room

  const take = (takes: number) => {
    live++
    taken += takes
  }

  const admit = () => {
    for (let next = queue[0]; next !== undefined && fits(next.takes); next = queue[0]) {
      queue.shift()
      take(next.takes)
      Deferred.doneUnsafe(next.turn, Effect.void)
    }
    tell()
  }

  const giveBack = (takes: number) => {
    live--
    taken -= takes
    admit()
  }

  /** Until whoever waits longest has come in, or nobody rests. */
  const makeRoom: Effect.Effect<void> = Effect.suspend(() => {
    const [oldest] = resting
    if (oldest === undefined || queue.length === 0) return Effect.void
    const [session, { evict, takes }] = oldest
    resting.delete(session)
    tell()
    const evicted = Effect.andThen(
      evict,
      Effect.sync(() => giveBack(takes))
    )
    return Effect.andThen(Effect.uninterruptible(evicted), makeRoom)
  })

  const join = (takes: number) =>
    Effect.suspend(() => {
      const waiting: Waiting = { takes, turn: Deferred.makeUnsafe<void>() }
      queue.push(waiting)
      tell()
      const giveUp = Effect.sync(() => {
        const place = queue.indexOf(waiting)
        if (place === -1) giveBack(takes)
        else queue.splice(place, 1)
        admit()
      })
      return Effect.andThen(makeRoom, Deferred.await(waiting.turn)).pipe(Effect.onInterrupt(() => giveUp))
    })

  return {
    enter: ({ takes }) =>
      Effect.suspend(() => {
        if (queue.length > 0 || !fits(takes)) return join(takes)
        take(takes)
        tell()
        return Effect.void
      }),
    leave: ({ takes }) => Effect.sync(() => giveBack(takes)),
    rest: ({ session, takes }, evict) =>
      Effect.suspend(() => {
        resting.delete(session)
        resting.set(session, { takes, evict })
        tell()
        return makeRoom
      }),
    wake: ({ session }) => {
      const isThere = resting.delete(session)
      tell()
      return isThere
    },
    size: () => ({ live, resting: resting.size })
  }
}
