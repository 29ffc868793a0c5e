import { Deferred, Effect } from "effect"
import { type Journal, JournalError, StorageFailed } from "../../src/session/journal/Journal.ts"

/**
 * One simulated process. It dies at the nth point that it passes: before or after a write to the journal, before or after a
 * handler's effect. From then on nothing that it does reaches the world.
 */
export interface Life {
  readonly name: string
  readonly isDead: () => boolean
  readonly died: Effect.Effect<void>
  /** Passes a point; never comes back if the process dies there. */
  readonly point: Effect.Effect<void>
  readonly mortal: (journal: Journal["Service"]) => Journal["Service"]
}

const gone = new JournalError({ reason: new StorageFailed({ operation: "reach a journal", cause: "process is dead" }) })

export const make = (name: string, pointsMax: number): Life => {
  const end = Deferred.makeUnsafe<void>()
  let points = 0
  let dead = false

  /** Whether the process survives the point. */
  const pass = () => {
    points++
    if (!dead && points >= pointsMax) {
      dead = true
      Deferred.doneUnsafe(end, Effect.void)
    }
    return !dead
  }
  const write = <A>(effect: Effect.Effect<A, JournalError>): Effect.Effect<A, JournalError> =>
    Effect.suspend(() => {
      if (dead || !pass()) return Effect.fail(gone)
      return Effect.flatMap(effect, (value) => (pass() ? Effect.succeed(value) : Effect.fail(gone)))
    })
  const look = <A>(effect: Effect.Effect<A, JournalError>) => Effect.suspend(() => (dead ? Effect.fail(gone) : effect))

  return {
    name,
    isDead: () => dead,
    died: Deferred.await(end),
    point: Effect.suspend(() => (!dead && pass() ? Effect.void : Effect.never)),
    mortal: (journal) => ({
      create: (...args) => write(journal.create(...args)),
      claim: (...args) => write(journal.claim(...args)),
      append: (...args) => write(journal.append(...args)),
      prune: (...args) => write(journal.prune(...args)),
      release: (...args) => look(journal.release(...args)),
      renew: (...args) => look(journal.renew(...args)),
      read: (...args) => look(journal.read(...args)),
      snapshot: (...args) => look(journal.snapshot(...args)),
      summary: (...args) => look(journal.summary(...args)),
      list: (...args) => look(journal.list(...args)),
      decide: (...args) => write(journal.decide(...args)),
      decisions: (...args) => look(journal.decisions(...args)),
      compact: (...args) => look(journal.compact(...args))
    })
  }
}
