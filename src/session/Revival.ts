/**
 * Brings a session's machine back: from its newest snapshot, by making the recorded turns again.
 *
 * R1. Anything else than the recorded requests is `Diverged`.
 * R2. What a machine says while it repeats itself was heard before, and is not told again.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import {
  type Expected,
  MachineError,
  type Machines,
  type Program,
  type SnapshotMachine,
  SnapshotRejected
} from "../machine/Machine.ts"
import type { Output, Turn } from "../machine/Turn.ts"
import * as Airlock from "./Airlock.ts"
import * as FileRecord from "./FileRecord.ts"
import { Journal, type JournalError } from "./journal/Journal.ts"
import type { Ledger } from "./Ledger.ts"
import type * as Recipe from "./Recipe.ts"
import { Diverged, SessionError } from "./SessionError.ts"
import type { SnapshotId } from "./SessionEvent.ts"
import * as Trace from "./Trace.ts"
import { Witness } from "./Witness.ts"

export interface RevivalOptions {
  readonly tier: Machines["Service"]
  /** Nothing of the guest is needed after its machine. */
  readonly isEphemeral: boolean
  readonly ledger: Ledger
  /** What a program is told of the tools. */
  readonly shown: (program: Extract<Recipe.Step, { readonly _tag: "Start" }>) => Pick<Program, "namespaces" | "tools">
  readonly expected: Expected
  readonly onOutput: (output: Output) => void
  /** Where the time that it takes is added. */
  readonly timing: { restoreMillis: number }
}

/** A machine that has made every recorded turn. It ends with its scope. */
export interface Revived {
  readonly machine: SnapshotMachine
  readonly scope: Scope.Closeable
}

const gone = (snapshot: SnapshotId) =>
  new MachineError({
    reason: new SnapshotRejected({ reason: "Corrupted", detail: `${snapshot} is not kept any more` })
  })

const requestsOf = (turn: Turn): ReadonlyArray<Recipe.Request> =>
  turn._tag !== "Parked"
    ? []
    : [
        ...turn.calls.map((call) => ({ id: call.id, digest: Airlock.digest(call) })),
        ...turn.sleeps.map((sleep) => ({ id: sleep.id, digest: String(sleep.dueMillis) }))
      ]

const again = { isAgain: true }

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

export const make = Effect.fnUntraced(function* (options: RevivalOptions) {
  const { ledger, tier, timing } = options
  const journal = yield* Journal
  const witness = yield* Witness
  const clock = yield* Clock.Clock
  const session = ledger.claim.session
  let replaying = false

  const machineOptions = () => {
    const { limits, quarantined, seed } = ledger.state()
    return {
      limits,
      seed,
      quarantine: quarantined,
      isEphemeral: options.isEphemeral,
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
    if (from === undefined) return tier.boot(machineOptions())
    const without = tier.repeats
      ? Effect.andThen(ledger.forget(from.snapshot), fromSnapshot)
      : Effect.fail(gone(from.snapshot))
    return Effect.flatMap(
      Effect.all([journal.snapshot(from.snapshot), contentsOf(from.contents)]),
      ([bytes, contents]) =>
        Option.match(Option.all([bytes, contents]), {
          onNone: () => without,
          onSome: ([bytes, contents]) =>
            Effect.catchReason(
              tier.restore({ bytes, contents }, machineOptions()),
              "MachineError",
              "SnapshotRejected",
              (rejected) =>
                tier.repeats &&
                (rejected.reason === "UnknownVersion" ||
                  rejected.reason === "UnknownEngine" ||
                  rejected.reason === "UnknownBase")
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
      if (step._tag === "Start") turn = yield* machine.start({ ...step, ...options.shown(step) }, again)
      else if (step._tag === "Give") turn = yield* machine.answer(step.answers, step.nowMillis, again)
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
      yield* witness.notice({ _tag: "MachineStarted", session, engine: tier.engine, snapshot })
      yield* replay(machine, ledger.state().recipe.steps)
      return machine
    }).pipe(
      Effect.onError(() => Scope.close(scope, Exit.void)),
      Effect.ensuring(Effect.sync(() => (replaying = false)))
    )
    timing.restoreMillis += clock.currentTimeMillisUnsafe() - before
    return { machine, scope } satisfies Revived
  })

  return { revive: Effect.suspend(() => Trace.inSpan("caisson.restore", restoring, revive())) }
})
