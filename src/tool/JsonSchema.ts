import * as EffectJsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as SchemaRepresentation from "effect/SchemaRepresentation"
import { JsonSchemaReader, SchemaRefused } from "./schema/JsonSchemaReader.ts"
import type { JsonSchema } from "./schema/SchemaDocument.ts"

const textLengthMax = 262_144

/** A schema as data, and as what enforces it. */
export interface Enforced {
  /** Draft 2020-12, plain JSON, referring only to its own `$defs`. */
  readonly document: JsonSchema
  /** Accepts what the document accepts, or less: see `enforce`. */
  readonly schema: Schema.Codec<unknown, unknown>
}

/** Earlier drafts are read as draft 7, whose own tuples and dependencies become those of 2020-12. */
const earlierDraft = /^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/
const currentDraft = /^https?:\/\/json-schema\.org\/draft\/(2019-09|2020-12)\/schema#?$/

const refused = (detail: string) => new SchemaRefused({ path: "", detail })

const reason = (cause: unknown): string =>
  cause instanceof Error ? cause.message.replaceAll(/\s+/g, " ") : "the schema cannot be read"

const toCurrentDraft = (source: EffectJsonSchema.JsonSchema): unknown => {
  const dialect = source["$schema"]
  if (dialect === undefined || (typeof dialect === "string" && currentDraft.test(dialect))) return source
  if (typeof dialect !== "string" || !earlierDraft.test(dialect)) {
    throw refused(`"$schema" must name draft 6, 7, 2019-09 or 2020-12 of JSON Schema`)
  }
  const { definitions, schema } = EffectJsonSchema.fromSchemaDraft07(source)
  return { ...schema, $defs: definitions }
}

/** A copy that nobody else can change, without the `$schema` of an older draft. */
const copy = (source: unknown): unknown => {
  const text = JSON.stringify(source)
  if (text === undefined || text.length > textLengthMax) {
    throw refused(`a schema must be JSON of at most ${textLengthMax} characters`)
  }
  const json: unknown = JSON.parse(text)
  return typeof json === "object" && json !== null && !Array.isArray(json) ? toCurrentDraft({ ...json }) : json
}

/**
 * Takes a JSON Schema (drafts 6 to 2020-12, `nullable` of OpenAPI) and gives what enforces it.
 *
 * Enforced: types, `enum` and `const` of primitive values, properties, `required`, `additionalProperties`, `propertyNames`,
 * counts, lists and tuples, `uniqueItems`, bounds of numbers and strings, `pattern`, `allOf`, `anyOf`, `oneOf`, and references
 * inside the schema. An `integer` must be a safe one. `format` and other annotations are not enforced.
 *
 * Refused, with the place: every other keyword (among them `if`, `contains`, `dependentRequired` and `unevaluatedProperties`)
 * unless it is an annotation or begins with `x-`, `not` but for `{}`, and combinations that Effect's importer cannot express,
 * such as named properties beside a typed `additionalProperties`. So are schemas with more than 64 levels, 512 definitions or
 * 262,144 characters.
 *
 * The schema is trusted to be cheap: its patterns and alternatives are tried on what guests send, and a pattern that
 * backtracks lets a guest keep the host busy.
 */
export const enforce = (source: unknown): Result.Result<Enforced, SchemaRefused> => {
  try {
    const document = new JsonSchemaReader(copy(source)).read()
    const schema = SchemaRepresentation.fromJsonSchemaDocument(
      EffectJsonSchema.fromSchemaDraft2020_12({ ...document }),
      {
        patterns: "apply"
      }
    )
    // Every schema that comes from a document decodes without services; its type cannot say so.
    return Result.succeed({ document, schema: schema as unknown as Schema.Codec<unknown, unknown> })
  } catch (cause) {
    return Result.fail(cause instanceof SchemaRefused ? cause : refused(reason(cause)))
  }
}
