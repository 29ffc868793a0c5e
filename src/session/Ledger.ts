/**
 * One holder's end of a session's journal: the state in memory, and what is not written yet.
 *
 * L1. `record` changes the state at once; nothing that depends on it may leave the process before `flush` has succeeded,
 *     except a question to a read-only tool.
 * L2. Entries are written in the order in which they were recorded.
 * L3. After one failed write the ledger is dead: the state in memory is ahead of the journal and must not be used.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Semaphore from "effect/Semaphore"
import type { Snapshot } from "../machine/Machine.ts"
import * as Meter from "../machine/Meter.ts"
import { sha256 } from "./Digest.ts"
import { evolve } from "./Evolution.ts"
import { contentsOf } from "./FileRecord.ts"
import { type Claim, Journal, type JournalError, type SnapshotBytes } from "./journal/Journal.ts"
import * as Metrics from "./Metrics.ts"
import * as Recipe from "./Recipe.ts"
import { replay } from "./Replay.ts"
import { type Entry, type SessionEvent, type SnapshotId, Stance } from "./SessionEvent.ts"
import { dueMillis, type SessionState, statusOf } from "./SessionState.ts"
import { type Intervention, Witness } from "./Witness.ts"

/** Unwritten entries beyond which a ledger writes by itself. */
const unwrittenMax = 256
/** Snapshots kept beside those that the session needs, so that it can be rewound without a replay. */
const snapshotsKept = 16

const strictness: ReadonlyArray<Stance> = Stance.literals

export interface Ledger {
  readonly claim: Claim
  readonly state: () => SessionState
  /** Takes note of events. `flush` writes them. */
  readonly record: (...events: ReadonlyArray<SessionEvent>) => void
  /** Adds a snapshot to the next write, with those contents that were not kept before, and gives what its event says. */
  readonly keep: (snapshot: Snapshot) => {
    readonly snapshot: SnapshotId
    readonly contents?: ReadonlyArray<SnapshotId>
  }
  /** Adds contents of files to the next write that the journal itself needs, for as long as it lasts. */
  readonly keepContents: (contents: ReadonlyMap<SnapshotId, Uint8Array>) => void
  /** Takes note of what a witness wants. It makes a session stricter, never milder. */
  readonly heed: (interventions: ReadonlyArray<Intervention>) => void
  readonly flush: Effect.Effect<void, JournalError>
  /** Writes only when much is unwritten. */
  readonly flushSome: Effect.Effect<void, JournalError>
  /** Writes only where a witness may intervene, so that it does before anything is done with what was recorded. */
  readonly show: Effect.Effect<void, JournalError>
  readonly rewind: (seq: number) => Effect.Effect<void, JournalError>
  /** Computes the state anew with a recipe that does without some snapshots; with none named, without any. */
  readonly forget: (...snapshots: ReadonlyArray<SnapshotId>) => Effect.Effect<void, JournalError>
  /** Once many snapshots have gathered, drops all but the needed and the newest ones. */
  readonly tidy: Effect.Effect<void, JournalError>
  /** Sequence numbers up to which the journal was written, as that happens. */
  readonly written: PubSub.PubSub<number>
}

export const make = Effect.fnUntraced(function* (claim: Claim, entries: ReadonlyArray<Entry>) {
  const journal = yield* Journal
  const clock = yield* Clock.Clock
  const witness = yield* Witness
  const meter = yield* Meter.current
  const writing = yield* Semaphore.make(1)
  const written = yield* PubSub.sliding<number>(16)
  const lost = new Set<SnapshotId>()
  let state = replay(entries)
  let unwritten: Array<Entry> = []
  let snapshots: Array<SnapshotBytes> = []
  let gathered = entries.flatMap(({ event }) => ("snapshot" in event ? (Recipe.keptBy(event) ?? []) : []))
  const needed = () => [state.recipe.from, state.recipeBeforeRun.from].flatMap((kept) => kept ?? [])
  const recorded = entries.flatMap(({ event }) => (event._tag === "FilesChanged" ? contentsOf(event.operation) : []))
  let contents = new Set(
    needed()
      .flatMap((kept) => kept.contents)
      .concat(recorded)
  )
  let failure: JournalError | undefined

  const record = (...events: ReadonlyArray<SessionEvent>) => {
    for (const event of events) {
      const entry: Entry = { seq: state.seq + 1, atMillis: clock.currentTimeMillisUnsafe(), event }
      unwritten.push(entry)
      Metrics.count(meter, event, state)
      state = evolve(state, entry)
    }
  }

  const heed = (interventions: ReadonlyArray<Intervention>) => {
    for (const { reason, stance } of interventions) {
      if (strictness.indexOf(stance) > strictness.indexOf(state.stance)) record({ _tag: "Guarded", stance, reason })
    }
  }

  const write = Effect.suspend(() => {
    if (failure !== undefined) return Effect.fail(failure)
    if (unwritten.length === 0) return Effect.void
    const batch = { entries: unwritten, snapshots, status: statusOf(state), dueMillis: dueMillis(state) }
    const { seq } = state
    unwritten = []
    snapshots = []
    return journal.append(claim, batch).pipe(
      Effect.andThen(witness.see(claim.session, batch.entries)),
      Effect.tapError((error) => Effect.sync(() => (failure = error))),
      Effect.tap((interventions) => Effect.sync(() => heed(interventions))),
      Effect.andThen(PubSub.publish(written, seq)),
      Effect.asVoid
    )
  })
  const flush = writing.withPermits(1)(Effect.uninterruptible(write))

  const addContents = (added: ReadonlyMap<SnapshotId, Uint8Array>) => {
    for (const [id, bytes] of added) {
      if (contents.has(id)) continue
      contents.add(id)
      snapshots.push({ id, bytes })
    }
  }

  const ledger: Ledger = {
    claim,
    state: () => state,
    record,
    keep: ({ bytes, contents }) => {
      const kept = { snapshot: sha256(bytes), contents: [...contents.keys()] }
      snapshots.push({ id: kept.snapshot, bytes })
      addContents(contents)
      meter.record(Metrics.snapshotBytes, bytes.byteLength)
      gathered.push(kept)
      return contents.size === 0 ? { snapshot: kept.snapshot } : kept
    },
    keepContents: (added) => {
      addContents(added)
      recorded.push(...added.keys())
    },
    heed,
    flush,
    flushSome: Effect.suspend(() => (unwritten.length < unwrittenMax ? Effect.void : flush)),
    show: witness.intervenes ? flush : Effect.void,
    rewind: Effect.fnUntraced(function* (seq) {
      record({ _tag: "Rewound", seq })
      yield* flush
      state = replay(yield* journal.read(claim.session, 0), lost)
    }),
    forget: Effect.fnUntraced(function* (...forgotten) {
      const all = gathered.map(({ snapshot }) => snapshot)
      for (const snapshot of forgotten.length === 0 ? all : forgotten) lost.add(snapshot)
      yield* flush
      state = replay(yield* journal.read(claim.session, 0), lost)
    }),
    tidy: Effect.suspend(() => {
      if (gathered.length < 2 * snapshotsKept) return Effect.void
      gathered = gathered.slice(-snapshotsKept)
      const kept = [...needed(), ...gathered]
      contents = new Set([...kept.flatMap(({ contents }) => contents), ...recorded])
      return journal.prune(claim, [...kept.map(({ snapshot }) => snapshot), ...contents])
    }),
    written
  }
  return ledger
})
