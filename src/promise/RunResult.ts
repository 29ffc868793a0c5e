import * as Result from "effect/Result"
import type { Display, Phases } from "../machine/Turn.ts"
import type * as Session from "../session/RunResult.ts"
import type { GuestError } from "../tool/GuestError.ts"
import * as Value from "../tool/Value.ts"

/** A call that a person or the host has to answer before the run can go on. */
export interface WaitingCall {
  readonly id: string
  /** Slash-separated, as capabilities have it. */
  readonly method: string
  readonly input: unknown
  /** Why it waits: the capability's question, or that its outcome is unknown. */
  readonly reason: string
  /** Answer a `decision` with `answer`, and a `reconciliation` with `reconcile`. */
  readonly needs: Session.WaitingCall["needs"]
  /** The decision is refused by itself after this. */
  readonly expiresAt: Date | null
}

interface Common {
  readonly session: string
  readonly run: string
  /** Console output of the whole run so far. */
  readonly stdout: string
  readonly stderr: string
  /** Pictures, tables and texts that it has shown beside its value. What has a `path` is read with `files.read`. */
  readonly displays: ReadonlyArray<Display>
  /** Milliseconds that the phases of a compiled program took. */
  readonly phases: Phases
  readonly metrics: Session.RunMetrics
}

/**
 * It ran to its end. `value` is what it came to: plain data, dates, maps, sets, bytes, errors. Of a shell script it is
 * `{ exitCode: number }`, whatever the exit code.
 */
export interface CompletedRun extends Common {
  readonly status: "completed"
  readonly value: unknown
  readonly error: null
  readonly calls: readonly []
}

/** It waits for answers, or until `wakesAt`. Nothing has to stay alive meanwhile. */
export interface PausedRun extends Common {
  readonly status: "paused"
  readonly value: undefined
  readonly error: null
  readonly calls: ReadonlyArray<WaitingCall>
  /** Whether the session was stopped: nothing goes on before a person lets it with `guard`. */
  readonly isFrozen: boolean
  readonly wakesAt: Date | null
}

/** The guest threw, or a limit ended it. With `rolledBack` its variables are as they were before the run. */
export interface FailedRun extends Common {
  readonly status: "failed"
  readonly value: undefined
  readonly error: GuestError
  readonly calls: readonly []
  readonly rolledBack: boolean
}

/** What a run came to. Whatever the guest does wrong is in here; a rejected promise means that the host could not run it. */
export type RunResult = CompletedRun | PausedRun | FailedRun

/** A text that no guest could have left unreadable: it was checked when it was recorded. */
const decode = (text: string): unknown => Result.getOrThrow(Value.decode(text))

const dateOrNull = (millis: number | undefined): Date | null => (millis === undefined ? null : new Date(millis))

export const fromWaitingCall = (call: Session.WaitingCall): WaitingCall => ({
  id: call.id,
  method: call.method,
  input: decode(call.input),
  reason: call.reason,
  needs: call.needs,
  expiresAt: dateOrNull(call.expiresMillis)
})

/** A result with its values read. */
export const fromSession = (result: Session.RunResult): RunResult => {
  const { displays, metrics, phases, run, session, stderr, stdout } = result
  const common = { session, run, stdout, stderr, displays, phases, metrics }
  switch (result._tag) {
    case "Completed":
      return { status: "completed", ...common, value: decode(result.value), error: null, calls: [] }
    case "Paused": {
      const calls = result.calls.map(fromWaitingCall)
      const wakesAt = dateOrNull(result.wakesMillis)
      const { isFrozen } = result
      return { status: "paused", ...common, value: undefined, error: null, calls, isFrozen, wakesAt }
    }
    case "Failed": {
      const { error, rolledBack } = result
      return { status: "failed", ...common, value: undefined, error, calls: [], rolledBack }
    }
  }
}
