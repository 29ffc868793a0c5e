/**
 * Reads foreign JSON Schema into the part of draft 2020-12 that can be enforced, or refuses it.
 *
 * J1. A keyword that restricts values is kept, or the whole schema is refused. Only annotations are ignored.
 * J2. The result refers to nothing but `#/$defs/<name>`, and has only definitions that are referred to.
 * J3. It means the same as what was read; `nullable: true` of OpenAPI is the one keyword that is rewritten.
 */
import * as JsonPointer from "effect/JsonPointer"
import * as Schema from "effect/Schema"
import { type Path, showPath } from "../value/ValueError.ts"
import { endlessReference, type JsonSchema } from "./SchemaDocument.ts"

/** A JSON Schema that cannot be enforced as it stands. */
export class SchemaRefused extends Schema.TaggedError<SchemaRefused>()("SchemaRefused", {
  /** Where in the schema; empty for all of it. */
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return this.path === "" ? this.detail : `${this.detail} at ${this.path}`
  }
}

const depthMax = 64
const definitionsMax = 512

const annotations: ReadonlySet<string> = new Set([
  ...["title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "discriminator"],
  ...["format", "contentEncoding", "contentMediaType", "contentSchema", "$comment"]
])

/** What takes no part in the result: definitions are copied when they are referred to. */
const dropped: ReadonlySet<string> = new Set(["$schema", "$defs", "definitions", "nullable"])

const types = ["null", "boolean", "object", "array", "number", "integer", "string"]

type Kind =
  | ("schema" | "schemas" | "named schemas" | "reference" | "type" | "value")
  | ("list" | "names" | "number" | "count" | "boolean" | "pattern")

const keywords: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["$ref", "reference"],
  ["type", "type"],
  ["const", "value"],
  ["enum", "list"],
  ["required", "names"],
  ["pattern", "pattern"],
  ["uniqueItems", "boolean"],
  ...["items", "additionalProperties", "propertyNames", "not"].map((key) => [key, "schema"] as const),
  ...["allOf", "anyOf", "oneOf", "prefixItems"].map((key) => [key, "schemas"] as const),
  ...["properties", "patternProperties"].map((key) => [key, "named schemas"] as const),
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].map(
    (key) => [key, "number"] as const
  ),
  ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map(
    (key) => [key, "count"] as const
  )
])

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isStrings = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((item) => typeof item === "string")

const compiles = (pattern: unknown): boolean => {
  try {
    return typeof pattern === "string" && new RegExp(pattern, "u") !== undefined
  } catch {
    return false
  }
}

/** What values of a keyword look like, for those that contain no schemas. */
const plainKinds: Readonly<
  Record<string, { readonly expected: string; readonly accepts: (value: unknown) => boolean }>
> = {
  value: { expected: "a value", accepts: () => true },
  list: { expected: "a list of values", accepts: (value) => Array.isArray(value) && value.length > 0 },
  names: { expected: "a list of names", accepts: isStrings },
  number: { expected: "a number", accepts: Number.isFinite },
  count: { expected: "a whole number", accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0 },
  boolean: { expected: "a boolean", accepts: (value) => typeof value === "boolean" },
  pattern: { expected: "a regular expression that is valid in Unicode mode", accepts: compiles },
  type: {
    expected: `one or some of ${types.join(", ")}`,
    accepts: (value) => {
      const named = typeof value === "string" ? [value] : value
      return isStrings(named) && named.length > 0 && named.every((name) => types.includes(name))
    }
  }
}

/** Many generators write characters as they are that a URI would have to escape. */
const parse = (reference: string): ReadonlyArray<string> | undefined =>
  JsonPointer.parseUriFragment(reference) ?? JsonPointer.parseUriFragment(encodeURI(reference))

export class JsonSchemaReader {
  readonly #root: unknown
  readonly #path: Array<string | number> = []
  readonly #definitions: Record<string, unknown> = {}
  readonly #names = new Map<string, string>()
  #depth = 0

  /** Takes parsed JSON. */
  constructor(root: unknown) {
    this.#root = root
  }

