/** Reads the `where` of a rule, and tells the place of what is wrong in it. */
import * as Result from "effect/Result"
import * as Constraint from "../../capability/Constraint.ts"
import type { Document, Place } from "./Document.ts"

const failureOf = (plain: unknown): string | undefined => {
  const decoded = Constraint.decode(plain)
  return Result.isSuccess(decoded) ? undefined : (decoded.failure.issues[0]?.detail ?? "is malformed")
}

/** Finds the innermost parts that are no constraints by themselves, and tells them. Whether it has found any. */
const locate = (document: Document, place: Place): boolean => {
  const pairs = document.pairs(place, "a mapping of parameters and their checks")
  if (pairs === undefined) return true
  let found = false
  for (const { key, name, value } of pairs) {
    const plain = document.plain(value)
    if (plain === undefined) return true
    const detail = failureOf({ [name]: plain.value })
    if (detail === undefined) continue
    found = true
    if (name === "not") locate(document, value)
    else if (name === "and" || name === "or") locateAll(document, value, detail)
    else if (failureOf({ [name]: { exists: true } }) !== undefined) document.refuse(key, detail)
    else locateCheck(document, name, value, detail)
  }
  return found
}

const locateAll = (document: Document, place: Place, detail: string): void => {
  const items = document.items(place)
  if (items === undefined) document.refuse(place, detail)
  for (const item of items ?? []) locate(document, item)
}

const locateCheck = (document: Document, parameter: string, place: Place, detail: string): void => {
  const plain = document.plain(place)?.value
  if (typeof plain !== "object" || plain === null || Array.isArray(plain)) {
    document.refuse(place, detail)
    return
  }
  const pairs = document.pairs(place, "a mapping of operators") ?? []
  if (pairs.length === 0) document.refuse(place, detail)
  for (const { key, name, value } of pairs) {
    const limit = document.plain(value)?.value
    const failure = failureOf({ [parameter]: { [name]: limit } })
    if (failure === undefined) continue
    if (failure.startsWith("is no operator")) document.refuse(key, `${JSON.stringify(name)} ${failure}`)
    else document.refuse(value, failure)
  }
}

/** Reads a constraint within the bounds of `Constraint.decode`. */
export const readWhere = (document: Document, place: Place): Constraint.Constraint | undefined => {
  const plain = document.plain(place)
  if (plain === undefined) return undefined
  const decoded = Constraint.decode(plain.value)
  if (Result.isSuccess(decoded)) return decoded.success
  if (!locate(document, place)) document.refuse(place, decoded.failure.issues[0]?.detail ?? "is no constraint")
  return undefined
}
