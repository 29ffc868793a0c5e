/**
 * What facts about one value say about another one.
 *
 * Sound: `implies` says yes only if every value with all the facts has the goal too. Where only a few values can have them,
 * each is tried with the checks themselves; where there are many, ranges, excluded values, affixes and folders are compared.
 */
import * as Result from "effect/Result"
import { type Check, judge, type Scalar } from "./Check.ts"
import * as Likeness from "./Likeness.ts"
import * as NormalisedPath from "./NormalisedPath.ts"
import { typeName } from "./Pointer.ts"
import * as Range from "./Range.ts"

/** A check on a text. These have no operator for their opposite. */
export type TextCheck = Extract<Check, { readonly operator: "startsWith" | "endsWith" | "contains" | "path" }>

/** A check that passes, or one on a text that fails. */
export type Fact = Check | { readonly operator: "not"; readonly check: TextCheck }

type Facts = ReadonlyArray<Fact>

const holds = (fact: Fact, value: Scalar): boolean =>
  fact.operator === "not" ? judge(fact.check, value) === "fail" : judge(fact, value) === "pass"

const checksOf = (facts: Facts): ReadonlyArray<Check> =>
  facts.flatMap((fact) => (fact.operator === "not" ? [] : [fact]))

const allowedBy = (fact: Fact): ReadonlyArray<Scalar> | undefined => {
  if (fact.operator === "eq") return [fact.limit]
  return fact.operator === "in" ? fact.limit : undefined
}

const excludedBy = (fact: Fact): ReadonlyArray<Scalar> | undefined => {
  if (fact.operator === "ne") return [fact.limit]
  return fact.operator === "notIn" ? fact.limit : undefined
}

/** The types of which a value with this fact can be; undefined for any. */
const typesOf = (fact: Fact): ReadonlyArray<string> | undefined => {
  const list = allowedBy(fact) ?? excludedBy(fact)
  if (list !== undefined) return list.map(typeName)
  switch (fact.operator) {
    case "exists":
      return undefined
    case "notExists":
      return []
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return ["number"]
    case "length.lt":
    case "length.le":
    case "length.gt":
    case "length.ge":
      return ["string", "array"]
    default:
      return ["string"]
  }
}

const commonTypes = (facts: Facts): ReadonlySet<string> | undefined =>
  facts.reduce<ReadonlySet<string> | undefined>((types, fact) => {
    const own = typesOf(fact)
    if (own === undefined) return types
    return new Set(types === undefined ? own : own.filter((type) => types.has(type)))
  }, undefined)

const pointsOf = (facts: Facts): ReadonlyArray<Scalar> | undefined => {
  const range = Range.of(checksOf(facts), "value")
  const length = Range.of(checksOf(facts), "length")
  if ((range !== undefined && Range.isEmpty(range)) || (length !== undefined && Range.isEmpty(length))) return []
  return range !== undefined && range.low === range.high ? [range.low] : undefined
}

const smallTypes: ReadonlyMap<string, ReadonlyArray<Scalar>> = new Map<string, ReadonlyArray<Scalar>>([
  ["boolean", [true, false]],
  ["null", [null]]
])

const few = (facts: Facts): ReadonlyArray<Scalar> | undefined => {
  const types = commonTypes(facts)
  if (types?.size === 0) return []
  const [only, ...others] = types ?? []
  return (
    facts.map(allowedBy).find((list) => list !== undefined) ??
    pointsOf(facts) ??
    (only !== undefined && others.length === 0 ? smallTypes.get(only) : undefined)
  )
}

/** The values that have all the facts, if these leave only a few; undefined if they may leave many, or leave it absent. */
const candidates = (facts: Facts): ReadonlyArray<Scalar> | undefined =>
  facts.every(({ operator }) => operator === "notExists")
    ? undefined
    : few(facts)?.filter((value) => facts.every((fact) => holds(fact, value)))

/** Whether no value, and not its absence either, can have all the facts. */
export const contradict = (facts: Facts): boolean => candidates(facts)?.length === 0

const isBounded = (facts: Facts, goal: Check, measure: Range.Measure): boolean => {
  const inner = Range.of(checksOf(facts), measure)
  const outer = Range.of([goal], measure)
  return inner !== undefined && outer !== undefined && Range.isWithin(inner, outer)
}

const likenessOf = (value: Scalar): string | undefined =>
  typeof value === "string" ? Likeness.of(value, Number.POSITIVE_INFINITY) : undefined

