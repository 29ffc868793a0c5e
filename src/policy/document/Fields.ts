/** Reads the values of a document by what is expected of them, and tells what is not as it should be. */
import { Language } from "../../capability/Language.ts"
import type { Document, Pair, Place } from "./Document.ts"
import { suggest } from "./Suggestion.ts"

/** The fields of a mapping, by name. */
export interface Fields {
  readonly place: Place
  readonly get: (name: string) => Pair | undefined
  readonly names: ReadonlyArray<string>
}

/** Reads a mapping that has no other keys than these. */
export const fieldsOf = (
  document: Document,
  place: Place,
  what: string,
  allowed: ReadonlyArray<string>
): Fields | undefined => {
  const pairs = document.pairs(place, `${what}: a mapping of ${allowed.join(", ")}`)
  if (pairs === undefined) return undefined
  for (const { key, name } of pairs) {
    if (!allowed.includes(name)) {
      const detail =
        name === "<<"
          ? "merge keys are of YAML 1.1, and not allowed"
          : `unknown key ${JSON.stringify(name.slice(0, 64))}`
      document.refuse(key, detail, { allowed, suggestion: suggest(name, allowed) })
    }
  }
  const known = pairs.filter(({ name }) => allowed.includes(name))
  return { place, get: (name) => known.find((pair) => pair.name === name), names: known.map(({ name }) => name) }
}

/** The value of a field that must be there. */
export const required = (document: Document, fields: Fields, name: string, what: string): Place | undefined => {
  const pair = fields.get(name)
  if (pair === undefined) document.refuse(fields.place, `${what} has no ${name}`)
  return pair?.value
}

const typeName = (value: unknown): string => {
  if (value === null) return "nothing"
  if (value === undefined) return "a list or mapping"
  return `a ${typeof value}`
}

const textMax = 4_096

/** A text that is not empty. */
export const textOf = (document: Document, place: Place, what: string): string | undefined => {
  const scalar = document.scalar(place)
  if (scalar === undefined) return undefined
  const { value } = scalar
  if (typeof value === "string" && value !== "" && value.length <= textMax) return value
  if (typeof value === "string") document.refuse(place, `expected ${what}, of 1 to ${textMax} characters`)
  else {
    const isQuotable = typeof value === "number" || typeof value === "boolean"
    const advice = isQuotable ? `: write "${document.textAt(place)}" if that is meant` : ""
    document.refuse(place, `expected ${what}, which is a text, and found ${typeName(value)}${advice}`)
  }
  return undefined
}

/** One of some texts. */
export const oneOf = <Text extends string>(
  document: Document,
  place: Place,
  what: string,
  allowed: ReadonlyArray<Text>
): Text | undefined => {
  const scalar = document.scalar(place)
  if (scalar === undefined) return undefined
  const found = allowed.find((text) => text === scalar.value)
  if (found === undefined) refuseChoice(document, place, scalar.value, { what, allowed })
  return found
}

const refuseChoice = (
  document: Document,
  place: Place,
  value: unknown,
  { allowed, what }: { readonly what: string; readonly allowed: ReadonlyArray<string> }
): void => {
  const given = typeof value === "string" ? JSON.stringify(value.slice(0, 64)) : typeName(value)
  const suggestion = typeof value === "string" ? suggest(value, allowed) : undefined
  document.refuse(place, `${given} is no ${what}`, { allowed, suggestion })
}

/** A language that programs may be written in, in small or large letters. */
export const languageOf = (document: Document, place: Place): Language | undefined => {
  const scalar = document.scalar(place)
  if (scalar === undefined) return undefined
  const written = typeof scalar.value === "string" ? scalar.value.toLowerCase() : undefined
  const found = Language.literals.find((language) => language === written)
  if (found === undefined) refuseChoice(document, place, scalar.value, { what: "language", allowed: Language.literals })
  return found
}

/** A whole number within bounds. */
export const wholeOf = (
  document: Document,
  place: Place,
  what: string,
  { max, min }: { readonly min: number; readonly max: number }
): number | undefined => {
  const scalar = document.scalar(place)
  if (scalar === undefined) return undefined
  const { value } = scalar
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max) return value
  document.refuse(place, `expected ${what}, which is a whole number from ${min} to ${max}`)
  return undefined
}

/** `true`, which is the only value that says something. */
export const trueOf = (document: Document, place: Place, what: string): true | undefined => {
  const scalar = document.scalar(place)
  if (scalar === undefined || scalar.value === true) return scalar === undefined ? undefined : true
  document.refuse(place, `${what} is true, or left out`, { allowed: ["true"] })
  return undefined
}

const itemsMax = 1_024

/** The items of a list, read one by one; those that cannot be read have been told. */
export const listOf = <A>(
  document: Document,
  place: Place,
  what: string,
  read: (item: Place) => A | undefined
): ReadonlyArray<A> | undefined => {
  const items = document.items(place)
  if (items === undefined) {
    document.refuse(place, `expected a list of ${what}`)
    return undefined
  }
  if (items.length > itemsMax) {
    document.refuse(place, `expected at most ${itemsMax} ${what}`)
    return undefined
  }
  return items.flatMap((item) => read(item) ?? [])
}

/** A list, or one item for a list of it. */
export const oneOrMore = <A>(
  document: Document,
  place: Place,
  what: string,
  read: (item: Place) => A | undefined
): ReadonlyArray<A> | undefined => {
  if (document.isList(place)) return listOf(document, place, what, read)
  const item = read(place)
  return item === undefined ? undefined : [item]
}
