/** Whether an input is one of those that a `where` speaks of: for certain, possibly, or not. */
import { type Constraint, toRule } from "../capability/Constraint.ts"
import { judge, type Rule } from "../capability/Rule.ts"
import type { Chance } from "./shell/Wide.ts"

const rules = new WeakMap<Constraint, Rule>()

const ruleOf = (where: Constraint): Rule => {
  const rule = rules.get(where) ?? toRule(where)
  rules.set(where, rule)
  return rule
}

/**
 * Whether a rule might hold if what cannot be judged turned out the worst. A constraint that is to allow errs as a whole if a part
 * errs; one that is to forbid must be certain that a part fails before it may be left aside.
 */
const mayHold = (rule: Rule, input: unknown): boolean => {
  switch (rule._tag) {
    case "Test":
      return judge(rule, input).outcome !== "fail"
    case "All":
      return rule.rules.every((part) => mayHold(part, input))
    case "Any":
      return rule.rules.some((part) => mayHold(part, input))
    case "Not":
      return judge(rule.rule, input).outcome !== "pass"
  }
}

export interface Judged {
  readonly chance: Chance
  /** The check that does not hold, or cannot be made. It tells no values. */
  readonly why: () => string
}

const unreadable: Judged = { chance: "maybe", why: () => "the input cannot be read" }

const inWords = (why: () => { readonly text: string }) => (): string => {
  try {
    return why().text
  } catch {
    return unreadable.why()
  }
}

/** Judges an input. Total. */
export const judgeInput = (where: Constraint, input: unknown): Judged => {
  const rule = ruleOf(where)
  try {
    const { outcome, why } = judge(rule, input)
    if (outcome === "pass") return { chance: "yes", why: () => "" }
    // What fails with certainty does so however what cannot be judged turns out.
    const isPossible = outcome === "error" && mayHold(rule, input)
    return { chance: isPossible ? "maybe" : "no", why: inWords(why) }
  } catch {
    return unreadable
  }
}
