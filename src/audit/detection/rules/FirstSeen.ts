import * as Familiar from "../Familiar.ts"
import { nothing, type Rule } from "../Scene.ts"

/** A method that the tenant has never used, once its habits are known. Of a privileged one the first call is the alarm. */
export const firstSeen: Rule<undefined, "CallDecided"> = {
  sees: ["CallDecided"],
  empty: undefined,
  step: (memory, { habits, observation, stage, standing }) => {
    const { learning, sessions } = stage.settings.rules.firstSeen
    const { effect, method } = observation
    if (habits.calls < learning || Familiar.knows(habits.methods, method, sessions)) return [memory, nothing]
    const finding = {
      rule: "first-seen-method",
      severity: standing.isPrivileged ? "high" : "low",
      title: standing.isPrivileged
        ? "a privileged method was used for the first time"
        : "a method was used for the first time",
      subject: method,
      evidence: [],
      details: { method, effect, learnedFrom: habits.calls }
    } as const
    return [memory, [finding]]
  }
}
