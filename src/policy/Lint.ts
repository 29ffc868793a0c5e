/** Rules that cannot do what they seem to be for. */
import { type Ceilings, limitNames, type Policy } from "./Policy.ts"
import { effects, isNever, isWhenSubsetOf, type Position, type Rule } from "./Rule.ts"
import { isEmpty, isSubsetOf } from "./ScopeSubset.ts"

/**
 * What is wrong with a rule or with ceilings. A warning is certain: where it cannot be proved, there is none.
 *
 * - `never`: nobody meets its conditions, or it is about nothing.
 * - `overruled`: whatever it is about, a stricter rule is about too. So it allows, or asks for, a part of what cannot be had.
 * - `duplicate`: whatever it is about, another rule with its effect is about too.
 * - `idle`: what it says is the default, and nothing in the policy says otherwise.
 * - `unreachable`: none of its ceilings is ever the lowest.
 */
export interface Warning {
  readonly kind: "never" | "overruled" | "duplicate" | "idle" | "unreachable"
  /** The id of the rule, if it is about one. */
  readonly rule?: string
  readonly position: Position
  readonly text: string
}

const strictness = (rule: Rule): number => effects.indexOf(rule.effect)

const isWithin = (child: Rule, parent: Rule): boolean =>
  isWhenSubsetOf(child.when, parent.when) && isSubsetOf(child, parent)

const isBefore = (left: Position, right: Position): boolean =>
  left.line < right.line || (left.line === right.line && left.column < right.column)

const at = ({ position, rule }: { readonly position: Position; readonly rule?: string }) => ({
  position,
  ...(rule === undefined ? {} : { rule })
})

const says = { deny: "denies", ask: "asks for", allow: "allows", detect: "reports" } as const

const isIdle = (rule: Rule, policy: Policy): boolean => {
  const { kind } = rule.scope
  if (rule.effect === "detect") return false
  if (kind === "code") return rule.effect === "allow"
  if (rule.effect !== policy.defaults[kind]) return false
  if (rule.effect === "allow") return true
  const others = policy.rules.filter((other) => other.scope.kind === kind)
  return rule.effect === "deny" && others.every(({ effect }) => effect === "deny" || effect === "detect")
}

const warningOf = (rule: Rule, policy: Policy): Warning | undefined => {
  const about = at({ position: rule.position, rule: rule.id })
  if (isNever(rule.when))
    return { kind: "never", ...about, text: "nobody meets its conditions: a list of them is empty" }
  if (isEmpty(rule)) return { kind: "never", ...about, text: "it is about nothing" }
  if (rule.effect === "detect") return undefined
  const others = policy.rules.filter((other) => other !== rule && other.effect !== "detect" && isWithin(rule, other))
  const stricter = others.find((other) => strictness(other) < strictness(rule))
  if (stricter !== undefined) {
    const line = stricter.position.line
    const text = `it ${says[rule.effect]} a part of what rule ${stricter.id} in line ${line} ${says[stricter.effect]}, and is never used`
    return { kind: "overruled", ...about, text }
  }
  const same = others.find(
    (other) => other.effect === rule.effect && (!isWithin(other, rule) || isBefore(other.position, rule.position))
  )
  if (same !== undefined) {
    const text = `rule ${same.id} in line ${same.position.line} ${says[same.effect]} all that it ${says[rule.effect]}`
    return { kind: "duplicate", ...about, text }
  }
  return isIdle(rule, policy)
    ? { kind: "idle", ...about, text: `${rule.scope.kind} that no rule is about get ${rule.effect} anyway` }
    : undefined
}

const isLower = (other: Ceilings, own: Ceilings): boolean =>
  other !== own &&
  isWhenSubsetOf(own.when, other.when) &&
  (isBefore(other.position, own.position) || !isWhenSubsetOf(other.when, own.when))

const unreachable = (ceilings: Ceilings, policy: Policy): Warning | undefined => {
  if (isNever(ceilings.when)) return { kind: "never", ...at(ceilings), text: "nobody meets its conditions" }
  const names = limitNames.filter((name) => ceilings.values[name] !== undefined)
  if (names.length === 0) return { kind: "unreachable", ...at(ceilings), text: "it has no ceilings" }
  const others = policy.limits.filter((other) => other !== ceilings && isWhenSubsetOf(ceilings.when, other.when))
  const isReached = names.some((name) => {
    const value = ceilings.values[name] ?? 0
    return !others.some((other) => {
      const lower = other.values[name] ?? Number.POSITIVE_INFINITY
      return lower < value || (lower === value && isLower(other, ceilings))
    })
  })
  if (isReached) return undefined
  return { kind: "unreachable", ...at(ceilings), text: "where it holds, others hold that are as low" }
}

/** All warnings, in the order of the file. Costs the square of the number of rules. */
export const lint = (policy: Policy): ReadonlyArray<Warning> =>
  [
    ...policy.rules.flatMap((rule) => warningOf(rule, policy) ?? []),
    ...policy.limits.flatMap((ceilings) => unreachable(ceilings, policy) ?? [])
  ].sort((left, right) => (isBefore(left.position, right.position) ? -1 : 1))
