import type * as Clock from "effect/Clock"
import type { Display, Output, Phases } from "../machine/Turn.ts"
import type { GuestError } from "../tool/GuestError.ts"
import type { OpenCall } from "./OpenCall.ts"
import type { Run, SessionState } from "./SessionState.ts"
import { waiting } from "./SessionState.ts"

/** Where the time of a run went, in this process. */
export interface RunMetrics {
  /** Waiting for a machine to be free. */
  readonly queueMillis: number
  /** Booting or restoring the guest, replay included. */
  readonly restoreMillis: number
  /** Guest CPU time of the whole run, earlier processes included. */
  readonly guestMillis: number
  /** Sum of the time that handlers took. */
  readonly toolMillis: number
  readonly wallMillis: number
  /** Calls of the whole run. */
  readonly calls: number
  /** Size of the last snapshot taken, 0 if none was. */
  readonly snapshotBytes: number
  readonly memoryBytes: number
}

/** A call that a person or the host has to answer before the run can go on. */
export interface WaitingCall {
  readonly id: string
  /** Slash-separated. */
  readonly method: string
  /** A `Value` text. */
  readonly input: string
  /** Why it waits: the capability's question, or that its outcome is unknown. */
  readonly reason: string
  readonly needs: "decision" | "reconciliation"
  readonly expiresMillis: number | undefined
}

interface Common {
  readonly session: string
  readonly run: string
  readonly stdout: string
  readonly stderr: string
  /** Pictures, tables and texts that the guest has shown beside its value, in its order. */
  readonly displays: ReadonlyArray<Display>
  readonly phases: Phases
  readonly metrics: RunMetrics
}

export type RunResult =
  | (Common & { readonly _tag: "Completed" /** A `Value` text. */; readonly value: string })
  | (Common & {
      readonly _tag: "Paused"
      readonly calls: ReadonlyArray<WaitingCall>
      /** Whether the session was stopped: nothing goes on before a person lets it. */
      readonly isFrozen: boolean
      /** When the run goes on by itself if it is resumed then, milliseconds since the epoch. */
      readonly wakesMillis: number | undefined
    })
  | (Common & {
      readonly _tag: "Failed"
      readonly error: GuestError
      /** Variables are as they were before the run. */
      readonly rolledBack: boolean
    })

const text = (output: ReadonlyArray<Output>, stream: Output["stream"]) =>
  output
    .filter((chunk) => chunk.stream === stream)
    .map((chunk) => chunk.text)
    .join("")

export const waitingCall = (open: OpenCall): WaitingCall => {
  const { call } = open
  const common = { id: call.id, method: call.method, input: open.input }
  if (open.receipt === "unknown") {
    const reason = "it was started and its outcome is unknown"
    return { ...common, needs: "reconciliation", reason, expiresMillis: undefined }
  }
  const asked = call.verdict._tag === "Asked" ? call.verdict : undefined
  return { ...common, needs: "decision", reason: asked?.reason ?? "", expiresMillis: asked?.expiresMillis }
}

export const of = (session: string, state: SessionState, run: Run, metrics: RunMetrics): RunResult => {
  const { outcome } = run
  const common = {
    session,
    run: run.id,
    stdout: text(run.output, "stdout"),
    stderr: text(run.output, "stderr"),
    displays: run.displays,
    phases: run.phases,
    metrics
  }
  if (outcome === undefined) {
    const isFrozen = state.stance === "frozen"
    const wakes = isFrozen || state.sleeps.size === 0 ? undefined : Math.min(...state.sleeps.values())
    return { _tag: "Paused", ...common, calls: waiting(state).map(waitingCall), isFrozen, wakesMillis: wakes }
  }
  if (outcome._tag === "Succeeded") return { _tag: "Completed", ...common, value: outcome.value }
  return { _tag: "Failed", ...common, error: outcome.error, rolledBack: run.rolledBack }
}

interface Timings {
  readonly guest: { readonly queueMillis: number; readonly restoreMillis: number }
  readonly calls: { readonly toolMillis: number }
  readonly runner: { readonly snapshotBytes: number }
}

/** Says, whenever it is asked, what a run has used up since now. */
export const meter = (clock: Clock.Clock, { calls, guest, runner }: Timings): ((run: Run) => RunMetrics) => {
  const startedMillis = clock.currentTimeMillisUnsafe()
  const { queueMillis, restoreMillis } = guest
  const { toolMillis } = calls
  return (run) => ({
    queueMillis: guest.queueMillis - queueMillis,
    restoreMillis: guest.restoreMillis - restoreMillis,
    guestMillis: run.cpuMillis,
    toolMillis: calls.toolMillis - toolMillis,
    wallMillis: clock.currentTimeMillisUnsafe() - startedMillis,
    calls: run.calls,
    snapshotBytes: runner.snapshotBytes,
    memoryBytes: run.memoryBytes
  })
}
