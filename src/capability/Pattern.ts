/**
 * Which methods a capability is about.
 *
 * A method is a list of names: `stripe/charges/create`. A pattern is the same with wildcards: `*` stands for exactly one name,
 * `**` for any number of them, also none. Dots may be written for slashes, in both; the canonical spelling has slashes.
 *
 * Names are ASCII letters, digits, `_`, `-` and `$`, and are compared exactly. So there are no two spellings of one name
 * that differ only in case folding or Unicode normalisation: such text is refused, or it is another name.
 * Comparing costs at most the product of both lengths.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"

const lengthMax = 1_024
const segmentsMax = 64
const lengthShown = 64

const name = /^[A-Za-z0-9_$-]+$/

/** A text that is no pattern, or no method. */
export class InvalidPattern extends Schema.TaggedError<InvalidPattern>()("InvalidPattern", {
  /** The text, shortened. */
  text: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${JSON.stringify(this.text)} ${this.detail}`
  }
}

const CanonicalPattern = Schema.String.pipe(Schema.brand("caisson/Pattern"))
/** A method pattern in its canonical spelling. */
export type Pattern = typeof CanonicalPattern.Type

const CanonicalMethod = Schema.String.pipe(Schema.brand("caisson/Method"))
/** A method's name in its canonical spelling. */
export type Method = typeof CanonicalMethod.Type

const whyNot = (segment: string): string | undefined => {
  if (name.test(segment)) return undefined
  if (segment === "") return "has an empty segment: separators stand singly, and between names"
  if (segment.includes("*")) return "has a wildcard that is not a segment of its own: write * or ** between separators"
  return "has a segment that is not made of ASCII letters, digits, _, - and $"
}

const read = (text: string, wildcards: ReadonlyArray<string>): Result.Result<ReadonlyArray<string>, InvalidPattern> => {
  const refuse = (detail: string) =>
    Result.fail(new InvalidPattern({ text: text.slice(0, lengthShown).toWellFormed(), detail }))
  if (text.length > lengthMax) return refuse(`has more than ${lengthMax} characters`)
  if (text.includes("/") && text.includes(".")) return refuse("has slashes and dots: separate names by one of them")
  const segments = text === "" ? [] : text.split(/[/.]/)
  if (segments.length > segmentsMax) return refuse(`has more than ${segmentsMax} segments`)
  for (const segment of segments) {
    const detail = wildcards.includes(segment) ? undefined : whyNot(segment)
    if (detail !== undefined) return refuse(detail)
  }
  return Result.succeed(segments)
}

/** Reads a pattern. At most 64 segments and 1 024 characters. The empty text is the pattern of the empty method alone. */
export const parse = (text: string): Result.Result<Pattern, InvalidPattern> =>
  Result.map(read(text, ["*", "**"]), (segments) => CanonicalPattern.make(segments.join("/")))

/** Reads a method's name, within the same bounds: `stripe.charges.create` and `stripe/charges/create` are one method. */
export const method = (text: string): Result.Result<Method, InvalidPattern> =>
  Result.map(read(text, []), (segments) => CanonicalMethod.make(segments.join("/")))

/** Decodes what `parse` reads. */
export const Pattern = Schema.String.pipe(
  Schema.decodeTo(CanonicalPattern, {
    decode: SchemaGetter.transformEffect((text: string) => {
      const parsed = parse(text)
      return Result.isSuccess(parsed)
        ? Effect.succeed(parsed.success)
        : Effect.fail(new SchemaIssue.InvalidValue({ message: parsed.failure.message }))
    }),
    encode: SchemaGetter.passthrough()
  })
)

/** The same language with every `*` of a run of wildcards before its one `**`. */
const inOrder = (pattern: string): ReadonlyArray<string> => {
  const segments: Array<string> = []
  let isOpen = false
  for (const segment of pattern === "" ? [] : pattern.split("/")) {
    if (segment !== "**") {
      if (isOpen && segment !== "*") {
        segments.push("**")
        isOpen = false
      }
      segments.push(segment)
    } else isOpen = true
  }
  return isOpen ? [...segments, "**"] : segments
}

/** For each position, whether the wildcards that begin there take any number of names beyond those they need. */
const openRuns = (parent: ReadonlyArray<string>): ReadonlyArray<boolean> => {
  const open: Array<boolean> = parent.map((segment) => segment === "**")
  for (let at = parent.length - 2; at >= 0; at--) open[at] ||= parent[at] === "*" && open[at + 1] === true
  return open
}

/**
 * Whether every method of the child is one of the parent's.
 *
 * The child is read as a text in which a `*` is a name that no pattern has and a `**` is of unknown length, and the parent is
 * run on it as an automaton. A `**` of the child can only be taken by an open run of wildcards, which it leaves where it is:
 * it may stand for nothing. This decides inclusion, since a method in which all wildcards of the child are such names is in
 * the parent only if the parent's own wildcards take them.
 */
export const isSubsetOf = (child: Pattern | Method, parent: Pattern): boolean => {
  const wanted = inOrder(parent)
  const open = openRuns(wanted)
  const start = (positions: Uint8Array, position: number) => {
    positions[position] = 1
    if (wanted[position] === "**") positions[position + 1] = 1
  }
  let reached = new Uint8Array(wanted.length + 1)
  start(reached, 0)
  for (const segment of inOrder(child)) {
    const next = new Uint8Array(wanted.length + 1)
    for (let position = 0; position < wanted.length; position++) {
      if (reached[position] === 0) continue
      const expected = wanted[position]
      if (segment === "**" ? open[position] === true : expected === "**") start(next, position)
      else if (segment !== "**" && (expected === segment || expected === "*")) start(next, position + 1)
    }
    reached = next
  }
  return reached[wanted.length] === 1
}

/** Whether a pattern covers a method. */
export const matches = (pattern: Pattern, method: Method): boolean =>
  pattern.includes("*") ? isSubsetOf(method, pattern) : pattern === String(method)
