/**
 * What is counted of sessions, and how it is read. What is counted of machines is in `machine/Metrics`, of the audit log in
 * `audit/Metrics`.
 *
 * N1. Every label has a fixed set of values. None is a session, a run, a tenant or a method: guests make calls of any name they
 *     like, and hosts have as many tools and tenants as they like, but each value of a label is a series that is kept for
 *     good. The journal and the audit log tell who called what.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { byLabel, type Meter } from "../machine/Meter.ts"
import { machinesLive, machinesResting, queueWaiting } from "../machine/Metrics.ts"
import { Receipt } from "../tool/Receipt.ts"
import type { SessionEvent, Verdict } from "./SessionEvent.ts"
import type { SessionState } from "./SessionState.ts"

const counters = <Value extends string>(
  name: string,
  description: string,
  label: string,
  values: ReadonlyArray<Value>
) => byLabel(label, values, (attributes) => Metric.counter(name, { description, incremental: true, attributes }))

export const runs = counters("caisson_runs_total", "Runs that have ended, by how", "status", [
  "completed",
  "failed",
  "cancelled"
])

const secondsBounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600, 86_400
]

/**
 * Where the time of a run goes. `queue`, `restore` and `tools` are what this process saw of it, `guest` is its CPU time, `wall`
 * the time from its start to its end, with all that it waited for.
 */
export const runDuration = byLabel("phase", ["queue", "restore", "guest", "tools", "wall"], (attributes) =>
  Metric.histogram("caisson_run_duration_seconds", {
    description: "Time that runs took, by phase",
    boundaries: secondsBounds,
    attributes
  })
)
export type Phase = keyof typeof runDuration

export const calls = counters("caisson_calls_total", "Calls that guests made, by what was said of them", "verdict", [
  "allow",
  "ask",
  "deny"
])

export const callReceipts = counters(
  "caisson_call_receipts_total",
  "Receipts that calls came to: a call counts once for each",
  "receipt",
  Receipt.literals
)

export const sessionsOpen = Metric.gauge("caisson_sessions_open", {
  description: "Sessions and sandboxes that this process holds"
})

export const snapshotBytes = Metric.histogram("caisson_snapshot_bytes", {
  description: "Sizes of snapshots",
  boundaries: [1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864]
})

/** Every metric that a process with sessions has from its first session on. */
export const all: ReadonlyArray<Metric.Metric<never, unknown>> = [
  ...Object.values(runs),
  ...Object.values(runDuration),
  ...Object.values(calls),
  ...Object.values(callReceipts),
  sessionsOpen,
  snapshotBytes,
  machinesLive,
  machinesResting,
  queueWaiting
]

const verdicts: Readonly<Record<Verdict["_tag"], keyof typeof calls>> = {
  Allowed: "allow",
  Asked: "ask",
  Denied: "deny"
}

const statusOf = ({ outcome, rolledBack }: Extract<SessionEvent, { readonly _tag: "RunEnded" }>): keyof typeof runs => {
  if (outcome._tag === "Succeeded") return "completed"
  return rolledBack && outcome.error.reason === "Cancelled" ? "cancelled" : "failed"
}

/** Counts an event that is about to be recorded. */
export const count = (meter: Meter, event: SessionEvent, before: SessionState): void => {
  switch (event._tag) {
    case "RunEnded":
      meter.record(runs[statusOf(event)], 1)
      break
    case "Parked":
      for (const { verdict } of event.calls) {
        meter.record(calls[verdicts[verdict._tag]], 1)
        meter.record(callReceipts[verdict._tag === "Denied" ? "refused" : "prepared"], 1)
      }
      break
    case "CallStarted":
      meter.record(callReceipts.started, 1)
      break
    case "CallAnswered":
      meter.record(callReceipts[event.receipt], 1)
      break
    case "TakenOver":
      for (const { outcome, receipt } of before.open.values()) {
        if (receipt === "started" && outcome === undefined) meter.record(callReceipts.unknown, 1)
      }
  }
}

/** Takes down where the time of a run that has ended went. */
export const took = (meter: Meter, millis: Readonly<Record<Phase, number>>): void => {
  for (const phase of Object.keys(runDuration) as ReadonlyArray<Phase>) {
    meter.record(runDuration[phase], Math.max(0, millis[phase]) / 1_000)
  }
}

/**
 * All metrics of this process in the text format of Prometheus, version 0.0.4, those of the host's own that are in the same
 * registry included. Serve it as `text/plain; version=0.0.4; charset=utf-8`.
 */
export const prometheus: Effect.Effect<string> = Effect.flatMap(
  // Its module brings an HTTP router along, which takes longer to load than a short run takes.
  Effect.promise(() => import("effect/observability/PrometheusMetrics")),
  ({ format }) => format()
)
