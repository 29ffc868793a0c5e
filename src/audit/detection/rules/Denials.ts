import { type Finding, nothing, type Rule } from "../Scene.ts"
import * as Window from "../Window.ts"

export interface Memory {
  readonly burst: Window.Window
  readonly slow: Window.Window
}

/** Many denied calls: somebody does not take no for an answer. */
export const denials: Rule<Memory, "CallDecided"> = {
  sees: ["CallDecided"],
  empty: { burst: Window.empty, slow: Window.empty },
  step: (memory, { observation, stage }) => {
    if (observation.effect !== "deny") return [memory, nothing]
    const { burst: burstMax, burstMillis, slow: slowMax, slowMillis } = stage.settings.rules.denials
    const { atMillis, id } = observation
    const burst = Window.add(memory.burst, burstMillis, atMillis, 1, id)
    const slow = Window.add(memory.slow, slowMillis, atMillis, 1, id)
    const finding = (window: Window.Window, threshold: number, windowMillis: number): Finding => ({
      rule: "denial-spike",
      severity: "medium",
      title: "many calls were denied",
      evidence: window.evidence,
      details: { denied: window.total, threshold, windowMillis }
    })
    if (burst.total >= burstMax) return [{ burst, slow }, [finding(burst, burstMax, burstMillis)]]
    if (slow.total >= slowMax) return [{ burst, slow }, [finding(slow, slowMax, slowMillis)]]
    return [{ burst, slow }, nothing]
  }
}
