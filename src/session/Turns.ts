/**
 * Records what comes of a run: turns of its guest, and its end. When the guest is written down with a turn is decided here.
 *
 * U1. Calls, verdicts and (where their answers must not be lost) a snapshot are written in one go.
 * U2. A guest whose turn makes a witness freeze the session is written down before anything else is done with it.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { MachineError, SnapshotMachine } from "../machine/Machine.ts"
import * as Meter from "../machine/Meter.ts"
import type { Output, Turn } from "../machine/Turn.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { GuestError } from "../tool/GuestError.ts"
import { type Airlock, needsSnapshot } from "./Airlock.ts"
import type { Calls } from "./Calls.ts"
import type { Guest } from "./Guest.ts"
import type { JournalError } from "./journal/Journal.ts"
import type { Ledger } from "./Ledger.ts"
import type { OpenCall } from "./OpenCall.ts"
import * as Recipe from "./Recipe.ts"
import type { Redactor } from "./Redactor.ts"
import * as RunPhases from "./RunPhases.ts"
import type { SessionError } from "./SessionError.ts"
import type { RecordedCall, SessionEvent } from "./SessionEvent.ts"
import type { SessionState } from "./SessionState.ts"

/** Answers given since the last snapshot beyond which another is taken: a bound on what a replay has to do. */
const stepsMax = 512
/** Guest CPU time since the last snapshot beyond which another is taken. */
const replayMillisMax = 250

/**
 * When a finished run is written down as a snapshot: `eager`, always, so that its code is never run again; `lazy`, only
 * when replaying it would cost more, or when the machine is put away. Parks that need one always get it. `never`: the session
 * ends with its machine, so only what is cheaper to restore than to replay is written down.
 */
export type Snapshots = "eager" | "lazy" | "never"

export interface TurnsOptions {
  readonly repeats: boolean
  readonly ledger: Ledger
  readonly guest: Guest
  readonly calls: Calls
  readonly airlock: Airlock
  readonly snapshots: Snapshots
  readonly redactor: Redactor
  /** Gets what was held back until a turn was over. */
  readonly onOutput: (output: Output) => void
}

export interface Turns {
  /** Writes the guest down as it is, with the next entry, and gives what that has to say of it: of one that cannot be, nothing. */
  readonly keep: (machine: SnapshotMachine) => Effect.Effect<Partial<ReturnType<Ledger["keep"]>>, MachineError>
  /** Records a turn; what it calls off is interrupted once that is certain. */
  readonly take: (
    delivered: ReadonlyArray<string>,
    nowMillis: number
  ) => (
    turn: Turn,
    machine: SnapshotMachine
  ) => Effect.Effect<void, JournalError | MachineError | SessionError | TokenError>
  /** Ends the run in progress with an error; the guest goes back to where it was before. */
  readonly abort: (error: GuestError) => Effect.Effect<void, JournalError>
  readonly timing: { snapshotBytes: number }
}

const besidesOf = ({ displays, files, outputCut, phases, refusals }: Turn, { cover }: Redactor) => ({
  ...(outputCut === undefined ? {} : { outputCut }),
  ...(files === undefined ? {} : { files }),
  ...(displays === undefined ? {} : { displays: displays.map(cover) }),
  ...(phases === undefined ? {} : { phases }),
  ...(refusals === undefined ? {} : { refusals })
})

const startsAtOnce = ({ readOnly, verdict }: RecordedCall): boolean => verdict._tag === "Allowed" && !readOnly

const unanswered = (state: SessionState, delivered: ReadonlyArray<string>): ReadonlyArray<OpenCall> =>
  [...state.open.values()].filter(({ call }) => !delivered.includes(call.id))

