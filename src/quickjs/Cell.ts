import type { Language } from "../capability/Language.ts"
import type { Program } from "../machine/Machine.ts"
import type { GuestError } from "../tool/GuestError.ts"
import { type Positions, places, positionsOf, sourcePosition } from "./Positions.ts"
import { rewrite } from "./TopLevel.ts"
import { type Fault, strip } from "./TypeStrip.ts"

/** One piece of code that a session is given to run. */
export interface Cell {
  readonly source: string
  readonly language: Exclude<Language, "shell">
  /** The position of its run in the session. */
  readonly ordinal: number
}

/**
 * What became of a cell.
 *
 * - `Compiled`: evaluate `code` as the script `fileName` with `EvalFlags.ASYNC`. The promise that this gives is fulfilled
 *   with `{ value }`; await `value`, and that is what the run gives. Keep `positions` as long as the VM may name the file.
 * - `Refused`: the source is not a program. Nothing is to be evaluated.
 * - `Unable`: TypeScript cannot be compiled in this thread any more. That is not this cell's fault.
 */
export type Compilation =
  | { readonly _tag: "Compiled"; readonly code: string; readonly fileName: string; readonly positions: Positions }
  | { readonly _tag: "Refused"; readonly error: GuestError }
  | { readonly _tag: "Unable" }

const tooDeep = "the code is nested too deeply"
const messageLengthMax = 500

const faultOf = (thrown: unknown, text: string): Fault => {
  if (!(thrown instanceof SyntaxError) || !("pos" in thrown) || typeof thrown.pos !== "number") {
    if (thrown instanceof RangeError) return { message: tooDeep, at: 0 }
    throw thrown
  }
  const at = Math.min(thrown.pos, text.length)
  const message = thrown.message.replace(/ \(\d+:\d+\)$/, "")
  if (message.startsWith("Not enough stack space")) return { message: tooDeep, at }
  if (message !== "Unexpected token") return { message, at }
  const [token] = /^(?:[\w$]+|=>|.)/su.exec(text.slice(at, at + 100)) ?? []
  return { message: token === undefined ? "Unexpected end of input" : `Unexpected token '${token}'`, at }
}

/**
 * How much of its stack a parser may use, and what of it a lexeme may take. The stripper was measured to trap at 1.4 times
 * this depth at the earliest, in a thread with 1 MiB of stack, whichever lexemes it was made of.
 */
const depthMax = 16_000
const costs = { bracket: 30, call: 10, word: 10, do: 12, operator: 8 }
const operatorCosts: Readonly<Record<string, number>> = { "<": 50, ">": 15, "=": 10, ":": 20 }

/**
 * Estimates how deep a parser has to go into a text, from the brackets that are open and what is linked without a separator
 * at each of their levels. It takes a regular expression for operators.
 */
class Depth {
  readonly #text: string
  /** What is linked at the levels around, and which of them are expressions in templates. */
  readonly #levels: Array<number> = []
  readonly #templates: Array<number> = []
  #depth = 0
  #links = 0
  /** What is in front: an operator, or the end of a line or block that may be the end of a statement. */
  #front: "operator" | "operand" | "end" = "end"

  constructor(text: string) {
    this.#text = text
  }

