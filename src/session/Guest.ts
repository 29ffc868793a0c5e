/**
 * A session's machine, when it has one. The machine is a cache: it is brought back from the journal whenever it is needed
 * and gone, and given up whenever it may have run ahead of the journal.
 *
 * G1. A machine is only kept if every turn it made is recorded.
 * G2. Of a tier that does not repeat itself, nothing is made again: what a machine did since it was last written down is lost
 *     with it, and the journal says so before the guest goes on from there.
 * G3. What is written down of a machine that is being ended comes before whatever is recorded of its session afterwards.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as HashMap from "effect/HashMap"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { FileError } from "../file/FileError.ts"
import type { FileOperation } from "../file/FileOperation.ts"
import { type FilesDone, MachineError, type SnapshotMachine } from "../machine/Machine.ts"
import type { Turn } from "../machine/Turn.ts"
import type { JournalError } from "./journal/Journal.ts"
import * as Recipe from "./Recipe.ts"
import type { Residents } from "./Residents.ts"
import * as Revival from "./Revival.ts"
import { SessionError, StateLost } from "./SessionError.ts"
import type { SessionState } from "./SessionState.ts"
import { Witness } from "./Witness.ts"

/** How often a machine that is lost through no fault of its guest is brought back before giving up. */
const revivalsMax = 3

export interface Guest {
  /** Lets the guest go on by one turn and records it; the machine is given up if either does not succeed. */
  readonly advance: <A, E>(
    operate: (machine: SnapshotMachine) => Effect.Effect<Turn, MachineError | JournalError>,
    take: (turn: Turn, machine: SnapshotMachine) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | MachineError | JournalError | SessionError>
  /** Reads or changes the guest's files. Of a change, `take` records it; the machine is given up if that does not succeed. */
  readonly files: <A, E>(
    operation: FileOperation,
    nowMillis: number,
    take: (done: FilesDone, machine: SnapshotMachine) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | FileError | MachineError | JournalError | SessionError>
  /** Whether it has no machine now. */
  readonly isHibernated: () => boolean
  /** Whether its machine is all that there is of what it did last. */
  readonly isUnkept: () => boolean
  /** Whether what it did last is lost, and the journal does not say so yet. */
  readonly isLost: () => boolean
  /** Writes the guest down if it is unkept. */
  readonly keep: Effect.Effect<void, MachineError | JournalError>
  /** Writes the guest down as it stands, if that is in no snapshot and its machine can be. */
  readonly preserve: Effect.Effect<void, MachineError | JournalError | SessionError>
  /** Takes note of a loss; fails with what was lost, if anything was. */
  readonly admitLoss: Effect.Effect<void, JournalError | SessionError>
  /** Nothing to do for now: another session may take the place. */
  readonly rest: Effect.Effect<void>
  /** Gives the machine up as it is. */
  readonly drop: Effect.Effect<void>
  /** Lets go of the machine in good order. */
  readonly leave: Effect.Effect<void>
  readonly timing: { queueMillis: number; restoreMillis: number }
}

interface Options extends Omit<Revival.RevivalOptions, "timing"> {
  readonly residents: Residents
}

const isMachineLost = (error: unknown): error is MachineError =>
  error instanceof MachineError && error.reason._tag === "MachineLost"

/** The ended runs whose traces in the guest are in no snapshot. */
const unkeptRuns = (state: SessionState): ReadonlyArray<string> => {
  const ordinals = new Set(state.recipe.steps.flatMap((step) => (step._tag === "Start" ? step.ordinal : [])))
  return [...HashMap.values(state.runs)]
    .filter((run) => ordinals.has(run.ordinal))
    .sort((left, right) => left.ordinal - right.ordinal)
    .map(({ id }) => id)
}

export const make = Effect.fnUntraced(function* (options: Options) {
  const { ledger, residents, tier } = options
  const witness = yield* Witness
  const clock = yield* Clock.Clock
  const session = ledger.claim.session
  const resident = { session, takes: tier.room?.perMachine ?? 1, tenant: ledger.state().metadata["tenant"] }
  /** Held while the machine is brought back or put away. */
  const moving = yield* Semaphore.make(1)
  const timing = { queueMillis: 0, restoreMillis: 0 }
  const { revive } = yield* Revival.make({ ...options, timing })
  let live: Revival.Revived | undefined
  let resting = false

  /** What it does ends with its machine. */
  const isPassing = options.isEphemeral && !tier.repeats
  const isUnkept = () =>
    live !== undefined && !tier.repeats && !options.isEphemeral && Recipe.hasRuns(ledger.state().recipe)
  const isLost = () => live === undefined && !tier.repeats && Recipe.hasRuns(ledger.state().recipe)

  const admitLoss = Effect.suspend(() => {
    if (!isLost()) return Effect.void
    const runs = unkeptRuns(ledger.state())
    ledger.record({ _tag: "GuestLost", runs })
    return Effect.andThen(ledger.flush, Effect.fail(new SessionError({ reason: new StateLost({ runs }) })))
  })

  const writeDown = ({ machine }: Revival.Revived) =>
    Effect.flatMap(machine.snapshot, (snapshot) => {
      ledger.record({ _tag: "Kept", ...ledger.keep(snapshot) })
      return ledger.flush
    })

  const keepNow = Effect.suspend(() => (live === undefined || !isUnkept() ? Effect.void : writeDown(live)))

  const close = (reason: "parked" | "given up") =>
    Effect.suspend(() => {
      const { scope } = live ?? {}
      live = undefined
      resting = false
      if (scope === undefined) return Effect.void
      // It is gone either way. A witness that fails is noticed with what is recorded next.
      const told = Effect.ignore(witness.notice({ _tag: "MachineStopped", session, reason }))
      return Effect.andThen(Scope.close(scope, Exit.void), told)
    })

  /** Ends the machine, if there is one. If its place was given to another it is being ended already, and that is waited for. */
  const ending = (end: Effect.Effect<void>) =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        if (live === undefined) return Effect.void
        if (resting && !residents.wake(resident)) return moving.withPermit(Effect.void)
        return Effect.andThen(end, residents.leave(resident))
      })
    )