  /** The whole document, with its definitions under `$defs`. Throws a `SchemaRefused`. */
  read(): JsonSchema {
    const schema = this.#schema(this.#root)
    if (!isSchema(schema)) return this.#refuse("a schema must be an object")
    if (this.#names.size === 0) return schema
    const document = { ...schema, $defs: this.#definitions }
    const endless = endlessReference(document)
    return endless === undefined ? document : this.#refuse(`${JSON.stringify(endless)} refers to itself without end`)
  }

  #refuse(detail: string): never {
    throw new SchemaRefused({ path: showPath(this.#path), detail })
  }

  #at<A>(step: string | number, read: () => A): A {
    this.#path.push(step)
    const result = read()
    this.#path.pop()
    return result
  }

  #schema(value: unknown): unknown {
    if (typeof value === "boolean") return value
    if (!isSchema(value)) return this.#refuse("a schema must be an object or a boolean")
    if (this.#depth >= depthMax) this.#refuse(`more than ${depthMax} levels of schemas`)
    this.#depth++
    const schema = this.#keywords(value)
    this.#depth--
    return value["nullable"] === true ? orNull(schema) : schema
  }

  #keywords(value: JsonSchema): JsonSchema {
    const entries = Object.entries(value).flatMap(([key, item]) => {
      if (annotations.has(key) || key.startsWith("x-")) return [[key, item] as const]
      if (dropped.has(key) || (key === "$id" && this.#path.length === 0)) return []
      return [[key, this.#at(key, () => this.#keyword(key, item))] as const]
    })
    return Object.fromEntries(entries)
  }

  #keyword(key: string, value: unknown): unknown {
    const kind = keywords.get(key)
    switch (kind) {
      case undefined:
        return this.#refuse(`the keyword ${JSON.stringify(key)} is not supported; an annotation would begin with "x-"`)
      case "schema":
        return this.#schema(value)
      case "schemas":
        return this.#schemas(value)
      case "named schemas":
        return this.#named(value)
      case "reference":
        return this.#reference(value)
    }
    const plain = plainKinds[kind]
    if (plain?.accepts(value) !== true) this.#refuse(`expected ${plain?.expected}`)
    return value
  }

  #schemas(value: unknown): ReadonlyArray<unknown> {
    if (!Array.isArray(value) || value.length === 0) return this.#refuse("expected a list of schemas")
    return value.map((item, index) => this.#at(index, () => this.#schema(item)))
  }

  #named(value: unknown): JsonSchema {
    if (!isSchema(value)) return this.#refuse("expected schemas by name")
    if (Object.hasOwn(value, "__proto__")) this.#refuse('a property cannot be called "__proto__"')
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.#at(name, () => this.#schema(item))])
    )
  }

  #reference(value: unknown): string {
    const pointer = typeof value === "string" ? parse(value) : undefined
    if (pointer === undefined) return this.#refuse('expected a reference into this schema, such as "#/$defs/Name"')
    const key = JSON.stringify(pointer)
    const known = this.#names.get(key)
    if (known !== undefined) return `#/$defs/${known}`
    if (this.#names.size >= definitionsMax) this.#refuse(`more than ${definitionsMax} definitions`)
    const target = this.#find(pointer)
    if (target === undefined) return this.#refuse("the reference points at nothing")
    const name = this.#freshName(pointer.at(-1) ?? "Root")
    this.#names.set(key, name)
    this.#definitions[name] = this.#schema(target)
    return `#/$defs/${name}`
  }

  #find(pointer: Path): unknown {
    return pointer.reduce<unknown>(
      (found, step) =>
        typeof found === "object" && found !== null && Object.hasOwn(found, step)
          ? Reflect.get(found, step)
          : undefined,
      this.#root
    )
  }

  #freshName(wanted: string): string {
    const taken = new Set(this.#names.values())
    const word = wanted.replace(/\W/g, "_").slice(0, 64)
    for (let count = 1; ; count++) {
      const name = count === 1 ? word : `${word}_${count}`
      if (!taken.has(name) && name !== "__proto__") return name
    }
  }
}

const orNull = (schema: JsonSchema): JsonSchema => {
  const { type } = schema
  if (typeof type === "string") return { ...schema, type: [type, "null"] }
  if (Array.isArray(type)) return type.includes("null") ? schema : { ...schema, type: [...type, "null"] }
  return { anyOf: [schema, { type: "null" }] }
}
