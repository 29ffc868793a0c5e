import type { Meter } from "../machine/Meter.ts"
import type { Calls } from "./Calls.ts"
import type { Guest } from "./Guest.ts"
import { took } from "./Metrics.ts"
import type { Run } from "./SessionState.ts"

/** Takes down where the time of a session's runs went: call it once for each, when it has ended. */
export const make = (meter: Meter, guest: Guest["timing"], calls: Calls["timing"]) => {
  let before = { ...guest, ...calls }
  return (run: Run | undefined, nowMillis: number): void => {
    const now = { ...guest, ...calls }
    if (run !== undefined) {
      took(meter, {
        queue: now.queueMillis - before.queueMillis,
        restore: now.restoreMillis - before.restoreMillis,
        tools: now.toolMillis - before.toolMillis,
        guest: run.cpuMillis,
        wall: nowMillis - run.startedMillis
      })
    }
    before = now
  }
}