  const drop = ending(close("given up"))

  /** Ends a machine that has nothing to do. What cannot be written down of it is lost, as with a crash. */
  const park = moving.withPermit(Effect.andThen(Effect.ignore(keepNow), close("parked")))

  const leave = ending(park)

  const idleness = yield* FiberHandle.make<void>()

  /** Ends the machine if it has nothing to do for a while, counted from now on. */
  const leaveWhenIdle = (idleMillis: number) =>
    FiberHandle.run(
      idleness,
      Effect.delay(
        Effect.suspend(() => (resting ? leave : Effect.void)),
        idleMillis
      )
    )

  const awake = Effect.suspend(() => {
    if (live !== undefined && (!resting || residents.wake(resident))) {
      resting = false
      return Effect.succeed(live)
    }
    const before = clock.currentTimeMillisUnsafe()
    return Effect.flatMap(residents.enter(resident), () => {
      timing.queueMillis += clock.currentTimeMillisUnsafe() - before
      return moving.withPermit(Effect.andThen(admitLoss, revive)).pipe(
        Effect.tap((revived) => Effect.sync(() => (live = revived))),
        Effect.onError(() => residents.leave(resident))
      )
    })
  })

  /** Once more on another machine, where one is lost through no fault of its guest. */
  const reviving = <A, E>(once: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    const attempt = (left: number): typeof once =>
      left === 0 ? once : Effect.catchIf(once, isMachineLost, () => attempt(left - 1))
    return attempt(tier.repeats ? revivalsMax : 0)
  }

  const isHarmless = (error: unknown) => isMachineLost(error) && !tier.repeats && !Recipe.hasRuns(ledger.state().recipe)

  /** Once more on another machine, where nothing was lost with the one that there was. What was asked of it is then undone. */
  const perform = <A, E>(operate: (machine: SnapshotMachine) => Effect.Effect<A, E>) => {
    const once = Effect.flatMap(awake, ({ machine }) => Effect.map(operate(machine), (done) => ({ done, machine })))
    return Effect.catchIf(once, isHarmless, () => Effect.andThen(drop, once))
  }

  const advance: Guest["advance"] = (operate, take) =>
    reviving(
      Effect.flatMap(perform(operate), ({ done, machine }) => take(done, machine)).pipe(Effect.onError(() => drop))
    )

  const files: Guest["files"] = (operation, nowMillis, take) => {
    const done = perform((machine) => machine.files(operation, nowMillis)).pipe(
      Effect.tapError((error) => (error._tag === "FileError" ? Effect.void : drop)),
      Effect.onInterrupt(() => drop)
    )
    return reviving(Effect.flatMap(done, ({ done, machine }) => Effect.onError(take(done, machine), () => drop)))
  }

  return {
    advance,
    files,
    isHibernated: () => live === undefined,
    isUnkept,
    isLost,
    keep: moving.withPermit(keepNow),
    preserve: Effect.suspend(() => {
      if (isPassing || !Recipe.hasRuns(ledger.state().recipe)) return Effect.void
      return Effect.flatMap(awake, (revived) => Effect.onError(writeDown(revived), () => drop))
    }),
    admitLoss,
    rest: Effect.suspend(() => {
      if (live === undefined || resting) return Effect.void
      resting = true
      return Effect.andThen(
        residents.rest(resident, isPassing ? undefined : park),
        tier.idleMillis === undefined ? Effect.void : leaveWhenIdle(tier.idleMillis)
      )
    }),
    drop,
    leave,
    timing
  } satisfies Guest
})
