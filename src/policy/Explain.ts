/** Why a policy says what it says about a subject. */

import { match } from "./Match.ts"
import type { Policy } from "./Policy.ts"
import { type Prepared, prepare } from "./Prepared.ts"
import { type Position, type RuleEffect, unmet } from "./Rule.ts"
import { settle } from "./Settle.ts"
import type { Context, Subject } from "./Subject.ts"
import { format } from "./shell/Word.ts"
import type { Verdict } from "./Verdict.ts"

/** What one rule of the subject's kind had to do with the verdict. */
export interface Account {
  readonly rule: string
  readonly effect: RuleEffect
  readonly position: Position
  /** `decided` the verdict, or `detected`, or `matched` without need, or is about something `else`. */
  readonly outcome: "decided" | "detected" | "matched" | "else"
  /** The condition or check that does not hold, or what is in doubt. */
  readonly why: string
}

export interface Explanation {
  readonly verdict: Verdict
  /** The rules of the subject's kind, in the order of their ids. */
  readonly rules: ReadonlyArray<Account>
  /** Of a command, all that it runs: those found in it, the first 100 of them. */
  readonly commands: ReadonlyArray<string>
  /** Where it cannot be told what a command runs. */
  readonly uncertainties: ReadonlyArray<string>
}

const commandsShown = 100

const scriptOf = (prepared: Prepared) =>
  prepared.kind === "commands" ? prepared.script : { commands: [], uncertainties: [] }

/** Decides like `decide`, and says what each rule had to do with it. */
export const explain = (policy: Policy, subject: Subject, context: Context): Explanation => {
  const prepared = prepare(subject)
  const rules = policy.rules.filter(({ scope }) => scope.kind === prepared.kind)
  const findings = rules.map((rule) => ({ rule, match: match(rule, prepared) }))
  const met = findings.filter(({ rule }) => unmet(rule.when, context) === undefined)
  const verdict = settle(policy, subject, prepared, met)
  const accounts = findings.map(({ match, rule }): Account => {
    const about = { rule: rule.id, effect: rule.effect, position: rule.position }
    const condition = unmet(rule.when, context)
    if (condition !== undefined) return { ...about, outcome: "else", why: condition }
    const why = match.why()
    if (match.chance === "no") return { ...about, outcome: "else", why }
    if (rule.effect === "detect") return { ...about, outcome: "detected", why }
    return { ...about, outcome: rule.id === verdict.rule ? "decided" : "matched", why }
  })
  const { commands, uncertainties } = scriptOf(prepared)
  return {
    verdict,
    rules: accounts,
    commands: commands
      .slice(0, commandsShown)
      .map(({ assignments, words }) => [...assignments, ...words].map(format).join(" ")),
    uncertainties: uncertainties.map(({ why }) => why)
  }
}
