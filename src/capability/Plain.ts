/** Reads plain data, as it comes from JSON, YAML or a literal, by a schema: strictly, within bounds, and into a copy. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const depthMax = 40
const valuesMax = 1_024
const textLengthMax = 4_096
const charactersMax = 65_536

const Issue = Schema.Struct({
  /** Where, such as `where.amount.le`; empty for all of it. */
  field: Schema.String,
  detail: Schema.String
})
type Issue = typeof Issue.Type

/** Data that is not what it should be: every field that is wrong, with what is allowed there. It names no values. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", {
  /** What it should have been, such as `capability`. */
  subject: Schema.String,
  issues: Schema.Array(Issue)
}) {
  override get message() {
    const issues = this.issues.map(({ detail, field }) => (field === "" ? detail : `${field}: ${detail}`))
    return `malformed ${this.subject}: ${issues.join("; ")}`
  }
}

type Path = ReadonlyArray<PropertyKey>

const issuesShown = 8
const stepsShown = 8
const stepLengthShown = 64

const showStep = (step: PropertyKey): string => {
  if (typeof step === "number") return `[${step}]`
  const name = String(step)
  if (/^\w{1,64}$/.test(name)) return `.${name}`
  return `[${JSON.stringify(name.slice(0, stepLengthShown).toWellFormed())}]`
}

const showPath = (path: Path): string => path.map(showStep).join("").replace(/^\./, "")

class Refusal {
  readonly issue: Issue
  constructor(place: Place | undefined, detail: string) {
    this.issue = { field: showPath(pathOf(place).slice(0, stepsShown)), detail }
  }
}

/** Where a value stands: most are fine, and nobody wants to know. */
interface Place {
  readonly above: Place | undefined
  readonly step: PropertyKey
  readonly depth: number
}

const below = (above: Place | undefined, step: PropertyKey): Place => ({
  above,
  step,
  depth: 1 + (above?.depth ?? 0)
})

const pathOf = (place: Place | undefined): Path => (place === undefined ? [] : [...pathOf(place.above), place.step])

/** Copies JSON values and nothing else; throws a `Refusal`. */
class Copy {
  #values = 0
  #characters = 0

  of(value: unknown, place?: Place): unknown {
    if (++this.#values > valuesMax) throw new Refusal(undefined, `has more than ${valuesMax} values`)
    if (place !== undefined && place.depth > depthMax) throw new Refusal(place, `has more than ${depthMax} levels`)
    if (value === null || typeof value === "boolean") return value
    if (typeof value === "string") return this.#text(value, place)
    if (typeof value === "number" && Number.isFinite(value)) return value
    if (typeof value === "object") return Array.isArray(value) ? this.#array(value, place) : this.#object(value, place)
    throw new Refusal(place, value === undefined ? "is undefined: leave it out" : "is not a JSON value")
  }

  #text(text: string, place: Place | undefined): string {
    if (text.length > textLengthMax) throw new Refusal(place, `is a text of more than ${textLengthMax} characters`)
    this.#characters += text.length
    if (this.#characters > charactersMax) throw new Refusal(undefined, `has more than ${charactersMax} characters`)
    return text
  }

  #array(array: ReadonlyArray<unknown>, place: Place | undefined): unknown {
    if (array.length > valuesMax) throw new Refusal(place, `has more than ${valuesMax} values`)
    return Array.from(array, (item, index) => this.of(item, below(place, index)))
  }

  #object(object: object, place: Place | undefined): unknown {
    const prototype: unknown = Object.getPrototypeOf(object)
    if (prototype !== null && prototype !== Object.prototype) throw new Refusal(place, "is not a plain object")
    const copy: Record<string, unknown> = {}
    for (const key of Reflect.ownKeys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key)
      const at = below(place, key)
      if (typeof key === "symbol" || property?.enumerable !== true || !("value" in property)) {
        throw new Refusal(at, "is not a plain property")
      }
      if (key === "__proto__") throw new Refusal(at, 'cannot be written so: a parameter of this name is "/__proto__"')
      copy[this.#text(key, place)] = this.of(property.value, at)
    }
    return copy
  }
}

type Parse = (copy: unknown) => Result.Result<unknown, Schema.SchemaError>

/** To make a parser of a schema takes longer than to use it. */
const parsers = new WeakMap<object, Parse>()

const parserOf = <A, I>(schema: Schema.Codec<A, I>): Parse => {
  const parse = parsers.get(schema) ?? Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })
  parsers.set(schema, parse)
  return parse
}

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Decodes plain data. Unknown fields are refused, so are accessors, symbols, `undefined`, objects with another prototype, and
 * data of more than 40 levels, 1 024 values or 65 536 characters, or with a text of more than 4 096 characters.
 */
export const decode = <A, I>(
  subject: string,
  schema: Schema.Codec<A, I>,
  plain: unknown
): Result.Result<A, Malformed> => {
  try {
    const decoded = parserOf(schema)(new Copy().of(plain))
    // A schema's own parser gives its own type.
    if (Result.isSuccess(decoded)) return Result.succeed(decoded.success as A)
    const issues = issuesOf(decoded.failure.issue).issues.map(({ message, path = [] }) => ({
      field: showPath(path.map((step) => (typeof step === "object" ? step.key : step))),
      detail: message
    }))
    return Result.fail(new Malformed({ subject, issues: issues.slice(0, issuesShown) }))
  } catch (cause) {
    const issue = cause instanceof Refusal ? cause.issue : { field: "", detail: "cannot be read" }
    return Result.fail(new Malformed({ subject, issues: [issue] }))
  }
}
