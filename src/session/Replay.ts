/** From a whole journal to the state that it comes to: what a rewind took back is left out, what it cannot undo is kept. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { evolve, takenOver } from "./Evolution.ts"
import { Journal } from "./journal/Journal.ts"
import type { OpenCall } from "./OpenCall.ts"
import * as Recipe from "./Recipe.ts"
import { PointNotKept, SessionError } from "./SessionError.ts"
import type { Entry, SnapshotId } from "./SessionEvent.ts"
import { initial, type SessionState } from "./SessionState.ts"

/** The entries that still count: those which no later `Rewound` took back. */
export const effective = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  let counting: Array<Entry> = []
  for (const entry of entries) {
    const { event } = entry
    if (event._tag === "Rewound") counting = counting.filter((earlier) => earlier.seq <= event.seq)
    else counting.push(entry)
  }
  return counting
}

/**
 * The state after taking back everything behind a point. Effects on the outside cannot be taken back: a call that the
 * abandoned part had started is of unknown outcome, and budgets stay spent.
 */
const rewound = (
  abandoned: SessionState,
  kept: ReadonlyArray<Entry>,
  dropped: ReadonlyArray<Entry>,
  seq: number
): SessionState => {
  const state = takenOver(kept.reduce(evolve, initial))
  const startedLater = new Set(
    dropped.flatMap((entry) => (entry.event._tag === "CallStarted" ? [entry.event.call] : []))
  )
  const open = [...state.open].map(([id, call]): [string, OpenCall] => [
    id,
    startedLater.has(id) && call.outcome === undefined ? { ...call, receipt: "unknown" } : call
  ])
  return {
    ...state,
    seq,
    open: new Map(open),
    branch: abandoned.branch + 1,
    stance: abandoned.stance,
    spent: abandoned.spent,
    runsStarted: abandoned.runsStarted
  }
}

const withoutSnapshot = (entry: Entry, lost: ReadonlySet<SnapshotId>): Entry => {
  const { event } = entry
  if (!("snapshot" in event)) return entry
  if (event.snapshot === undefined || !lost.has(event.snapshot)) return entry
  const { snapshot: _, contents: __, ...rest } = event
  return { ...entry, event: rest }
}

/**
 * Whether what the guest was written down as at a point is still kept; fails with the last point before it where it is. For tiers
 * that do not repeat themselves: the others reach every point.
 */
export const reachable = Effect.fnUntraced(function* (session: string, entries: ReadonlyArray<Entry>, seq: number) {
  const journal = yield* Journal
  const upTo = entries.filter((entry) => entry.seq <= seq)
  const { recipe } = replay(upTo)
  const isKept = (kept: Recipe.Kept) => Effect.map(journal.snapshot(kept.snapshot), Option.isSome)
  if (!Recipe.hasRuns(recipe) && (recipe.from === undefined || (yield* isKept(recipe.from)))) return
  for (const entry of upTo.toReversed()) {
    const kept = "snapshot" in entry.event ? Recipe.keptBy(entry.event) : undefined
    if (kept === undefined || !(yield* isKept(kept))) continue
    return yield* new SessionError({ reason: new PointNotKept({ session, seq, before: entry.seq }) })
  }
  return yield* new SessionError({ reason: new PointNotKept({ session, seq }) })
})

/** The state that a whole journal comes to, with a recipe that does not use any of the `lost` snapshots. */
export const replay = (entries: ReadonlyArray<Entry>, lost: ReadonlySet<SnapshotId> = new Set()): SessionState => {
  let counting: Array<Entry> = []
  let state = initial
  for (const original of entries) {
    const entry = withoutSnapshot(original, lost)
    const { event } = entry
    if (event._tag === "Rewound") {
      const kept = counting.filter((earlier) => earlier.seq <= event.seq)
      state = rewound(state, kept, counting.slice(kept.length), entry.seq)
      counting = kept
    } else {
      counting.push(entry)
      state = evolve(state, entry)
    }
  }
  return state
}
