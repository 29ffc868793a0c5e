/**
 * What a call's input must be like.
 *
 * - Everything that is written under one constraint must hold; an empty one always holds.
 * - A check that cannot be made is an error, and so is the negation of an error. An `and` with an error is an error, also when
 *   another part of it fails; an `or` holds as soon as one of its parts does. So a `not` lets through only what was judged.
 * - There are no regular expressions, and no check takes more than linear time.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Checks, each } from "./Check.ts"
import * as Plain from "./Plain.ts"
import * as Pointer from "./Pointer.ts"
import { judge, type Rule, Violation } from "./Rule.ts"

/**
 * Checks by parameter, as they stand in JSON or YAML, and combinations of constraints.
 *
 * A key is the name of a parameter or, beginning with a slash, a JSON pointer into the input. `and`, `or` and `not` are
 * combinations; a parameter of such a name is reached as `/or`.
 *
 * ```ts
 * const where: Constraint = { amount: { ge: 50, le: 10_000 }, "/header/kind": { eq: "x" }, or: [{ a: { exists: true } }] }
 * ```
 */
export interface Constraint {
  readonly and?: ReadonlyArray<Constraint>
  /** Without a part, it never holds. */
  readonly or?: ReadonlyArray<Constraint>
  readonly not?: Constraint
  readonly [parameter: string]: Checks | Constraint | ReadonlyArray<Constraint>
}

const Parameter = Schema.String.check(
  Schema.makeFilter((key: string) => !/^(and|or|not)$/.test(key) && Result.isSuccess(Pointer.parse(key)))
)

const Part = Schema.suspend((): Schema.Codec<Constraint> => Constraint)
const Parts = Schema.Array(Part).annotate({ message: "expected a list of constraints" })

/** A codec that also says what a field of its kind takes in a constructor. */
export interface ConstraintSchema extends Schema.Codec<Constraint> {
  readonly "~type.make": Constraint
}

/** Decodes what `decode` reads, but without its bounds. */
export const Constraint: ConstraintSchema = Schema.StructWithRest(
  Schema.Struct({ and: Schema.optionalKey(Parts), or: Schema.optionalKey(Parts), not: Schema.optionalKey(Part) }),
  [Schema.Record(Parameter, Checks)]
).annotate({
  message: "expected an object of parameters and their checks",
  messageUnexpectedKey: 'is neither a parameter\'s name nor a JSON pointer such as "/header/kind"'
}) as unknown as ConstraintSchema

/** Reads a constraint from plain data. Bounds are those of `Plain.decode`. */
export const decode = (plain: unknown): Result.Result<Constraint, Plain.Malformed> =>
  Plain.decode("constraint", Constraint, plain)

const testsOf = (parameter: string, checks: Checks): ReadonlyArray<Rule> => {
  // Only what was built without the schema is no pointer. It then names a parameter that no input is likely to have.
  const pointer = Result.getOrElse(Pointer.parse(parameter), () => [parameter])
  return each(checks).map((check): Rule => ({ _tag: "Test", pointer, check }))
}

/** A constraint as a rule: parameters in the order in which they are written, then `and`, `or` and `not`. */
export const toRule = (constraint: Constraint): Rule => {
  const { and = [], not, or, ...parameters } = constraint
  // The schema has nothing but checks under other keys.
  const checks = Object.entries(parameters as Readonly<Record<string, Checks>>)
  const rules: ReadonlyArray<Rule> = [
    ...checks.flatMap(([parameter, checks]) => testsOf(parameter, checks)),
    ...and.map(toRule),
    ...(or === undefined ? [] : [{ _tag: "Any", rules: or.map(toRule) } as const]),
    ...(not === undefined ? [] : [{ _tag: "Not", rule: toRule(not) } as const])
  ]
  const [only] = rules
  return rules.length === 1 && only !== undefined ? only : { _tag: "All", rules }
}

const rules = new WeakMap<Constraint, Rule>()

/** To make the rule of a constraint takes longer than to judge by it. */
const ruleOf = (constraint: Constraint): Rule => {
  const known = rules.get(constraint)
  if (known !== undefined) return known
  const rule = toRule(constraint)
  rules.set(constraint, rule)
  return rule
}

const unreadable = {
  parameter: "",
  operator: "",
  limit: null,
  foundType: "unreadable value",
  text: "the input cannot be read"
}

/**
 * Judges an input. Of several checks that do not hold, the first is reported. Total: what cannot be read is refused. A constraint
 * is not to be changed once it was used.
 */
export const check = (constraint: Constraint, input: unknown): Result.Result<void, Violation> => {
  try {
    const { why } = judge(ruleOf(constraint), input)
    return why === undefined ? Result.succeed(undefined) : Result.fail(new Violation(why()))
  } catch {
    return Result.fail(new Violation(unreadable))
  }
}

const conjuncts = (constraint: Constraint): ReadonlyArray<Constraint> =>
  constraint.and !== undefined && Object.keys(constraint).length === 1 ? constraint.and : [constraint]

/** The constraint that holds where both hold. */
export const merge = (left: Constraint, right: Constraint): Constraint => ({
  and: [...conjuncts(left), ...conjuncts(right)]
})
