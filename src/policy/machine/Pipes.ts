import { match } from "../Match.ts"
import type { Decisive } from "../Policy.ts"
import type { Rule } from "../Rule.ts"
import { settle } from "../Settle.ts"
import * as Shell from "../shell/Script.ts"
import type { Verdict } from "../Verdict.ts"

/** A rule without those of its patterns that a single command shows. */
const pipesOf = (rule: Rule): ReadonlyArray<Rule> => {
  if (rule.scope.kind !== "commands" || rule.effect === "allow") return []
  const patterns = rule.scope.patterns.filter(({ stages }) => stages.length > 1)
  return patterns.length === 0 ? [] : [{ ...rule, scope: { kind: "commands", patterns } }]
}

const known = new WeakMap<Decisive, Decisive>()

const onlyPipes = (policy: Decisive): Decisive => {
  const pipes = known.get(policy) ?? {
    ...policy,
    defaults: { ...policy.defaults, commands: "allow" },
    rules: policy.rules.flatMap(pipesOf)
  }
  known.set(policy, pipes)
  return pipes
}

/**
 * What a policy says of what commands of a script read from one another, if each of them is decided on by itself when it is run.
 * A command whose name is not known yet is in doubt in a pipe alone; a script that cannot be read is in doubt as a whole.
 */
export const decideOnPipes = (policy: Decisive, text: string): Verdict => {
  const pipes = onlyPipes(policy)
  const { commands, feeds, uncertainties } = Shell.read(text)
  const script = { commands, feeds, uncertainties: uncertainties.filter(({ isUnread }) => isUnread) }
  const prepared = { kind: "commands", script } as const
  const findings = pipes.rules.map((rule) => ({ rule, match: match(rule, prepared) }))
  return settle(pipes, { _tag: "Command", script: text }, prepared, findings)
}
