/** How busy the machines of this process are. Sandboxes and all homes of the process count together. */
import * as Metric from "effect/Metric"

export const machinesLive = Metric.gauge("caisson_machines_live", {
  description: "Machines that sessions have or are getting"
})

export const machinesResting = Metric.gauge("caisson_machines_resting", {
  description: "Live machines that have nothing to do and may be taken from their sessions"
})

export const queueWaiting = Metric.gauge("caisson_queue_waiting", {
  description: "Sessions that wait for a machine, and machines that wait for a thread"
})
