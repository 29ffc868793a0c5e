/** What is counted of detection and of the audit log. */
import * as Metric from "effect/Metric"
import { byLabel } from "../machine/Meter.ts"
import { RuleId, Severity } from "./detection/Alert.ts"

/** By rule, and then by severity. Both are fixed lists: see `N1` of the metrics of sessions. */
export const alerts = byLabel("rule", RuleId.literals, (rule) =>
  byLabel("severity", Severity.literals, (severity) =>
    Metric.counter("caisson_alerts_total", {
      description: "Alerts that were raised, by rule and severity",
      incremental: true,
      attributes: { ...rule, ...severity }
    })
  )
)

/** Moved up as events are recorded and down as they are written, so that several logs of a process add up. */
export const auditLag = Metric.gauge("caisson_audit_lag_events", {
  description: "Events of sessions that are not in the audit log yet"
})
