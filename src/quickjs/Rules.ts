import type { Decider, decider } from "../policy/machine/Decider.ts"
import type { MachineRules } from "../policy/machine/MachineRules.ts"

let make: typeof decider | undefined

/** Loads what decides by rules. Few guests have any, and a worker starts sooner without it. */
export const load = async (): Promise<void> => {
  make ??= (await import("../policy/machine/Decider.ts")).decider
}

/** What decides by these rules, once that is loaded. */
export const deciderOf = (rules: MachineRules, nowMillis: () => number): Decider => {
  if (make === undefined) throw new Error("what decides by rules was not loaded")
  return make(rules, nowMillis)
}
