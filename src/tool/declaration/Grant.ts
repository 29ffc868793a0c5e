/** What capabilities say of the calls of one tool, as its declaration can tell it. */
import type { Capability } from "../../capability/Capability.ts"
import { describe, type Scalar } from "../../capability/Check.ts"
import { toRule } from "../../capability/Constraint.ts"
import { type Method, matches } from "../../capability/Pattern.ts"
import * as Pointer from "../../capability/Pointer.ts"
import type { Rule, Test } from "../../capability/Rule.ts"
import type { Narrowing } from "./TypeWriter.ts"

/** What one capability says. */
export interface Grant {
  /** Of single parameters, by name. */
  readonly tests: ReadonlyMap<string, ReadonlyArray<Test>>
  /** Of places inside parameters, and in combinations; in words. */
  readonly others: ReadonlyArray<string>
  /** Of calls as such; in words. */
  readonly terms: ReadonlyArray<string>
}

const nameOf = ({ pointer }: Test): string => (pointer.length === 1 ? String(pointer[0]) : Pointer.format(pointer))

const inWords = (rule: Rule): string => {
  switch (rule._tag) {
    case "Test":
      return `${nameOf(rule)} is ${describe(rule.check)}`
    case "All":
      return rule.rules.length === 0 ? "anything goes" : `(${rule.rules.map(inWords).join(" and ")})`
    case "Any":
      return rule.rules.length === 0 ? "nothing goes" : `(${rule.rules.map(inWords).join(" or ")})`
    case "Not":
      return `not ${inWords(rule.rule)}`
  }
}

const conjuncts = (rule: Rule): ReadonlyArray<Rule> => (rule._tag === "All" ? rule.rules.flatMap(conjuncts) : [rule])

const terms = ({ expiresMillis, maxCalls, methods, mode }: Capability): ReadonlyArray<string> => {
  const isOfOne = methods.length === 1 && !methods.some((pattern) => pattern.includes("*"))
  const together = isOfOne ? "" : ` of ${methods.join(", ")} together`
  return [
    ...(maxCalls === undefined ? [] : [`at most ${maxCalls} ${maxCalls === 1 ? "call" : "calls"}${together}`]),
    ...(expiresMillis === undefined ? [] : [`until ${new Date(expiresMillis).toISOString()}`]),
    ...(mode === "ask" ? ["each call waits for a decision"] : [])
  ]
}

const grant = (capability: Capability): Grant => {
  const rules = conjuncts(toRule(capability.where ?? {}))
  const isOfParameter = (rule: Rule): rule is Test => rule._tag === "Test" && rule.pointer.length === 1
  return {
    tests: Map.groupBy(rules.filter(isOfParameter), nameOf),
    others: rules.filter((rule) => !isOfParameter(rule)).map(inWords),
    terms: terms(capability)
  }
}

/** The capabilities that cover a method and can be used at all, in their order. */
export const of = (capabilities: ReadonlyArray<Capability>, method: Method): ReadonlyArray<Grant> =>
  capabilities
    .filter(({ maxCalls, methods }) => maxCalls !== 0 && methods.some((pattern) => matches(pattern, method)))
    .map(grant)

const listed = ({ check }: Test): ReadonlyArray<Scalar> | undefined => {
  if (check.operator === "eq") return [check.limit]
  return check.operator === "in" ? check.limit : undefined
}

/** The only values that all of some tests can let through; undefined if those cannot be listed. */
const values = (tests: ReadonlyArray<Test>): ReadonlyArray<Scalar> | undefined =>
  tests
    .flatMap((test) => {
      const list = listed(test)
      return list === undefined ? [] : [list]
    })
    .reduce<ReadonlyArray<Scalar> | undefined>(
      (left, right) => left?.filter((value) => right.includes(value)) ?? right,
      undefined
    )

const narrowing = (grants: ReadonlyArray<Grant>, name: string): Narrowing => {
  const tests = grants.map((grant) => grant.tests.get(name) ?? [])
  const lists = tests.map(values)
  const [only = []] = tests
  return {
    values: lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []),
    isDemanded: tests.every((tests) => tests.some(({ check }) => check.operator !== "notExists")),
    notes: tests.length > 1 ? [] : only.filter((test) => listed(test) === undefined).map(({ check }) => describe(check))
  }
}

/** What holds of parameters whichever of the capabilities lets a call through. */
export const narrowings = (grants: ReadonlyArray<Grant>): ReadonlyMap<string, Narrowing> => {
  const names = new Set(grants.flatMap(({ tests }) => [...tests.keys()]))
  return new Map([...names].map((name) => [name, narrowing(grants, name)]))
}

/** What the types do not tell, a line for each capability that has anything to say. */
export const remarks = (grants: ReadonlyArray<Grant>): ReadonlyArray<string> =>
  grants.flatMap(({ others, terms, tests }, index) => {
    const demands = grants.length === 1 ? others : [...[...tests.values()].flat().map(inWords), ...others]
    const where = demands.length === 0 ? [] : [`if ${demands.join(" and ")}`]
    const words = [...terms, ...where]
    if (grants.length === 1) return words.length === 0 ? [] : [`Allowed ${words.join("; ")}.`]
    return [`Allowed (${index + 1} of ${grants.length}) ${words.length === 0 ? "with any input" : words.join("; ")}.`]
  })
