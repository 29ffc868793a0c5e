/**
 * A session's machine, when it has one. The machine is a cache: it is brought back from the journal whenever it is needed
 * and gone, and given up whenever it may have run ahead of the journal.
 *
 * G1. A machine is only kept if every turn it made is recorded.
 * G2. Bringing it back makes the recorded turns again, and anything else than the recorded requests is `Diverged`.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { FileError } from "../file/FileError.ts"
import type { FileOperation } from "../file/FileOperation.ts"
import { type Expected, type FilesDone, MachineError, Machines, type SnapshotMachine } from "../machine/Machine.ts"
import type { Output, Turn } from "../machine/Turn.ts"
import type { ToolInfo } from "../tool/ToolInfo.ts"
import * as Airlock from "./Airlock.ts"
import * as FileRecord from "./FileRecord.ts"
import { Journal, type JournalError } from "./Journal.ts"
import type { Ledger } from "./Ledger.ts"
import type * as Recipe from "./Recipe.ts"
import type { Residents } from "./Residents.ts"
import { Diverged, SessionError } from "./SessionError.ts"
import type { SnapshotId } from "./SessionEvent.ts"
import * as Trace from "./Trace.ts"
import { Witness } from "./Witness.ts"

/** How often a machine that is lost through no fault of its guest is brought back before giving up. */
const revivalsMax = 3

