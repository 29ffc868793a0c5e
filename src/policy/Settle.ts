/** From what single rules are about to one verdict. */
import type { Match } from "./Match.ts"
import type { Decisive } from "./Policy.ts"
import type { Prepared, PreparedOf } from "./Prepared.ts"
import { type Decision, decisions, type Rule } from "./Rule.ts"
import { describe, type Kind, type Subject } from "./Subject.ts"
import type { Chance } from "./shell/Wide.ts"
import type { Verdict } from "./Verdict.ts"

/** A rule whose conditions are met, and whether it is about the subject. */
export interface Finding {
  readonly rule: Rule
  readonly match: Match
}

interface Ruling {
  readonly effect: Decision
  readonly finding?: Finding
  readonly why?: string
}

/** The stricter of two, and of equals the one that names a rule, or the first in the order of the alphabet. */
const stricter = (left: Ruling | undefined, right: Ruling): Ruling => {
  if (left === undefined) return right
  const order = decisions.indexOf(left.effect) - decisions.indexOf(right.effect)
  if (order !== 0) return order < 0 ? left : right
  if (left.finding === undefined || right.finding === undefined) return left.finding === undefined ? right : left
  return right.finding.rule.id < left.finding.rule.id ? right : left
}

/**
 * What becomes of a script of which it cannot be told what it runs: what the policy says, or else the strictest of the effects of
 * its rules about commands that forbid, or else the default for commands.
 */
export const unparsableOf = ({ defaults, rules, unparsable }: Decisive): Decision => {
  if (unparsable !== undefined) return unparsable
  const given = rules.filter(({ scope }) => scope.kind === "commands").map(({ effect }) => effect)
  if (given.includes("deny")) return "deny"
  return given.includes("ask") && defaults.commands === "allow" ? "ask" : defaults.commands
}

/**
 * What follows from rules that are about one thing. Those that are for certain, or else the default, say what it gets; those
 * that may be can only make it stricter.
 */
const strictest = (
  findings: ReadonlyArray<Finding>,
  fallback: Decision,
  chanceOf: (finding: Finding) => Chance,
  doubted: "deny" | "ask" = "deny"
): Ruling => {
  let certain: Ruling | undefined
  let doubtful: Ruling | undefined
  for (const finding of findings) {
    const { effect } = finding.rule
    const chance = effect === "detect" ? "no" : chanceOf(finding)
    if (effect === "detect" || chance === "no") continue
    if (chance === "yes") certain = stricter(certain, { effect, finding })
    else doubtful = stricter(doubtful, { effect: effect === "deny" ? doubted : effect, finding })
  }
  const ruling = certain ?? { effect: fallback }
  return doubtful === undefined ? ruling : stricter(ruling, doubtful)
}

const rulingOnScript = (
  policy: Decisive,
  { script }: PreparedOf<"commands">,
  findings: ReadonlyArray<Finding>
): Ruling => {
  let ruling: Ruling | undefined
  for (let index = 0; index < script.commands.length; index++) {
    const chanceOf = ({ match }: Finding) => match.each?.[index] ?? "no"
    ruling = stricter(ruling, strictest(findings, policy.defaults.commands, chanceOf, policy.unparsable))
  }
  const [doubt] = script.uncertainties
  if (doubt !== undefined) {
    ruling = stricter(ruling, { effect: unparsableOf(policy), why: `it cannot be told what this runs: ${doubt.why}` })
  }
  return ruling ?? { effect: policy.defaults.commands, why: "it runs no command" }
}

const verbs: Readonly<Record<Decision, string>> = { deny: "denies", ask: "asks for", allow: "allows" }

const reasonOf = (subject: Subject, kind: Prepared["kind"], { effect, finding, why }: Ruling): string => {
  if (why !== undefined) return why
  if (finding === undefined) return `no rule is about ${describe(subject)}, and the default for ${kind} is ${effect}`
  const { match, rule } = finding
  const reason = rule.reason ?? `rule ${rule.id} ${verbs[effect]} ${describe(subject)}`
  return match.chance === "maybe" ? `${reason} (in doubt: ${match.why()})` : reason
}

const defaultOf = ({ defaults }: Decisive, kind: Kind): Decision => (kind === "code" ? "allow" : defaults[kind])

/** The verdict that follows from what the rules are about. */
export const settle = (
  policy: Decisive,
  subject: Subject,
  prepared: Prepared,
  findings: ReadonlyArray<Finding>
): Verdict => {
  const ruling =
    prepared.kind === "commands"
      ? rulingOnScript(policy, prepared, findings)
      : strictest(findings, defaultOf(policy, prepared.kind), ({ match }) => match.chance)
  const detections = findings.filter(({ match, rule }) => rule.effect === "detect" && match.chance !== "no")
  return {
    effect: ruling.effect,
    rule: ruling.finding?.rule.id,
    reason: reasonOf(subject, prepared.kind, ruling),
    detections: detections.map(({ rule }) => rule.id)
  }
}
