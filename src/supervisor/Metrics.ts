/** How pools fare. All pools of a process count together: a template is no label, since there may be any number of them. */
import * as Metric from "effect/Metric"
import { byLabel } from "../machine/Meter.ts"

export const poolReady = Metric.gauge("caisson_pool_ready", {
  description: "Machines that are kept ready, and nobody has"
})

export const poolLeased = Metric.gauge("caisson_pool_leased", {
  description: "Machines that were taken from pools, or made because there was none, and are not given back"
})

/** `ready` or `made`: what whoever took a machine had to wait for. */
export const poolTaken = byLabel("from", ["ready", "made"], (attributes) =>
  Metric.counter("caisson_pool_taken_total", {
    description: "Machines that were taken, by whether one was ready",
    incremental: true,
    attributes
  })
)