  /** The offset where it becomes too deep. */
  exceeded(): number | undefined {
    for (let at = 0; at < this.#text.length; at++) {
      at = this.#read(at)
      if (this.#depth + this.#links > depthMax) return at
    }
    return undefined
  }

  /** Reads the lexeme at an offset and gives the offset of its last character. */
  #read(at: number): number {
    const code = this.#text.charCodeAt(at)
    if (code === 10 && this.#front === "operand") this.#front = "end"
    if (code <= 32) return at
    if (isWord(code)) return this.#readWord(at)
    switch (this.#text.charAt(at)) {
      case '"':
      case "'":
        this.#link("operand", costs.word)
        return endOfString(this.#text, at)
      case "`":
        return this.#readTemplate(at)
      case "(":
      case "[":
        this.#link("operator", costs.call)
        this.#open()
        return at
      case "{":
        this.#open()
        return at
      case ")":
      case "]":
      case "}":
        return this.#close(at)
      case ",":
      case ";":
        this.#links = 0
        this.#front = "end"
        return at
      case "/":
        if (/[/*]/.test(this.#text.charAt(at + 1))) return endOfComment(this.#text, at)
    }
    return this.#readOperator(at)
  }

  #link(kind: "operator" | "operand", cost: number): void {
    if (this.#front === "end" && kind === "operand") this.#links = 0
    this.#links += cost
    this.#front = kind
  }

  #readOperator(at: number): number {
    const character = this.#text.charAt(at)
    const isComparison = this.#text[at + 1] === "=" && "<>=!".includes(character)
    this.#link("operator", (isComparison ? undefined : operatorCosts[character]) ?? costs.operator)
    return isComparison ? at + 1 : at
  }

  #readWord(start: number): number {
    let end = start + 1
    while (isWord(this.#text.charCodeAt(end))) end++
    const word = end - start > 4 ? "" : this.#text.slice(start, end)
    this.#link(word === "else" ? "operator" : "operand", word === "do" ? costs.do : costs.word)
    return end - 1
  }

  #readTemplate(start: number): number {
    this.#link("operand", costs.word)
    const end = endOfTemplate(this.#text, start)
    if (this.#text[end] !== "{") return end
    this.#open()
    this.#templates.push(this.#levels.length)
    return end
  }

  #open(): void {
    this.#levels.push(this.#links)
    this.#depth += this.#links + costs.bracket
    this.#links = 0
    this.#front = "operator"
  }

  #close(at: number): number {
    const links = this.#levels.pop()
    if (links === undefined) return at
    this.#depth -= links + costs.bracket
    this.#links = links
    this.#front = this.#text[at] === "}" ? "end" : "operand"
    const isOfTemplate = this.#text[at] === "}" && this.#templates.at(-1) === this.#levels.length + 1
    if (!isOfTemplate) return at
    this.#templates.pop()
    return this.#readTemplate(at)
  }
}

const isWord = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  (code >= 48 && code <= 57) ||
  code === 36 ||
  code === 95 ||
  code > 127

/** The offset of the quote that ends a string, or of the last character of its line. */
const endOfString = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\n") return at - 1
    if (text[at] === text[start]) return at
    if (text[at] === "\\") at++
  }
  return text.length
}

/** The offset of the quote that ends a template, or of the brace that begins its next expression. */
const endOfTemplate = (text: string, start: number): number => {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "`") return at
    if (text[at] === "$" && text[at + 1] === "{") return at + 1
    if (text[at] === "\\") at++
  }
  return text.length
}

/** The offset of the last character of a comment. */
const endOfComment = (text: string, start: number): number => {
  const end = text[start + 1] === "/" ? text.indexOf("\n", start) - 1 : text.indexOf("*/", start + 2) + 1
  return end > 0 ? end : text.length
}

/** Lines end with "\n" and begin as they do for whoever wrote them, and half characters are what UTF-8 makes of them. */
const normal = (source: string): string =>
  source
    .replace(/^\ufeff/, "")
    .replace(/^#!/, "//")
    .replace(/\r\n?/g, "\n")
    .toWellFormed()

const refused = ({ at, message }: Fault, text: string, positions: Positions): Compilation => {
  const { column, line } = places(text)(at)
  const position = sourcePosition(positions, line, column)
  const shown = message.slice(0, messageLengthMax).toWellFormed()
  return { _tag: "Refused", error: { name: "SyntaxError", message: shown, ...position } }
}

/**
 * What every piece of TypeScript that is more than JavaScript has one of, but for functions declared without a body or a
 * single type: those do not parse as JavaScript.
 */
const typeSigns =
  /[:<!?@]|\b(?:abstract|as|declare|enum|implements|interface|module|namespace|override|private|protected|public|readonly|satisfies|type)\b/

/** Whether a source looks like more than JavaScript. */
export const hasTypes = ({ language, source }: Pick<Program, "language" | "source">): boolean =>
  language === "typescript" && typeSigns.test(source)

const unknown = (language: Language): Compilation => ({
  _tag: "Refused",
  error: {
    name: "Error",
    message: `${language} is not spoken here: this machine runs javascript, typescript and shell`,
    reason: "UnknownLanguage"
  }
})

const toScript = ({ language, ordinal }: Cell, code: string, segments: Positions[number] = []): Compilation => {
  try {
    const rewritten = rewrite(code)
    const positions = positionsOf(rewritten.text, rewritten.segments(), segments)
    const fileName = `run-${ordinal}.${language === "typescript" ? "ts" : "js"}`
    return { _tag: "Compiled", code: rewritten.text, fileName, positions }
  } catch (thrown) {
    return refused(faultOf(thrown, code), code, [segments])
  }
}

/**
 * Makes a script of a cell: the value of its last expression is the value of the run, unless it returns; what it declares at
 * the top level outlives it, and may be declared again. Never throws.
 */
export const compile = (cell: Cell): Compilation => {
  if (cell.language !== "javascript" && cell.language !== "typescript") return unknown(cell.language)
  const text = normal(cell.source)
  const tooDeepAt = new Depth(text).exceeded()
  if (tooDeepAt !== undefined) return refused({ message: tooDeep, at: tooDeepAt }, text, [])
  if (cell.language === "javascript") return toScript(cell, text)
  if (!typeSigns.test(text)) {
    const script = toScript(cell, text)
    if (script._tag === "Compiled") return script
  }
  const stripping = strip(text)
  if (stripping._tag === "Unable") return stripping
  if (stripping._tag === "Trapped") return refused({ message: tooDeep, at: 0 }, text, [])
  if (stripping._tag === "Faulty") return refused(stripping.fault, text, [])
  return toScript(cell, stripping.code, stripping.segments)
}