export interface Guest {
  /** Lets the guest go on by one turn and records it; the machine is given up if either does not succeed. */
  readonly advance: <A, E>(
    operate: (machine: SnapshotMachine) => Effect.Effect<Turn, MachineError>,
    take: (turn: Turn, machine: SnapshotMachine) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | MachineError | JournalError | SessionError>
  /** Reads or changes the guest's files. Of a change, `take` records it; the machine is given up if that does not succeed. */
  readonly files: <A, E>(
    operation: FileOperation,
    nowMillis: number,
    take: (done: FilesDone, machine: SnapshotMachine) => Effect.Effect<A, E>
  ) => Effect.Effect<A, E | FileError | MachineError | JournalError | SessionError>
  /** Nothing to do for now: another session may take the place. */
  readonly rest: Effect.Effect<void>
  readonly drop: Effect.Effect<void>
  readonly timing: { queueMillis: number; restoreMillis: number }
}

interface Options {
  readonly ledger: Ledger
  readonly residents: Residents
  /** The tools that a program may know of. */
  readonly toolsFor: (program: Extract<Recipe.Step, { readonly _tag: "Start" }>) => ReadonlyArray<ToolInfo>
  readonly expected: Expected
  readonly onOutput: (output: Output) => void
}

const isLost = (error: unknown): error is MachineError =>
  error instanceof MachineError && error.reason._tag === "MachineLost"

const requestsOf = (turn: Turn): ReadonlyArray<Recipe.Request> =>
  turn._tag !== "Parked"
    ? []
    : [
        ...turn.calls.map((call) => ({ id: call.id, digest: Airlock.digest(call) })),
        ...turn.sleeps.map((sleep) => ({ id: sleep.id, digest: String(sleep.dueMillis) }))
      ]

/** What is wrong with a replayed turn, if anything is. */
const deviation = (turn: Turn, expected: Extract<Recipe.Step, { _tag: "Expect" }>): string | undefined => {
  if (turn._tag === "Failed" && turn.fatal) return `the guest was stopped: ${turn.error.message}`
  if ((turn._tag !== "Parked") !== expected.ended) return expected.ended ? "the run did not end" : "the run ended"
  const requests = requestsOf(turn)
  const wrong = expected.requests.findIndex(
    (request, index) => requests[index]?.id !== request.id || requests[index]?.digest !== request.digest
  )
  if (wrong !== -1) return `request ${expected.requests[wrong]?.id} is missing or has other arguments`
  if (requests.length > expected.requests.length) return `request ${requests[expected.requests.length]?.id} is new`
  return undefined
}

export const make = Effect.fnUntraced(function* (options: Options) {
  const { ledger, residents } = options
  const machines = yield* Machines
  const journal = yield* Journal
  const witness = yield* Witness
  const clock = yield* Clock.Clock
  const session = ledger.claim.session
  const timing = { queueMillis: 0, restoreMillis: 0 }
  let live: { readonly machine: SnapshotMachine; readonly scope: Scope.Closeable } | undefined
  let resting = false
  let replaying = false

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

  const drop = Effect.uninterruptible(
    Effect.suspend(() => {
      if (live === undefined || (resting && !residents.wake(session))) return Effect.void
      return Effect.andThen(close("given up"), residents.leave)
    })
  )

  const machineOptions = () => {
    const { limits, quarantined, seed } = ledger.state()
    return {
      limits,
      seed,
      quarantine: quarantined,
      expected: options.expected,
      onOutput: (output: Output) => (replaying ? undefined : options.onOutput(output))
    }
  }

  /** Contents of files, if all of them are still kept. */
  const contentsOf = Effect.fnUntraced(function* (ids: ReadonlyArray<SnapshotId>) {
    const contents = new Map<SnapshotId, Uint8Array>()
    for (const id of ids) {
      const bytes = yield* journal.snapshot(id)
      if (Option.isNone(bytes)) return Option.none()
      contents.set(id, bytes.value)
    }
    return Option.some(contents)
  })

  /** A machine as it was at the recipe's snapshot. Snapshots that only another version can read are done without. */
  const fromSnapshot: Effect.Effect<SnapshotMachine, MachineError | JournalError, Scope.Scope> = Effect.suspend(() => {
    const { from } = ledger.state().recipe
    if (from === undefined) return machines.boot(machineOptions())
    const without = Effect.andThen(ledger.forget(from.snapshot), fromSnapshot)
    return Effect.flatMap(
      Effect.all([journal.snapshot(from.snapshot), contentsOf(from.contents)]),
      ([bytes, contents]) =>
        Option.match(Option.all([bytes, contents]), {
          onNone: () => without,
          onSome: ([bytes, contents]) =>
            Effect.catchReason(
              machines.restore({ bytes, contents }, machineOptions()),
              "MachineError",
              "SnapshotRejected",
              (rejected) =>
                rejected.reason === "UnknownVersion" ||
                rejected.reason === "UnknownEngine" ||
                rejected.reason === "UnknownBase"
                  ? without
                  : Effect.fail(new MachineError({ reason: rejected }))
            )
        })
    )
  })

  /** What could be done to the files once can be done again: they are as they were. */
  const changeAgain = Effect.fnUntraced(function* (
    machine: SnapshotMachine,
    { nowMillis, operation, seq }: Extract<Recipe.Step, { readonly _tag: "Files" }>
  ) {
    const contents = yield* contentsOf(FileRecord.contentsOf(operation))
    if (Option.isNone(contents)) {
      return yield* new SessionError({ reason: new Diverged({ seq, detail: "the content of a file is not kept" }) })
    }
    yield* Effect.catchTag(
      machine.files(FileRecord.toOperation(operation, contents.value), nowMillis),
      "FileError",
      (error) => Effect.fail(new SessionError({ reason: new Diverged({ seq, detail: error.message }) }))
    )
  })

  /** A run that has not made its first turn is left to its driver. */
  const replay = Effect.fnUntraced(function* (machine: SnapshotMachine, steps: ReadonlyArray<Recipe.Step>) {
    let turn: Turn | undefined
    for (const step of steps.at(-1)?._tag === "Start" ? steps.slice(0, -1) : steps) {
      if (step._tag === "Start") turn = yield* machine.start({ ...step, tools: options.toolsFor(step) })
      else if (step._tag === "Give") turn = yield* machine.answer(step.answers, step.nowMillis)
      else if (step._tag === "Files") yield* changeAgain(machine, step)
      else {
        const detail = turn === undefined ? "nothing was replayed" : deviation(turn, step)
        if (detail !== undefined) {
          return yield* new SessionError({ reason: new Diverged({ seq: step.seq, detail }) })
        }
      }
    }
  })

  const restoring = () => {
    const { current, recipe } = ledger.state()
    const from = recipe.from === undefined ? "boot" : "snapshot"
    return {
      ...Trace.naming({ session, run: current?.id ?? "" }),
      "caisson.from": from,
      "caisson.steps": recipe.steps.length
    }
  }

  const revive = Effect.fnUntraced(function* () {
    const before = clock.currentTimeMillisUnsafe()
    const scope = yield* Scope.make()
    replaying = true
    const machine = yield* Effect.gen(function* () {
      const machine = yield* Scope.provide(fromSnapshot, scope)
      const snapshot = ledger.state().recipe.from?.snapshot
      yield* witness.notice({ _tag: "MachineStarted", session, engine: machines.engine, snapshot })
      yield* replay(machine, ledger.state().recipe.steps)
      return machine
    }).pipe(
      Effect.onError(() => Scope.close(scope, Exit.void)),
      Effect.ensuring(Effect.sync(() => (replaying = false)))
    )
    timing.restoreMillis += clock.currentTimeMillisUnsafe() - before
    return { machine, scope }
  })

  const awake = Effect.suspend(() => {
    if (live !== undefined && (!resting || residents.wake(session))) {
      resting = false
      return Effect.succeed(live)
    }
    const before = clock.currentTimeMillisUnsafe()
    return Effect.flatMap(residents.enter, () => {
      timing.queueMillis += clock.currentTimeMillisUnsafe() - before
      return Trace.inSpan("caisson.restore", restoring, revive()).pipe(
        Effect.tap((revived) => Effect.sync(() => (live = revived))),
        Effect.onError(() => residents.leave)
      )
    })
  })

  /** Once more on another machine, where one is lost through no fault of its guest. */
  const reviving = <A, E>(once: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    const attempt = (left: number): typeof once =>
      left === 0 ? once : Effect.catchIf(once, isLost, () => attempt(left - 1))
    return attempt(revivalsMax)
  }

  const advance: Guest["advance"] = (operate, take) =>
    reviving(
      Effect.flatMap(awake, ({ machine }) =>
        Effect.flatMap(operate(machine), (turn) => take(turn, machine)).pipe(Effect.onError(() => drop))
      )
    )

  const files: Guest["files"] = (operation, nowMillis, take) =>
    reviving(
      Effect.flatMap(awake, ({ machine }) =>
        Effect.flatMap(machine.files(operation, nowMillis), (done) =>
          take(done, machine).pipe(Effect.onError(() => drop))
        )
      )
    )

  const guest: Guest = {
    advance,
    files,
    rest: Effect.suspend(() => {
      if (live === undefined || resting) return Effect.void
      resting = true
      return residents.rest(session, close("parked"))
    }),
    drop,
    timing
  }
  return guest
})
