import * as Distinct from "../Distinct.ts"
import * as Hash from "../Hash.ts"
import { nothing, type Rule } from "../Scene.ts"

const remembered = 32

/** Many different methods denied: somebody looks for what is open. */
export const recon: Rule<Distinct.Distinct, "CallDecided"> = {
  sees: ["CallDecided"],
  empty: Distinct.empty,
  step: (memory, { observation, stage }) => {
    if (observation.effect !== "deny") return [memory, nothing]
    const { methods, windowMillis } = stage.settings.rules.recon
    const { atMillis, id, method } = observation
    const next = Distinct.add(
      memory,
      { key: Hash.ofText(method), atMillis, id },
      { most: remembered, spanMillis: windowMillis }
    )
    if (next.length < methods) return [next, nothing]
    const finding = {
      rule: "recon",
      severity: next.length >= 2 * methods ? "high" : "medium",
      title: "different methods were tried and denied",
      evidence: Distinct.evidence(next),
      details: { methods: next.length, threshold: methods, windowMillis, last: method }
    } as const
    return [next, [finding]]
  }
}