/** The values that are excluded with these, among them the texts that look the same as one of them. */
const excluding = (values: ReadonlyArray<Scalar>): ((value: Scalar) => boolean) => {
  const same = new Set(values)
  const alike = new Set(values.flatMap((value) => likenessOf(value) ?? []))
  return (value) => {
    const likeness = likenessOf(value)
    return same.has(value) || (likeness !== undefined && alike.has(likeness))
  }
}

const excludes = (facts: Facts, unwanted: ReadonlyArray<Scalar>): boolean => {
  const types = commonTypes(facts)
  const judged = new Set(unwanted.map(typeName))
  if (types === undefined || ![...types].every((type) => judged.has(type))) return false
  const range = Range.of(checksOf(facts), "value")
  const isExcluded = excluding(facts.flatMap((fact) => excludedBy(fact) ?? []))
  return unwanted.every(
    (value) =>
      !types.has(typeName(value)) ||
      (typeof value === "number" && range !== undefined && !Range.has(range, value)) ||
      isExcluded(value)
  )
}

const pathOf = (text: string): NormalisedPath.NormalisedPath | undefined =>
  Result.getOrUndefined(NormalisedPath.parse(text))

const isFolderWithin = (inner: string, outer: string): boolean => {
  const [path, folder] = [pathOf(inner), pathOf(outer)]
  return path !== undefined && folder !== undefined && NormalisedPath.isWithin(path, folder)
}

/** Whether a text that passes the first check passes the second. */
const isNarrower = (fact: TextCheck, goal: TextCheck): boolean => {
  if (goal.operator === "contains") return fact.operator !== "path" && fact.limit.includes(goal.limit)
  if (fact.operator !== goal.operator) return false
  switch (goal.operator) {
    case "startsWith":
      return fact.limit.startsWith(goal.limit)
    case "endsWith":
      return fact.limit.endsWith(goal.limit)
    case "path":
      return isFolderWithin(fact.limit, goal.limit)
  }
}

/** Whether no text passes both checks: as far as it can be said, which is of two prefixes, two suffixes or two folders. */
const isDisjoint = (left: TextCheck, right: TextCheck): boolean =>
  left.operator === right.operator &&
  left.operator !== "contains" &&
  !isNarrower(left, right) &&
  !isNarrower(right, left)

/** Whether a check compares no whole texts. */
const comparesNoTexts = (check: Check): boolean => allowedBy(check) === undefined && excludedBy(check) === undefined

const isTextCheck = (fact: Fact): fact is TextCheck =>
  fact.operator === "startsWith" ||
  fact.operator === "endsWith" ||
  fact.operator === "contains" ||
  fact.operator === "path"

/**
 * Whether a value with the facts fails the check. A text that fails one check fails every narrower one. The facts that count
 * are those of values on which the check can be made: texts, and for `path` clean paths.
 */
const isRuledOut = (facts: Facts, goal: TextCheck): boolean =>
  facts.some((fact) => {
    if (fact.operator === "not") return isNarrower(goal, fact.check)
    return isTextCheck(fact) && isDisjoint(fact, goal)
  })

/** Whether a check can be made on every value with all the facts, so that it passes or fails. */
export const decides = (facts: Facts, check: Check): boolean => {
  const values = candidates(facts)
  if (values !== undefined) return values.every((value) => judge(check, value) !== "error")
  if (facts.length === 0 || facts.some(({ operator }) => operator === "notExists")) return false
  if (check.operator === "exists" || check.operator === "notExists") return true
  if (check.operator === "path") {
    return facts.some((fact) => (fact.operator === "not" ? fact.check : fact).operator === "path")
  }
  const judged = typesOf(check)
  const types = commonTypes(facts)
  // Of two texts it may be in doubt whether they are the same.
  const isCertain = (type: string) => judged?.includes(type) === true && (type !== "string" || comparesNoTexts(check))
  return types !== undefined && [...types].every(isCertain)
}

/** Whether every value with all the facts has the goal. */
export const implies = (facts: Facts, goal: Fact): boolean => {
  const values = candidates(facts)
  if (values !== undefined) return values.every((value) => holds(goal, value))
  if (facts.length === 0) return false
  const isAbsent = facts.some(({ operator }) => operator === "notExists")
  if (isAbsent || goal.operator === "notExists") return isAbsent && goal.operator === "notExists"
  if (goal.operator === "exists") return true
  if (goal.operator === "not") return isRuledOut(facts, goal.check)
  if (isTextCheck(goal)) return facts.some((fact) => isTextCheck(fact) && isNarrower(fact, goal))
  const unwanted = excludedBy(goal)
  if (unwanted !== undefined) return excludes(facts, unwanted)
  const measure = Range.measureOf(goal)
  return measure !== undefined && isBounded(facts, goal, measure)
}
