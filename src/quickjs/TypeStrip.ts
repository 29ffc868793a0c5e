/**
 * Takes the types out of TypeScript.
 *
 * S1. The stripper is WebAssembly of this thread. Once it has trapped it is never called again: see `stripperIsBroken`.
 * S2. It is loaded with the first TypeScript that comes, since it costs a thread 20 MB and a tenth of a second.
 * S3. It cannot be interrupted, and some nested guesses of its parser double with each level. Whoever calls it watches the time.
 */
import { createRequire } from "node:module"
import type * as Amaro from "amaro"
import type { Segment, Segments } from "./Positions.ts"

/** Why a text is not a program, and the offset where that shows. */
export interface Fault {
  readonly message: string
  readonly at: number
}

/** What became of TypeScript: JavaScript and where it comes from, a fault of the source, or no answer. */
export type Stripping =
  | { readonly _tag: "Stripped"; readonly code: string; readonly segments: Segments }
  | { readonly _tag: "Faulty"; readonly fault: Fault }
  /** The stripper trapped on this source. */
  | { readonly _tag: "Trapped" }
  /** The stripper had trapped before: this source was not looked at. */
  | { readonly _tag: "Unable" }

/** What a guest is told that tries to import or re-export. */
export const noModules =
  "modules are not available in a session: tools, and what earlier runs declared, are globals that need no import"

let broken = false

/** Whether TypeScript can no longer be stripped in this thread, which has to be replaced. */
export const stripperIsBroken = (): boolean => broken

let loaded: typeof Amaro | undefined

const stripper = (): typeof Amaro => {
  loaded ??= createRequire(import.meta.url)("amaro") as typeof Amaro
  return loaded
}

/** What a source is put into so that the stripper parses it as what it is. */
interface Frame {
  readonly before: string
  readonly after: string
}

/** The body of a function, in which `return` is allowed. */
const body: Frame = { before: "async()=>{", after: "\n}" }
/** An object that would be a block where a statement is expected. */
const expression: Frame = { before: "async()=>{0,", after: "\n}" }
/** A module, in which `export` is allowed. */
const module: Frame = { before: "", after: "" }

/** Columns are those of a terminal: a tab takes four, a wide character two. */
interface Complaint {
  readonly code: string
  readonly message: string
  readonly startLine: number
  readonly startColumn: number
}

type Attempt =
  | { readonly _tag: "Done"; readonly code: string; readonly map: string | undefined }
  | { readonly _tag: "Complained"; readonly complaint: Complaint }
  | { readonly _tag: "Trapped" }

/** A complaint is a plain object; whatever is an `Error` comes from the engine below. */
const isComplaint = (thrown: unknown): thrown is Complaint =>
  typeof thrown === "object" && thrown !== null && !(thrown instanceof Error) && "startLine" in thrown

const attempt = (text: string, mode: "strip-only" | "transform"): Attempt => {
  const { transformSync } = stripper()
  try {
    const { code, map } = transformSync(text, { mode, sourceMap: mode === "transform" })
    return { _tag: "Done", code, map }
  } catch (thrown) {
    if (isComplaint(thrown)) return { _tag: "Complained", complaint: thrown }
    broken = true
    return { _tag: "Trapped" }
  }
}

const notNarrow = /[\t\u0080-\uffff]/g

/** Tries again with characters that are all one column wide: the same complaint then names the true column. */
const trueColumn = (text: string, { message, startColumn, startLine }: Complaint): number => {
  const line = text.split("\n")[startLine - 1] ?? ""
  if (line.search(notNarrow) < 0) return startColumn
  const again = attempt(
    text.replace(notNarrow, (character) => (character === "\t" ? " " : "_")),
    "strip-only"
  )
  const isSame = again._tag === "Complained" && again.complaint.message === message
  return isSame && again.complaint.startLine === startLine ? again.complaint.startColumn : startColumn
}

const offsetOf = (text: string, complaint: Complaint): number => {
  let start = 0
  for (let line = 1; line < complaint.startLine; line++) start = text.indexOf("\n", start) + 1
  return start + trueColumn(text, complaint)
}

const endOfInput = "Unexpected end of input"

const faultOf = (source: string, frame: Frame, complaint: Complaint): Fault => {
  const at = offsetOf(frame.before + source + frame.after, complaint) - frame.before.length
  const isBehind = at >= source.length && !complaint.message.startsWith("Unterminated")
  const message = isBehind ? endOfInput : complaint.message
  return { message, at: Math.max(0, Math.min(at, source.length)) }
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/** The numbers of one entry of a source map: base 64, least significant digits first, the lowest bit is the sign. */
const numbersOf = (entry: string): ReadonlyArray<number> => {
  const numbers: Array<number> = []
  let value = 0
  let shift = 0
  for (const character of entry) {
    const digit = digits.indexOf(character)
    value += (digit & 31) << shift
    shift += 5
    if (digit >= 32) continue
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1)
    value = 0
    shift = 0
  }
  return numbers
}

