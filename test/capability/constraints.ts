import { assert } from "@effect/vitest"
import { Result } from "effect"
import * as Constraint from "../../src/capability/Constraint.ts"

export const constraint = (plain: unknown): Constraint.Constraint => Result.getOrThrow(Constraint.decode(plain))

/** Why an input is refused; undefined if it is not. */
export const violation = (plain: unknown, input: unknown) => {
  const checked = Constraint.check(constraint(plain), input)
  return Result.isFailure(checked) ? checked.failure : undefined
}

export const passes = (plain: unknown, ...inputs: ReadonlyArray<unknown>) => {
  for (const input of inputs) assert.isUndefined(violation(plain, input)?.text)
}

export const fails = (plain: unknown, ...inputs: ReadonlyArray<unknown>) => {
  for (const input of inputs) assert.isDefined(violation(plain, input), JSON.stringify(plain))
}

/** Refused, and not let through by a negation either. */
export const errs = (plain: unknown, ...inputs: ReadonlyArray<unknown>) => {
  fails(plain, ...inputs)
  fails({ not: plain }, ...inputs)
}

/** What is wrong with a constraint, or with something else that is plain data. */
export const malformed = (
  plain: unknown,
  decode: (plain: unknown) => Result.Result<unknown, { readonly message: string }> = Constraint.decode
): string => {
  const decoded = decode(plain)
  assert.isTrue(Result.isFailure(decoded), String(plain))
  return Result.isFailure(decoded) ? decoded.failure.message : ""
}
