/** What can be asked of one value: an operator and its limit. Every operator is total, and knows its types. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Likeness from "./Likeness.ts"
import * as NormalisedPath from "./NormalisedPath.ts"
import { typeName } from "./Pointer.ts"

const Real = Schema.Number.annotate({ message: "expected a number" })
const Bound = Real.check(Schema.isFinite({ message: "expected a finite number" }))
const Length = Real.check(
  Schema.makeFilter((length: number) => Number.isSafeInteger(length) && length >= 0, {
    message: "expected a whole number, 0 or more"
  })
)
const Text = Schema.String.annotate({ message: "expected a text" })
const Affix = Text.check(
  Schema.makeFilter((text: string) => text !== "", { message: "expected a text that is not empty" })
)
const True = Schema.Literal(true).annotate({ message: "expected true; the opposite has an operator of its own" })
const Path = Text.check(
  Schema.makeFilter((path: string) => {
    const parsed = NormalisedPath.parse(path)
    return Result.isSuccess(parsed) ? undefined : parsed.failure
  })
)
const Scalar = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]).annotate({
  message: "expected a text, a number, a boolean or null"
})
const Excluded = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]).annotate({
  message: "expected a text, a number or a boolean"
})
const notEmpty = Schema.makeFilter((list: ReadonlyArray<unknown>) => list.length > 0, {
  message: "expected at least one value"
})
const ofOneType = Schema.makeFilter((list: ReadonlyArray<unknown>) => new Set(list.map(typeName)).size <= 1, {
  message: "expected values of one type: which values of other types are different cannot be told"
})

const orderingsOf = <S extends Schema.Codec<number>>(limit: S) => ({
  lt: Schema.optionalKey(limit),
  le: Schema.optionalKey(limit),
  gt: Schema.optionalKey(limit),
  ge: Schema.optionalKey(limit)
})

const notNone = Schema.makeFilter((checks: object) => Object.keys(checks).length > 0, {
  message: "expected at least one operator"
})

const Lengths = Schema.Struct(orderingsOf(Length))
  .annotate({ message: "expected an object of lt, le, gt, ge", messageUnexpectedKey: "is none of lt, le, gt, ge" })
  .check(notNone)

const operators = {
  ...orderingsOf(Bound),
  eq: Schema.optionalKey(Scalar),
  ne: Schema.optionalKey(Excluded),
  in: Schema.optionalKey(Schema.Array(Scalar).annotate({ message: "expected a list of values" }).check(notEmpty)),
  notIn: Schema.optionalKey(
    Schema.Array(Excluded).annotate({ message: "expected a list of values" }).check(notEmpty, ofOneType)
  ),
  startsWith: Schema.optionalKey(Affix),
  endsWith: Schema.optionalKey(Affix),
  contains: Schema.optionalKey(Affix),
  exists: Schema.optionalKey(True),
  notExists: Schema.optionalKey(True),
  length: Schema.optionalKey(Lengths),
  path: Schema.optionalKey(Path)
}

const operatorNames = Object.keys(operators).join(", ")

/**
 * The checks of one parameter, all of which must hold.
 *
 * - `lt`, `le`, `gt`, `ge`: finite numbers, and bigints that are safe integers.
 * - `eq`, `in`: the same value of the same type. `ne`, `notIn`: a value of the limit's type that is another one. A text that
 *   could be taken for the limit (another case, look-alike or invisible characters) is neither: both refuse it.
 * - `startsWith`, `endsWith`, `contains`: texts, compared exactly.
 * - `path`: a text that is the path of a folder or of something in it: see `NormalisedPath.parse`.
 * - `length`: orderings of the length of a text in code points, or of an array.
 * - `exists`, `notExists`: whether there is a value; null is one, `undefined` is none.
 */
export const Checks = Schema.Struct(operators)
  .annotate({
    message: `expected an object of operators: ${operatorNames}`,
    messageUnexpectedKey: `is no operator; those are ${operatorNames}`
  })
  .check(notNone)
export type Checks = typeof Checks.Type

export type Scalar = typeof Scalar.Type

export type Ordering = "lt" | "le" | "gt" | "ge"

/** One operator with its limit. */
export type Check =
  | { readonly operator: Ordering | `length.${Ordering}`; readonly limit: number }
  | { readonly operator: "eq" | "ne"; readonly limit: Scalar }
  | { readonly operator: "in" | "notIn"; readonly limit: ReadonlyArray<Scalar> }
  | { readonly operator: "startsWith" | "endsWith" | "contains" | "path"; readonly limit: string }
  | { readonly operator: "exists" | "notExists"; readonly limit: true }

/** The single checks, in the order of their operators' names. */
export const each = ({ length = {}, ...checks }: Checks): ReadonlyArray<Check> => {
  const lengths = Object.entries(length).map(([ordering, limit]) => ({ operator: `length.${ordering}`, limit }))
  const others = Object.entries(checks).map(([operator, limit]) => ({ operator, limit }))
  const all = [...others, ...lengths].sort((left, right) => (left.operator < right.operator ? -1 : 1))
  // Every operator of the schema is one of a check, with the same limit.
  return all as unknown as ReadonlyArray<Check>
}

/**
 * What came of a check. `error`: it could not be made, since the value is missing, of another type, or of doubtful identity.
 * The opposite of an error is an error, so that no negation lets through what could not be judged.
 */