/** Reads the mappings of a source map of one source that was framed. Entries which say nothing new are left out. */
const segmentsOf = (mappings: string, { before }: Frame): Segments => {
  const segments: Array<Segment> = []
  let [fromLine, fromColumn] = [1, 1]
  for (const [index, entries] of mappings.split(";").entries()) {
    let column = 1
    let last: Segment | undefined
    for (const entry of entries.split(",")) {
      const [columns = 0, , lines = 0, fromColumns = 0] = numbersOf(entry)
      column += columns
      fromLine += lines
      fromColumn += fromColumns
      if (entry === "") continue
      const shift = fromLine === 1 ? before.length : 0
      const segment: Segment = [index + 1, column, fromLine, Math.max(1, fromColumn - shift)]
      const isNew = last === undefined || last[2] !== segment[2] || column - last[1] !== segment[3] - last[3]
      last = segment
      if (isNew) segments.push(segment)
    }
  }
  return segments
}

/** Keeps the shape of a source: what is a type becomes blanks. */
const blank = (source: string, frame: Frame): Attempt => {
  const stripped = attempt(frame.before + source + frame.after, "strip-only")
  if (stripped._tag !== "Done") return stripped
  const { length } = stripped.code
  return { ...stripped, code: stripped.code.slice(frame.before.length, length - frame.after.length) }
}

/** Prints a source anew, with code for its enums, namespaces and parameter properties. */
const print = (source: string, frame: Frame): Stripping => {
  const printed = attempt(frame.before + source + frame.after, "transform")
  if (printed._tag === "Trapped") return printed
  if (printed._tag === "Complained") return { _tag: "Faulty", fault: faultOf(source, frame, printed.complaint) }
  const { mappings } = JSON.parse(printed.map ?? '{"mappings":""}') as { readonly mappings: string }
  const segments = segmentsOf(mappings, frame)
  if (frame === module) return { _tag: "Stripped", code: printed.code, segments }
  const start = printed.code.indexOf("{") + 1
  const end = printed.code.lastIndexOf("}")
  return { _tag: "Stripped", code: " ".repeat(start) + printed.code.slice(start, end), segments }
}

/** The stripper leaves these where they are when it blanks types out. */
const constAssertion = /<\s*const\s*>/

const stripIn = (frame: Frame, source: string): Stripping => {
  if (constAssertion.test(source)) return print(source, frame)
  const blanked = blank(source, frame)
  if (blanked._tag === "Trapped") return blanked
  if (blanked._tag === "Done") return { _tag: "Stripped", code: blanked.code, segments: [] }
  if (blanked.complaint.code === "UnsupportedSyntax") return print(source, frame)
  return { _tag: "Faulty", fault: faultOf(source, frame, blanked.complaint) }
}

const notInModule = "'import', and 'export' cannot be used outside of module code"
const returnInModule = "Return statement is not allowed here"

/** An import or export was found. It may be one that only has types, or `export` before a declaration. */
const stripModule = (source: string, at: number): Stripping => {
  const stripped = stripIn(module, source)
  if (stripped._tag !== "Faulty") return stripped
  if (stripped.fault.message !== notInModule && stripped.fault.message !== returnInModule) return stripped
  const message = source.startsWith("export", at)
    ? "'export' is allowed neither in a block nor together with a top-level 'return'"
    : noModules
  return { _tag: "Faulty", fault: { message, at } }
}

/** The source ended too early or, since it was framed, it has a brace too many. */
const findBrace = (source: string, missing: Stripping): Stripping => {
  const stripped = stripIn(module, source)
  if (stripped._tag === "Trapped") return stripped
  const isBrace = stripped._tag === "Faulty" && source[stripped.fault.at] === "}"
  return isBrace ? { _tag: "Faulty", fault: { ...stripped.fault, message: "Unexpected token '}'" } } : missing
}

/**
 * Takes the types out of a source, whose lines end with "\n". Places stay as they are, unless the source has what is more
 * than a type (enums, namespaces, parameter properties, assertions in angle brackets): that is printed anew, and `segments`
 * tells where it comes from.
 */
export const strip = (source: string): Stripping => {
  if (broken) return { _tag: "Unable" }
  const stripped = stripIn(body, source)
  if (stripped._tag !== "Faulty") return stripped
  if (/^\s*[{/]/.test(source)) {
    const object = stripIn(expression, source)
    if (object._tag !== "Faulty") return object
  }
  if (stripped.fault.message === notInModule) return stripModule(source, stripped.fault.at)
  if (stripped.fault.message === endOfInput) return findBrace(source, stripped)
  return stripped
}
