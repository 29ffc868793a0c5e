/**
 * Where in a call's input a value is looked for.
 *
 * Only own data properties of plain objects and own elements of arrays are seen: no prototype, no accessor, no `length`, no
 * entry of a map. Anything else on the way is an obstacle, which is not the same as an absent value.
 */
import * as JsonPointer from "effect/JsonPointer"
import * as Result from "effect/Result"

/** The unescaped steps of a JSON pointer. */
export type Pointer = ReadonlyArray<string>

const lengthMax = 512
const stepsMax = 32

/**
 * Reads the name of a parameter, or (beginning with a slash) a JSON pointer as of RFC 6901. The failure says what is wrong.
 *
 * `amount` and `/amount` are the same; a parameter called `a/b` is `a/b` or `/a~1b`, one called `/a` is `/~1a`.
 */
export const parse = (key: string): Result.Result<Pointer, string> => {
  if (key === "") return Result.fail("a parameter has a name")
  if (key.length > lengthMax) return Result.fail(`a pointer has at most ${lengthMax} characters`)
  if (!key.startsWith("/")) return Result.succeed([key])
  if (/~(?![01])/.test(key)) return Result.fail("in a pointer, ~ is written ~0, and a slash in a name ~1")
  const steps = key.slice(1).split("/").map(JsonPointer.unescapeToken)
  return steps.length > stepsMax ? Result.fail(`a pointer has at most ${stepsMax} steps`) : Result.succeed(steps)
}

/** The pointer's text: the same for every way to write it. */
export const format = (pointer: Pointer): string => pointer.map((step) => `/${JsonPointer.escapeToken(step)}`).join("")

/** What stands at a pointer. `Blocked`: something on the way there cannot be looked into. */
export type Found =
  | { readonly _tag: "Present"; readonly value: unknown }
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Blocked"; readonly type: string; readonly at: string }

/** The type of a value in words. It never tells the value. */
export const typeName = (value: unknown): string => {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "number" && !Number.isFinite(value)) return "non-finite number"
  if (typeof value === "object") return isPlainObject(value) ? "object" : "object of a class"
  return typeof value
}

const isPlainObject = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

const isIndex = (step: string): boolean => /^(0|[1-9]\d*)$/.test(step)

/** Looks a pointer up. A value `undefined` counts as missing. Throws only what a proxy throws. */
export const find = (input: unknown, pointer: Pointer): Found => {
  let value = input
  for (const [index, step] of pointer.entries()) {
    if (value === undefined) return { _tag: "Missing" }
    const blocked = (type: string): Found => ({ _tag: "Blocked", type, at: format(pointer.slice(0, index)) })
    if (typeof value !== "object" || value === null) return blocked(typeName(value))
    if (Array.isArray(value) ? !isIndex(step) : !isPlainObject(value)) return blocked(typeName(value))
    const property = Object.getOwnPropertyDescriptor(value, step)
    if (property === undefined) return { _tag: "Missing" }
    if (!("value" in property)) return blocked("accessor")
    value = property.value
  }
  return value === undefined ? { _tag: "Missing" } : { _tag: "Present", value }
}