export type Outcome = "pass" | "fail" | "error"

const when = (holds: boolean): Outcome => (holds ? "pass" : "fail")

export const opposite = (outcome: Outcome): Outcome => (outcome === "error" ? outcome : when(outcome === "fail"))

const orderings: Readonly<Record<Ordering, (value: number, limit: number) => boolean>> = {
  lt: (value, limit) => value < limit,
  le: (value, limit) => value <= limit,
  gt: (value, limit) => value > limit,
  ge: (value, limit) => value >= limit
}

const order = (ordering: Ordering, value: unknown, limit: number): Outcome =>
  typeof value === "number" && Number.isFinite(value) ? when(orderings[ordering](value, limit)) : "error"

/** The length of a text or an array, or of a text that is longer than the limit any length beyond that. */
const lengthOf = (value: unknown, limit: number): number | undefined => {
  if (Array.isArray(value)) return value.length
  if (typeof value !== "string") return undefined
  let length = 0
  for (const _ of value) if (++length > limit) break
  return length
}

const likenesses = new WeakMap<ReadonlyArray<Scalar>, ReadonlyArray<string>>()

/** The likenesses of the texts in a list, which are made once. */
const likenessesOf = (limits: ReadonlyArray<Scalar>): ReadonlyArray<string> => {
  const known = likenesses.get(limits)
  if (known !== undefined) return known
  const made = limits.flatMap((limit) =>
    typeof limit === "string" ? (Likeness.of(limit, Number.POSITIVE_INFINITY) ?? []) : []
  )
  likenesses.set(limits, made)
  return made
}

/** Whether a text could be taken for one of the limits, or is so long that this cannot be told. */
const isDoubtful = (text: string, limits: ReadonlyArray<Scalar>): boolean => {
  const unwanted = likenessesOf(limits)
  const likeness = Likeness.of(
    text,
    unwanted.reduce((longest, { length }) => Math.max(longest, length), 0)
  )
  return likeness === undefined || unwanted.some((other) => Likeness.areClose(likeness, other))
}

const isMember = (value: unknown, limits: ReadonlyArray<Scalar>): Outcome => {
  const type = typeName(value)
  if (!limits.some((limit) => typeName(limit) === type)) return "error"
  if (limits.some((limit) => limit === value)) return "pass"
  return typeof value === "string" && isDoubtful(value, limits) ? "error" : "fail"
}

const isWithin = (value: unknown, folder: string): Outcome => {
  const path = typeof value === "string" ? NormalisedPath.parse(value) : Result.fail("not a text")
  const limit = NormalisedPath.parse(folder)
  if (Result.isFailure(path) || Result.isFailure(limit)) return "error"
  return when(NormalisedPath.isWithin(path.success, limit.success))
}

/** A bigint is judged as the number that it is, if it is one exactly. */
const toNumber = (value: unknown): unknown =>
  typeof value === "bigint" && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))
    ? Number(value)
    : value

const text = (value: unknown, holds: (value: string) => boolean): Outcome =>
  typeof value === "string" ? when(holds(value)) : "error"

/** Makes a check on a value that is there. */
export const judge = (check: Check, given: unknown): Outcome => {
  const value = toNumber(given)
  switch (check.operator) {
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return order(check.operator, value, check.limit)
    case "length.lt":
      return order("lt", lengthOf(value, check.limit), check.limit)
    case "length.le":
      return order("le", lengthOf(value, check.limit), check.limit)
    case "length.gt":
      return order("gt", lengthOf(value, check.limit), check.limit)
    case "length.ge":
      return order("ge", lengthOf(value, check.limit), check.limit)
    case "eq":
      return isMember(value, [check.limit])
    case "ne":
      return opposite(isMember(value, [check.limit]))
    case "in":
      return isMember(value, check.limit)
    case "notIn":
      return opposite(isMember(value, check.limit))
    case "startsWith":
      return text(value, (value) => value.startsWith(check.limit))
    case "endsWith":
      return text(value, (value) => value.endsWith(check.limit))
    case "contains":
      return text(value, (value) => value.includes(check.limit))
    case "path":
      return isWithin(value, check.limit)
    case "exists":
      return "pass"
    case "notExists":
      return "fail"
  }
}

const phrases: Readonly<Record<Check["operator"], string>> = {
  lt: "less than",
  le: "at most",
  gt: "more than",
  ge: "at least",
  "length.lt": "of a length less than",
  "length.le": "of a length of at most",
  "length.gt": "of a length more than",
  "length.ge": "of a length of at least",
  eq: "equal to",
  ne: "different from",
  in: "one of",
  notIn: "none of",
  startsWith: "a text that starts with",
  endsWith: "a text that ends with",
  contains: "a text that contains",
  path: "a clean path in",
  exists: "given",
  notExists: "absent"
}

const limitShown = 120

/** What must be, in words: `at most 100`. */
export const describe = ({ limit, operator }: Check): string => {
  if (limit === true && (operator === "exists" || operator === "notExists")) return phrases[operator]
  const shown = JSON.stringify(limit)
  return `${phrases[operator]} ${shown.length > limitShown ? `${shown.slice(0, limitShown).toWellFormed()}…` : shown}`
}
