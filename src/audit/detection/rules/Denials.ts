import type { ObservationOf } from "../Observation.ts"
import { type Finding, nothing, type Rule } from "../Scene.ts"
import * as Window from "../Window.ts"

export interface Memory {
  readonly burst: Window.Window
  readonly slow: Window.Window
}

const deniedBy = (observation: ObservationOf<"CallDecided" | "Refused">): number => {
  if (observation._tag === "Refused") return observation.count ?? 1
  return observation.effect === "deny" ? 1 : 0
}

/** Many denied calls, commands and accesses to files: somebody does not take no for an answer. */
export const denials: Rule<Memory, "CallDecided" | "Refused"> = {
  sees: ["CallDecided", "Refused"],
  empty: { burst: Window.empty, slow: Window.empty },
  step: (memory, { observation, stage }) => {
    const denied = deniedBy(observation)
    if (denied === 0) return [memory, nothing]
    const { burst: burstMax, burstMillis, slow: slowMax, slowMillis } = stage.settings.rules.denials
    const { atMillis, id } = observation
    const burst = Window.add(memory.burst, burstMillis, atMillis, denied, id)
    const slow = Window.add(memory.slow, slowMillis, atMillis, denied, id)
    const finding = (window: Window.Window, threshold: number, windowMillis: number): Finding => ({
      rule: "denial-spike",
      severity: "medium",
      title: "many calls, commands or accesses to files were denied",
      evidence: window.evidence,
      details: { denied: window.total, threshold, windowMillis }
    })
    if (burst.total >= burstMax) return [{ burst, slow }, [finding(burst, burstMax, burstMillis)]]
    if (slow.total >= slowMax) return [{ burst, slow }, [finding(slow, slowMax, slowMillis)]]
    return [{ burst, slow }, nothing]
  }
}
