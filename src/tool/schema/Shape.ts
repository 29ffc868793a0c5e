import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import * as JsonSchema from "../JsonSchema.ts"
import * as Value from "../Value.ts"
import { showPath } from "../value/ValueError.ts"
import { SchemaRefused } from "./JsonSchemaReader.ts"
import * as Plain from "./Plain.ts"
import type { JsonSchema as Document } from "./SchemaDocument.ts"

/**
 * What a tool takes or gives: on the guest's side plain values, on the handler's side values of the tool's own types. Both
 * directions fail with words that name places and expectations, never what was found there.
 */
export interface Shape {
  /** JSON Schema of the guest's side, draft 2020-12, referring only to its own `$defs`. */
  readonly document: Document
  readonly decode: (plain: unknown) => Result.Result<unknown, string>
  /** The guest's side again, as `encode` would write what `decode` has read: checked, and with defaults filled in. */
  readonly settle: (plain: unknown) => Result.Result<unknown, string>
  readonly encode: (value: unknown) => Result.Result<unknown, string>
}

const issuesShown = 8
const messageLengthMax = 1_000

/** Of values with a longer JSON text only the first mistake is looked for: every mistake costs. */
const explainedLengthMax = 16_384

const listIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const explain = ({ issue }: Schema.SchemaError): string => {
  const { issues } = listIssues(issue)
  const shown = issues.slice(0, issuesShown).map(({ message, path = [] }) => {
    const place = showPath(path.map((step) => (typeof step === "number" ? step : String(step))))
    return place === "" ? message : `${place}: ${message}`
  })
  const more = issues.length > issuesShown ? [`and ${issues.length - issuesShown} more`] : []
  return [...shown, ...more].join("; ").slice(0, messageLengthMax).toWellFormed()
}

type Parse = (input: unknown, options?: SchemaAST.ParseOptions) => Result.Result<unknown, Schema.SchemaError>

/** A schema's own code may throw, or may not be done at once: what is not known to be right is wrong. */
const total = (parse: () => Result.Result<unknown, string>): Result.Result<unknown, string> => {
  try {
    return parse()
  } catch {
    return Result.fail("the schema could not be applied")
  }
}

/** Properties that nobody declared are mistakes. All mistakes at once are worth more to whoever made them than the first. */
const decodeBy = (parse: Parse) => (plain: unknown) =>
  total(() => {
    const first = parse(plain, { onExcessProperty: "error" })
    if (Result.isSuccess(first)) return Result.succeed(first.success)
    const isShort = JSON.stringify(plain).length <= explainedLengthMax
    return Result.mapError(isShort ? parse(plain, { onExcessProperty: "error", errors: "all" }) : first, explain)
  })

/** Of what a handler gives, properties that nobody declared are left out. */
const encodeBy = (parse: Parse) => (value: unknown) =>
  total(() => Result.mapError(parse(value, { onExcessProperty: "ignore" }), explain))

const nonFinite = JSON.stringify({ type: "string", enum: ["Infinity", "-Infinity", "NaN"] })

/**
 * Effect describes `Schema.Number` with the texts by which its JSON codec writes numbers that are not finite. Guests are
 * shown the number alone.
 */
const withoutNonFinite = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(withoutNonFinite)
  if (!Plain.isPlainObject(node)) return node
  const { anyOf, ...rest } = node
  const alternatives = Array.isArray(anyOf) ? anyOf.filter((item) => JSON.stringify(item) !== nonFinite) : []
  const [only] = alternatives
  const simpler = Array.isArray(anyOf) && alternatives.length === 1 && Plain.isPlainObject(only)
  const schema = simpler ? { ...only, ...rest } : alternatives.length === 0 ? node : { ...node, anyOf: alternatives }
  return Object.fromEntries(Object.entries(schema).map(([key, item]) => [key, withoutNonFinite(item)]))
}

const describe = (schema: Schema.Top): Document => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" })
  const document = Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions }
  const json = withoutNonFinite(JSON.parse(JSON.stringify(document)))
  return Plain.isPlainObject(json) ? json : {}
}

/** A struct without fields accepts whatever is not null; as a tool's input it means an object without properties. */
const closed = (schema: Schema.Codec<unknown, unknown>): Schema.Codec<unknown, unknown> => {
  const { ast } = schema
  const isEmpty = SchemaAST.isObjects(ast) && ast.propertySignatures.length + ast.indexSignatures.length === 0
  return isEmpty ? Schema.Record(Schema.String, Schema.Never) : schema
}

/** The shape of an Effect schema, whose guest's side is that of its JSON codec. */
export const fromSchema = (schema: Schema.Codec<unknown, unknown>): Result.Result<Shape, SchemaRefused> => {
  try {
    const codec = Schema.toCodecJson(closed(schema))
    const decode = decodeBy(Schema.decodeUnknownResult(codec))
    const encode = encodeBy(Schema.encodeUnknownResult(codec))
    const settle = (plain: unknown) => Result.flatMap(decode(plain), encode)
    return Result.succeed({ document: describe(closed(schema)), decode, settle, encode })
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : "the schema has no JSON form"
    return Result.fail(new SchemaRefused({ path: "", detail }))
  }
}

/** The shape of a JSON Schema, whose two sides are the same; a handler's value is brought into its JSON form first. */
export const fromJsonSchema = (source: unknown): Result.Result<Shape, SchemaRefused> =>
  Result.map(JsonSchema.enforce(source), ({ document, schema }) => {
    const parse = Schema.decodeUnknownResult(schema)
    const decode = decodeBy(parse)
    const encode = (value: unknown) => Result.flatMap(toPlain(value), encodeBy(parse))
    return { document, decode, settle: decode, encode }
  })

/** The way through a text bounds what a handler may hand over, and reads each of its properties once. */
const toPlain = (value: unknown): Result.Result<unknown, string> =>
  Value.encode(value).pipe(
    Result.flatMap(Value.decode),
    Result.mapError((error) => error.message),
    Result.flatMap(Plain.from)
  )

/** No shape at all: whatever has a text may pass, richer values than JSON's included. */
export const anything: Shape = {
  document: {},
  decode: Result.succeed,
  settle: Result.succeed,
  encode: Result.succeed
}
