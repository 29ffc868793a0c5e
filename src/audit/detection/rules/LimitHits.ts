import { nothing, type Rule } from "../Scene.ts"
import * as Window from "../Window.ts"

/** Limits hit again and again: somebody wants more of the machine than there is, or tries how it fails. */
export const limitHits: Rule<Window.Window, "LimitHit"> = {
  sees: ["LimitHit"],
  empty: Window.empty,
  step: (memory, { observation, stage }) => {
    const { hits, windowMillis } = stage.settings.rules.limits
    const { atMillis, id, limit } = observation
    const next = Window.add(memory, windowMillis, atMillis, 1, id)
    if (next.total < hits) return [next, nothing]
    const finding = {
      rule: "limit-hits",
      severity: next.total >= 3 * hits ? "high" : "medium",
      title: "limits were hit repeatedly",
      evidence: next.evidence,
      details: { hits: next.total, threshold: hits, windowMillis, last: limit }
    } as const
    return [next, [finding]]
  }
}
