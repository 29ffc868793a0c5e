/**
 * Which sessions have a live machine in this process, and how many may.
 *
 * A session takes a place before it wakes its machine. While it waits for something it rests: its machine stays warm, but
 * the place may be taken by another, the one that has rested longest first. A machine that is working keeps its place.
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Room } from "../machine/Machine.ts"
import * as Meter from "../machine/Meter.ts"
import { machinesLive, machinesResting, queueWaiting } from "../machine/Metrics.ts"

/** A session, and how much room its machine takes. One that takes more than there is comes in when it is alone. */
export interface Resident {
  readonly session: string
  readonly takes: number
  /** Whose it is. Of those who wait, the one whose tenant has least comes in first. */
  readonly tenant?: string | undefined
}

export interface Residents {
  /** Waits for a place. */
  readonly enter: (resident: Resident) => Effect.Effect<void>
  /** Gives the place back; the machine is gone. */
  readonly leave: (resident: Resident) => Effect.Effect<void>
  /**
   * The session has nothing to do for its machine now; `evict` ends the machine (and must not call `leave`). Without it the place
   * cannot be taken: what the machine has done would be lost.
   */
  readonly rest: (resident: Resident, evict: Effect.Effect<void> | undefined) => Effect.Effect<void>
  /** Takes a resting session out of reach of others; false if its machine was evicted meanwhile. */
  readonly wake: (resident: Resident) => boolean
  readonly size: () => { readonly live: number; readonly resting: number }
}

/** How many residents there are of several kinds. */
export const sizeOf = (all: ReadonlyArray<Pick<Residents, "size">>): ReturnType<Residents["size"]> => {
  const sizes = all.map((residents) => residents.size())
  const sum = (of: "live" | "resting") => sizes.reduce((total, size) => total + size[of], 0)
  return { live: sum("live"), resting: sum("resting") }
}

/** The residents of each kind of machine, by the name of its room: of sessions and sandboxes together, where it is provided. */
export class Rooms extends Context.Service<
  Rooms,
  {
    readonly of: (room: Pick<Room, "name" | "size">) => Residents
    readonly size: Residents["size"]
  }
>()("caisson/session/Residents/Rooms") {
  static readonly make = (meter: Meter.Meter): Rooms["Service"] => {
    const all = new Map<string, Residents>()
    return {
      of: ({ name, size }) => {
        const residents = all.get(name) ?? make(size, meter)
        all.set(name, residents)
        return residents
      },
      size: () => sizeOf([...all.values()])
    }
  }

  static readonly layer = Layer.effect(Rooms, Effect.map(Meter.current, Rooms.make))
}

interface Waiting {
  readonly resident: Resident
  readonly turn: Deferred.Deferred<void>
}

export const make = (room: number, meter: Meter.Meter): Residents => {
  const resting = new Map<string, { readonly resident: Resident; readonly evict: Effect.Effect<void> | undefined }>()
  const queue: Array<Waiting> = []
  let live = 0
  let taken = 0
  const takenBy = new Map<string | undefined, number>()
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

  const has = ({ tenant }: Resident) => takenBy.get(tenant) ?? 0

  const count = (resident: Resident, machines: 1 | -1) => {
    live += machines
    taken += machines * resident.takes
    const left = has(resident) + machines * resident.takes
    if (left === 0) takenBy.delete(resident.tenant)
    else takenBy.set(resident.tenant, left)
  }

  /** Who has waited longest, of those whose tenants have least. */
  const nextInTurn = () =>
    queue.reduce<Waiting | undefined>(
      (first, waiting) => (first === undefined || has(waiting.resident) < has(first.resident) ? waiting : first),
      undefined
    )

  const admit = () => {
    for (let next = nextInTurn(); next !== undefined && fits(next.resident.takes); next = nextInTurn()) {
      queue.splice(queue.indexOf(next), 1)
      count(next.resident, 1)
      Deferred.doneUnsafe(next.turn, Effect.void)
    }
    tell()
  }

  const giveBack = (resident: Resident) => {
    count(resident, -1)
    admit()
  }

  /** Until nobody waits, or nobody rests whose place can be taken. */
  const makeRoom: Effect.Effect<void> = Effect.suspend(() => {
    const oldest = [...resting.values()].find(({ evict }) => evict !== undefined)
    if (oldest?.evict === undefined || queue.length === 0) return Effect.void
    const { evict, resident } = oldest
    resting.delete(resident.session)
    tell()
    const evicted = Effect.andThen(
      evict,
      Effect.sync(() => giveBack(resident))
    )
    return Effect.andThen(Effect.uninterruptible(evicted), makeRoom)
  })

  const join = (resident: Resident) =>
    Effect.suspend(() => {
      const waiting: Waiting = { resident, turn: Deferred.makeUnsafe<void>() }
      queue.push(waiting)
      tell()
      const giveUp = Effect.sync(() => {
        const place = queue.indexOf(waiting)
        if (place === -1) giveBack(resident)
        else queue.splice(place, 1)
        admit()
      })
      return Effect.andThen(makeRoom, Deferred.await(waiting.turn)).pipe(Effect.onInterrupt(() => giveUp))
    })

  return {
    enter: (resident) =>
      Effect.suspend(() => {
        if (queue.length > 0 || !fits(resident.takes)) return join(resident)
        count(resident, 1)
        tell()
        return Effect.void
      }),
    leave: (resident) => Effect.sync(() => giveBack(resident)),
    rest: (resident, evict) =>
      Effect.suspend(() => {
        resting.delete(resident.session)
        resting.set(resident.session, { resident, evict })
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