export const make = Effect.fnUntraced(function* (options: TurnsOptions) {
  const { airlock, calls, guest, ledger, redactor, repeats, snapshots } = options
  const clock = yield* Clock.Clock
  const hasRun = RunPhases.make(yield* Meter.current, guest.timing, calls.timing)
  const timing = { snapshotBytes: 0 }
  let sinceSnapshot = { cpuMillis: 0, answers: 0 }

  const keep: Turns["keep"] = Effect.fnUntraced(function* (machine) {
    // Machines that end with their session are made so that they cannot be written down.
    if (snapshots === "never" && !repeats) return {}
    const snapshot = yield* machine.snapshot
    timing.snapshotBytes = snapshot.bytes.byteLength
    sinceSnapshot = { cpuMillis: 0, answers: 0 }
    return ledger.keep(snapshot)
  })

  const recordEnd = (event: Extract<SessionEvent, { readonly _tag: "RunEnded" }>) => {
    ledger.record(event)
    hasRun(ledger.state().last, event.nowMillis)
  }

  const isFrozen = () => ledger.state().stance === "frozen"

  /** Writes a turn that a witness sees. See U2. */
  const shown = (write: Effect.Effect<void, JournalError>) =>
    Effect.uninterruptible(
      Effect.andThen(
        write,
        Effect.suspend(() => (isFrozen() ? guest.preserve : Effect.void))
      )
    )

  const replayIsDear = () => sinceSnapshot.answers >= stepsMax || sinceSnapshot.cpuMillis >= replayMillisMax

  const take: Turns["take"] = (delivered, nowMillis) =>
    Effect.fnUntraced(function* (turn: Turn, machine: SnapshotMachine) {
      const before = ledger.state()
      const run = before.current?.id ?? ""
      const { rest, whole } = redactor.end(turn.output)
      for (const output of rest) options.onOutput(output)
      const named = { run, delivered, nowMillis, output: whole, usage: turn.usage, ...besidesOf(turn, redactor) }
      sinceSnapshot = {
        cpuMillis: sinceSnapshot.cpuMillis + turn.usage.cpuMillis,
        answers: sinceSnapshot.answers + delivered.length
      }
      const cancelled = turn.cancelled.map((id) =>
        before.open.has(id) || before.sleeps.has(id) ? id : Recipe.branchId(id, before.branch)
      )
      if (turn._tag === "Parked") {
        const asked = yield* airlock.judge(before, turn.calls, nowMillis)
        const due = isFrozen() || (repeats && (needsSnapshot(asked) || replayIsDear()))
        const snapshot = due ? yield* keep(machine) : {}
        const sleeps = turn.sleeps.map((sleep) => ({ ...sleep, id: Recipe.branchId(sleep.id, before.branch) }))
        ledger.record({ _tag: "Parked", ...named, cancelled, calls: asked, sleeps, ...snapshot })
        // Handlers that need it written are about to be written down as started, in one go with it.
        const isWrittenSoon = cancelled.length === 0 && asked.some(startsAtOnce)
        yield* shown(ledger.show)
        yield* due && !isWrittenSoon ? ledger.flush : ledger.flushSome
        yield* calls.cancel(cancelled.flatMap((id) => before.open.get(id) ?? []))
        return
      }
      const fatal = turn._tag === "Failed" && turn.fatal
      const due = !fatal && (isFrozen() || snapshots === "eager" || (repeats && replayIsDear()))
      const snapshot = due ? yield* keep(machine) : {}
      recordEnd({
        _tag: "RunEnded",
        ...named,
        cancelled,
        outcome:
          turn._tag === "Completed"
            ? { _tag: "Succeeded", value: turn.value }
            : { _tag: "Rejected", error: redactor.thrown(turn.error) },
        rolledBack: fatal,
        quarantined: fatal && turn.error.reason === "Unresponsive",
        ...snapshot
      })
      // Of a machine that a fatal turn has ended there is nothing to keep but what was before.
      yield* fatal ? Effect.andThen(ledger.flush, guest.drop) : shown(ledger.flush)
      yield* calls.cancel(unanswered(before, delivered))
    })

  const abort = Effect.fnUntraced(function* (error: GuestError) {
    const state = ledger.state()
    if (state.current === undefined) return
    yield* guest.drop
    recordEnd({
      _tag: "RunEnded",
      run: state.current.id,
      delivered: [],
      nowMillis: clock.currentTimeMillisUnsafe(),
      cancelled: [...state.open.keys()],
      output: [],
      usage: { cpuMillis: 0, memoryBytes: state.current.memoryBytes },
      outcome: { _tag: "Rejected", error },
      rolledBack: true,
      quarantined: false
    })
    yield* calls.cancel([...state.open.values()])
    yield* ledger.flush
  })

  const turns: Turns = { keep, take, abort, timing }
  return turns
})
