import type { Entry, RecordedCall } from "../session/SessionEvent.ts"
import type { Receipt } from "../tool/Receipt.ts"

/** A call of any run of a session, and what is known of its effect. */
export interface PastCall {
  readonly id: string
  readonly run: string
  readonly method: string
  readonly verdict: "allowed" | "asked" | "denied"
  readonly receipt: Receipt
}

const verdicts = { Allowed: "allowed", Asked: "asked", Denied: "denied" } as const

const recorded = (run: string, { id, method, verdict }: RecordedCall): PastCall => ({
  id,
  run,
  method,
  verdict: verdicts[verdict._tag],
  receipt: verdict._tag === "Denied" ? "refused" : "prepared"
})

/** Every call in the order in which they were made, those included that a rewind took back: effects are not taken back. */
export const callsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<PastCall> => {
  const calls = new Map<string, PastCall>()
  const become = (id: string, receipt: Receipt) => {
    const call = calls.get(id)
    if (call !== undefined) calls.set(id, { ...call, receipt })
  }
  for (const { event } of entries) {
    switch (event._tag) {
      case "Parked":
        for (const call of event.calls) calls.set(call.id, recorded(event.run, call))
        break
      case "CallStarted":
        become(event.call, "started")
        break
      case "CallAnswered":
        become(event.call, event.receipt)
        break
      case "CallNotCommitted":
        become(event.call, "prepared")
        break
      case "TakenOver":
      case "Forked":
        for (const { id, receipt } of calls.values()) if (receipt === "started") become(id, "unknown")
    }
  }
  return [...calls.values()]
}
