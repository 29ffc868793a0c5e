/**
 * TypeScript types of JSON Schemas, for people and models to write code against. Where a type cannot say what a schema says it
 * says less and never more, and a comment tells the rest: what the schema accepts is of the type.
 */

import { isPlainObject } from "../schema/Plain.ts"
import { definition, type JsonSchema, meaning } from "../schema/SchemaDocument.ts"
import * as CommentText from "./CommentText.ts"
import type { NamedTypes } from "./NamedTypes.ts"

const depthMax = 32
const inlineLengthMax = 100

/** Characters that do not show or that mean something around the code. */
const escaped = /[`\p{Cf}\p{Zl}\p{Zp}]/gu

/** A primitive value as a literal type; `unknown` for what has no literal. */
export const literal = (value: unknown): string => {
  if (typeof value === "string") {
    return JSON.stringify(value).replaceAll(escaped, (found) => `\\u{${found.codePointAt(0)?.toString(16)}}`)
  }
  const isPlain = value === null || typeof value === "boolean" || Number.isFinite(value)
  return isPlain ? String(value) : "unknown"
}

const key = (name: string): string => (/^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : literal(name))

export const indent = (text: string): string => text.replaceAll("\n", "\n  ")

/** One or more alternatives, each once; `unknown` swallows the others. */
const union = (types: ReadonlyArray<string>): string => {
  const distinct = [...new Set(types)].filter((type) => type !== "never")
  if (distinct.includes("unknown")) return "unknown"
  return distinct.length === 0 ? "never" : distinct.join(" | ")
}

const grouped = (type: string): string => (/[|&]/.test(type) ? `(${type})` : type)

const intersection = (types: ReadonlyArray<string>): string => {
  const distinct = [...new Set(types)].filter((type) => type !== "unknown")
  const [only] = distinct
  return distinct.length > 1 ? distinct.map(grouped).join(" & ") : (only ?? "unknown")
}

const list = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const numberIn = (schema: JsonSchema, name: string): number | undefined => {
  const value = schema[name]
  return typeof value === "number" && Number.isFinite(value) ? value : undefined
}

/** From `least` to `most`; bounds that every safe integer keeps are not worth saying. */
const range = (least: number | undefined, most: number | undefined, unit: string): ReadonlyArray<string> => {
  const from = least === undefined || least <= Number.MIN_SAFE_INTEGER ? undefined : least
  const to = most === undefined || most >= Number.MAX_SAFE_INTEGER ? undefined : most
  if (from !== undefined && to !== undefined) return [`${from}..${to}${unit}`]
  if (from !== undefined) return [`>= ${from}${unit}`]
  return to === undefined ? [] : [`<= ${to}${unit}`]
}

const note = (schema: JsonSchema, name: string, words: string): ReadonlyArray<string> =>
  schema[name] === undefined ? [] : [`${words} ${String(schema[name])}`]

/** What a schema says of a value that its type does not. */
export const notes = (schema: JsonSchema): ReadonlyArray<string> => [
  ...(schema["type"] === "integer" ? ["integer"] : []),
  ...range(numberIn(schema, "minimum"), numberIn(schema, "maximum"), ""),
  ...note(schema, "exclusiveMinimum", ">"),
  ...note(schema, "exclusiveMaximum", "<"),
  ...note(schema, "multipleOf", "multiple of"),
  ...range(numberIn(schema, "minLength"), numberIn(schema, "maxLength"), " characters"),
  ...range(numberIn(schema, "minItems"), numberIn(schema, "maxItems"), " items"),
  ...range(numberIn(schema, "minProperties"), numberIn(schema, "maxProperties"), " properties"),
  ...(schema["uniqueItems"] === true ? ["no item twice"] : []),
  ...note(schema, "format", "format"),
  ...note(schema, "pattern", "matches"),
  ...(Object.hasOwn(schema, "default") ? [`default ${JSON.stringify(schema["default"])}`] : [])
]

/** A schema's descriptions: its own, and those that stand in schemas of its own which say nothing else. */
const descriptions = (schema: JsonSchema): ReadonlyArray<string> =>
  [schema, ...list(schema["allOf"]).filter(isPlainObject)].flatMap(({ description }) =>
    typeof description === "string" ? [description] : []
  )

/** One property as it stands in an object type. */
interface Member {
  readonly doc: string
  readonly text: string
}

const objectText = (members: ReadonlyArray<Member>): string => {
  if (members.length === 0) return "{}"
  const inline = `{ ${members.map(({ text }) => text).join("; ")} }`
  const isShort = inline.length <= inlineLengthMax && !inline.includes("\n") && members.every(({ doc }) => doc === "")
  if (isShort) return inline
  return `{${indent(members.map(({ doc, text }) => `\n${doc}${text}`).join(""))}\n}`
}

/** What is known of a property besides its schema. */
export interface Narrowing {
  /** The only values that it can have. */
  readonly values: ReadonlyArray<unknown> | undefined
  /** It must be there, even where the schema lets it be left out. */
  readonly isDemanded: boolean
  readonly notes: ReadonlyArray<string>
}

/** The values that both a narrowing and a schema can let through; undefined if the narrowing does not list them. */
const allowed = (schema: JsonSchema, narrowing: Narrowing | undefined): ReadonlyArray<unknown> | undefined => {
  const { enum: listed } = schema
  return Array.isArray(listed) ? narrowing?.values?.filter((value) => listed.includes(value)) : narrowing?.values
}

type Narrowings = ReadonlyMap<string, Narrowing>

const none: Narrowings = new Map()

export class TypeWriter {
  readonly #document: JsonSchema
  readonly #named: NamedTypes
  readonly #names = new Map<string, string>()

  constructor(document: JsonSchema, named: NamedTypes) {
    this.#document = document
    this.#named = named
  }

  /** The type of a schema of the document. What is nested deeper than 32 levels is `unknown`. */
  type(schema: unknown, narrowings: Narrowings = none, depth = 0): string {
    if (schema === false) return "never"
    if (!isPlainObject(schema) || depth > depthMax) return "unknown"
    if (Array.isArray(schema["enum"])) return union(schema["enum"].map(literal))
    if (Object.hasOwn(schema, "const")) return literal(schema["const"])
    const alternatives = schema["anyOf"] ?? schema["oneOf"]
    return intersection([
      this.#reference(schema, depth),
      this.#own(schema, narrowings, depth),
      alternatives === undefined
        ? "unknown"
        : union(list(alternatives).map((item) => this.type(item, none, depth + 1))),
      ...list(schema["allOf"]).map((item) => this.type(item, none, depth + 1))
    ])
  }

  #reference(schema: JsonSchema, depth: number): string {
    const reference = schema["$ref"]
    const target = typeof reference === "string" ? definition(this.#document, reference) : undefined
    if (typeof reference !== "string" || target === undefined) return "unknown"
    const known = this.#names.get(reference)
    if (known !== undefined) return known
    const wanted = reference.slice(reference.lastIndexOf("/") + 1)
    const name = this.#named.name(wanted, meaning(this.#document, target), (name) => {
      this.#names.set(reference, name)
      return this.type(target, none, depth + 1)
    })
    this.#names.set(reference, name)
    return name
  }

  #own(schema: JsonSchema, narrowings: Narrowings, depth: number): string {
    const { type } = schema
    if (Array.isArray(type)) return union(type.map((each) => this.#own({ ...schema, type: each }, narrowings, depth)))
    switch (type) {
      case "string":
      case "boolean":
      case "null":
        return type
      case "number":
      case "integer":
        return "number"
      case "array":
        return this.#array(schema, depth)
      case "object":
        return this.#object(schema, narrowings, depth)
      default:
        return "unknown"
    }
  }

  #array(schema: JsonSchema, depth: number): string {
    const first = list(schema["prefixItems"]).map((item) => this.type(item, none, depth + 1))
    const rest = this.type(schema["items"] ?? true, none, depth + 1)
    if (first.length === 0) return `Array<${rest}>`
    const required = numberIn(schema, "minItems") ?? 0
    const isClosed = rest === "never" || numberIn(schema, "maxItems") === first.length
    const items = first.map((item, index) => (index < required ? item : `${grouped(item)}?`))
    return `[${[...items, ...(isClosed ? [] : [`...Array<${rest}>`])].join(", ")}]`
  }

  #object(schema: JsonSchema, narrowings: Narrowings, depth: number): string {
    const properties = isPlainObject(schema["properties"]) ? Object.entries(schema["properties"]) : []
    const required = new Set(list(schema["required"]))
    const members = properties.map(([name, property]) => {
      const narrowing = narrowings.get(name)
      const mark = required.has(name) || narrowing?.isDemanded === true ? "" : "?"
      return this.#member(`${key(name)}${mark}`, property, narrowing, depth)
    })
    return objectText([...members, ...this.#others(schema, properties.length, depth)])
  }

  #member(name: string, property: unknown, narrowing: Narrowing | undefined, depth: number): Member {
    const schema = isPlainObject(property) ? property : {}
    const type = allowed(schema, narrowing)?.map(literal) ?? [this.type(property, none, depth + 1)]
    const comment = CommentText.trailing([...notes(schema), ...(narrowing?.notes ?? [])])
    return { doc: CommentText.doc(descriptions(schema)), text: `${name}: ${union(type)}${comment}` }
  }

  /** Properties that are not named. Beside named ones a typed index would have to be their type too. */
  #others(schema: JsonSchema, named: number, depth: number): ReadonlyArray<Member> {
    const { additionalProperties = named === 0 ? true : undefined, patternProperties } = schema
    const patterned = isPlainObject(patternProperties) ? Object.values(patternProperties) : []
    const types = [...patterned, additionalProperties]
      .filter((other) => other !== undefined && other !== false)
      .map((other) => this.type(other, none, depth + 1))
    if (types.length === 0) return []
    return [{ doc: "", text: `[key: string]: ${named === 0 ? union(types) : "unknown"}` }]
  }
}
