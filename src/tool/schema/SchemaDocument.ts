import * as JsonPointer from "effect/JsonPointer"
import { isPlainObject } from "./Plain.ts"

/** A JSON Schema of draft 2020-12, or one of the schemas in it. A whole document refers to nothing but its own `$defs`. */
export type JsonSchema = Readonly<Record<string, unknown>>

const referencesMax = 32

/** The schema of a document's `$defs` that a reference names; undefined if there is none. */
export const definition = (document: JsonSchema, reference: string): JsonSchema | undefined => {
  const [place, name = "", ...rest] = JsonPointer.parseUriFragment(reference) ?? []
  const definitions = document["$defs"]
  if (place !== "$defs" || rest.length > 0 || !isPlainObject(definitions)) return undefined
  const found = Object.hasOwn(definitions, name) ? definitions[name] : undefined
  return isPlainObject(found) ? found : undefined
}

const references = (value: unknown): ReadonlyArray<string> => {
  if (Array.isArray(value)) return value.flatMap(references)
  if (!isPlainObject(value)) return []
  const { $ref, ...rest } = value
  return [...(typeof $ref === "string" ? [$ref] : []), ...Object.values(rest).flatMap(references)]
}

/** A schema of a document with all that it refers to, as a text: the same text in two documents, the same meaning. */
export const meaning = (document: JsonSchema, schema: JsonSchema): string => {
  const found = new Map<string, JsonSchema | undefined>()
  const collect = (from: unknown): void => {
    for (const reference of references(from)) {
      if (found.has(reference)) continue
      found.set(reference, definition(document, reference))
      collect(found.get(reference))
    }
  }
  collect(schema)
  return JSON.stringify([schema, [...found].sort(([left], [right]) => (left < right ? -1 : 1))])
}

/** What a schema stands for: itself, or what it refers to. */
export const resolve = (document: JsonSchema, schema: JsonSchema): JsonSchema => {
  let found = schema
  for (let count = 0; count < referencesMax; count++) {
    const reference = found["$ref"]
    const next = typeof reference === "string" ? definition(document, reference) : undefined
    if (next === undefined) return found
    found = next
  }
  return found
}

/** The properties that a document declares at its root, in their order. */
export const properties = (document: JsonSchema): Readonly<Record<string, unknown>> => {
  const { properties } = resolve(document, document)
  return isPlainObject(properties) ? properties : {}
}

const alternatives = (schema: JsonSchema): ReadonlyArray<unknown> | undefined => {
  const list = schema["anyOf"] ?? schema["oneOf"]
  return Array.isArray(list) ? list : undefined
}

/** Whether only objects can fit: the schema says so itself, or each of its alternatives does. */
export const isOfObjects = (document: JsonSchema): boolean => {
  const seen = new Set<JsonSchema>()
  const visit = (schema: unknown): boolean => {
    if (!isPlainObject(schema)) return false
    const found = resolve(document, schema)
    if (seen.has(found)) return true
    seen.add(found)
    const { type } = found
    if (type !== undefined) return type === "object" || (Array.isArray(type) && type.join() === "object")
    return alternatives(found)?.every(visit) ?? false
  }
  return visit(document)
}

/** The references that a schema makes to say what a value itself is, not what is inside it. */
const direct = (schema: unknown): ReadonlyArray<string> => {
  if (!isPlainObject(schema)) return []
  const { $ref, allOf, anyOf, oneOf, not } = schema
  const parts = [allOf, anyOf, oneOf].flatMap((list): ReadonlyArray<unknown> => (Array.isArray(list) ? list : []))
  return [...(typeof $ref === "string" ? [$ref] : []), ...[...parts, not].flatMap(direct)]
}

/** A reference by which a document says of a value only that it is what it is; undefined if there is none. */
export const endlessReference = (document: JsonSchema): string | undefined => {
  const done = new Set<string>()
  const follow = (schema: unknown, trail: ReadonlyArray<string>): string | undefined => {
    for (const reference of direct(schema)) {
      if (trail.includes(reference)) return reference
      if (done.has(reference)) continue
      const found = follow(definition(document, reference), [...trail, reference])
      if (found !== undefined) return found
      done.add(reference)
    }
    return undefined
  }
  const definitions = document["$defs"]
  const all = isPlainObject(definitions) ? Object.values(definitions) : []
  return [document, ...all].map((schema) => follow(schema, [])).find((found) => found !== undefined)
}
