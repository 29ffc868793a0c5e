import * as Result from "effect/Result"
import * as Plain from "./schema/Plain.ts"
import { properties } from "./schema/SchemaDocument.ts"
import type { Shape } from "./schema/Shape.ts"

/** The input as the gate and the journal see it, and as the handler will get it. */
const settle = (shape: Shape, candidate: unknown): Result.Result<unknown, string> =>
  Result.flatMap(Plain.from(candidate), shape.settle)

const positional = (shape: Shape, args: ReadonlyArray<unknown>): Result.Result<unknown, string> => {
  const parameters = Object.keys(properties(shape.document))
  if (args.length > parameters.length) {
    const given = args.length === 1 ? "1 argument" : `${args.length} arguments`
    const taken = parameters.length === 0 ? "none" : `(${parameters.join(", ")})`
    return Result.fail(`${given} given, where it takes ${taken}`)
  }
  const given = args.map((value, index) => [parameters[index] ?? "", value] as const)
  return settle(shape, Object.fromEntries(given))
}

/**
 * Makes a tool's input of the arguments of a call. Fails with words for the guest.
 *
 * One plain object is the input itself. Other arguments are taken by position, in the order of the schema's properties, and
 * so is one object which is no valid input, if it is valid as the first property. Of the two readings of one object the
 * first that is valid wins, so that no call has two meanings.
 */
export const toInput = (shape: Shape, args: unknown): Result.Result<unknown, string> => {
  if (!Array.isArray(args)) return Result.fail("the arguments are not a list")
  const given: ReadonlyArray<unknown> = args.slice(0, args.findLastIndex((value) => value !== undefined) + 1)
  const [only] = given
  if (given.length === 0) return settle(shape, {})
  if (given.length > 1 || !Plain.isPlainObject(only)) return positional(shape, given)
  const asInput = settle(shape, only)
  if (Result.isSuccess(asInput)) return asInput
  const asFirst = positional(shape, given)
  return Result.isSuccess(asFirst) ? asFirst : asInput
}
