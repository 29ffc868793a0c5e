/** Reads the words of a script character by character: quotes, escapes, expansions. */
import { type Draft, makeDraft, type Substitutions, Unreadable } from "./Draft.ts"
import { decodeAnsi, decodeBackquoted } from "./Quoting.ts"
import { marks } from "./Word.ts"

const depthMax = 40
const classLengthMax = 256

const plainRun = /[^\s|&;()<>\\'"$`*?[{},\uE003]+/y
const quotedRun = /[^"\\$`\uE003]+/y
const nameRun = /[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]/y

export class Scanner {
  readonly text: string
  at = 0
  readonly #substitutions: Substitutions
  #depth = 0

  constructor(text: string, substitutions: Substitutions) {
    this.text = text
    this.#substitutions = substitutions
  }

  peek(ahead = 0): string | undefined {
    return this.text[this.at + ahead]
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at)
  }

  /** Reads something that may hold another of its kind. */
  nested<A>(read: () => A): A {
    if (++this.#depth > depthMax) throw new Unreadable(`it has more than ${depthMax} levels`)
    const made = read()
    this.#depth--
    return made
  }

  expect(text: string): void {
    if (!this.startsWith(text)) throw new Unreadable(`${JSON.stringify(text)} is missing`)
    this.at += text.length
  }

  #run(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ""
    this.at += found.length
    return found
  }

  /** The text up to an end, and goes behind it. */
  #until(end: string): string {
    const found = this.text.indexOf(end, this.at)
    if (found === -1) throw new Unreadable(`${JSON.stringify(end)} is missing`)
    const text = this.text.slice(this.at, found)
    this.at = found + end.length
    return text
  }

  /** Blanks, continued lines and comments. */
  skipBlanks(): void {
    for (;;) {
      const character = this.peek()
      if (character === " " || character === "\t") this.at++
      else if (character === "\\" && this.peek(1) === "\n") this.at += 2
      else if (character === "#") {
        const end = this.text.indexOf("\n", this.at)
        this.at = end === -1 ? this.text.length : end
      } else return
    }
  }

  /** Reads the word that begins here; undefined if none does. */
  word(): Draft | undefined {
    const draft = makeDraft()
    const start = this.at
    for (;;) {
      const run = this.#run(plainRun)
      draft.text += run
      if (!this.#part(draft, start) && run === "") return this.at === start ? undefined : draft
    }
  }

  /** Reads what is special in a word; false at its end. */
  #part(draft: Draft, start: number): boolean {
    const character = this.peek()
    switch (character) {
      case "\\":
        return this.#escaped(draft)
      case "'":
        this.at++
        draft.text += this.#until("'")
        return true
      case '"':
        this.at++
        this.quoted(draft, '"')
        return true
      case "$":
        this.#dollar(draft, false)
        return true
      case "`":
        this.#backquoted(draft, false)
        return true
      case "<":
      case ">":
        return this.#processSubstitution(draft)
      case "(":
        return this.#extendedGlob(draft, start)
      case undefined:
        return false
      default:
        return this.#sign(draft, character)
    }
  }

  #escaped(draft: Draft): boolean {
    const next = this.peek(1)
    this.at += next === undefined ? 1 : 2
    if (next !== "\n") draft.text += next ?? "\\"
    return true
  }

  #gap(draft: Draft, way: "splits" | "expands" | "whole"): void {
    draft.text += marks.gap
    if (way === "splits") draft.splits = true
    if (way === "expands") draft.expands = true
  }

  #sign(draft: Draft, character: string): boolean {
    const mark = { "{": marks.open, ",": marks.comma, "}": marks.close }[character]
    if (mark !== undefined) draft.text += mark
    else if (character === marks.gap) this.#gap(draft, "splits")
    else if (character === "*" || character === "?") this.#gap(draft, "expands")
    else if (character === "[") return this.#class(draft)
    // Bash ends words at blanks of ASCII only.
    else if (!/[ \t\n|&;]/.test(character) && character !== ")") draft.text += character
    else return false
    this.at++
    return true
  }

  #class(draft: Draft): boolean {
    const found = /^\[[^\s|&;()<>\\'"$`\]]*\]/.exec(this.text.slice(this.at, this.at + classLengthMax))?.[0]
    if (found === undefined) draft.text += "["
    else this.#gap(draft, "expands")
    this.at += found?.length ?? 1
    return true
  }

  /** `<(...)` and `>(...)`: the name of a pipe that commands write to, or read from. */
  #processSubstitution(draft: Draft): boolean {
    if (this.peek(1) !== "(") return false
    const direction = this.peek() === "<" ? "from" : "to"
    this.at += 2
    const feed = this.nested(() => this.#substitutions.inParentheses(direction))
    this.expect(")")
    draft.text += `/dev/fd/${marks.gap}`
    ;(direction === "from" ? draft.sources : draft.sinks).push(feed)
    return true
  }

  /** Such as `@(a|b)`, of which no more is known than that it is one. */
  #extendedGlob(draft: Draft, start: number): boolean {
    const sign = this.text[this.at - 1] ?? ""
    const isBang = this.at - start === 1 && sign === "!"
    if (this.at === start || isBang || !/[@?*+!]/.test(sign)) return false
    let depth = 0
    do {
      if (this.peek() === undefined) throw new Unreadable('")" is missing')
      if (this.peek() === "(") depth++
      if (this.peek() === ")") depth--
      this.at++
    } while (depth > 0)
    this.#gap(draft, "expands")
    return true
  }

  /** Text in which only expansions are special: up to a quote, or all that is left. */
  quoted(draft: Draft, end: '"' | undefined): void {
    for (;;) {
      draft.text += this.#run(quotedRun)
      const character = this.peek()
      if (character === undefined) {
        if (end === undefined) return
        throw new Unreadable("a quote is not closed")
      }
      if (character === "$") this.#dollar(draft, true)
      else if (character === "`") this.#backquoted(draft, true)
      else if (character === marks.gap) {
        this.at++
        this.#gap(draft, "splits")
      } else if (character === "\\") this.#escapedInQuotes(draft)
      else {
        this.at++
        if (end !== undefined) return
        draft.text += character
      }
    }
  }

  #escapedInQuotes(draft: Draft): void {
    const next = this.peek(1)
    const isEscape = next !== undefined && /[$`"\\\n]/.test(next)
    if (!isEscape) draft.text += "\\"
    else if (next !== "\n") draft.text += next
    this.at += isEscape ? 2 : 1
  }

  #backquoted(draft: Draft, isQuoted: boolean): void {
    const start = ++this.at
    while (this.peek() !== "`") {
      if (this.peek() === undefined) throw new Unreadable("a backquote is not closed")
      this.at += this.peek() === "\\" ? 2 : 1
    }
    draft.sources.push(this.#substitutions.inText(decodeBackquoted(this.text.slice(start, this.at))))
    this.at++
    this.#gap(draft, isQuoted ? "whole" : "splits")
  }

  #dollar(draft: Draft, isQuoted: boolean): void {
    const way = isQuoted ? "whole" : "splits"
    const next = this.peek(1)
    this.at++
    if (next === "(") {
      if (this.peek(1) === "(" && this.isArithmetic(this.at + 2)) this.#skip(draft, "((", "))", "quoted")
      else this.#command(draft)
      this.#gap(draft, way)
    } else if (next === "{") {
      this.#skip(draft, "{", "}", isQuoted ? "quoted" : "plain")
      this.#gap(draft, way)
    } else if (next === "[") {
      this.#skip(draft, "[", "]", "quoted")
      this.#gap(draft, way)
    } else if (next === "'" && !isQuoted) {
      draft.text += this.#ansi()
      draft.varies = true
    } else if (next === '"' && !isQuoted) {
      this.at++
      draft.varies = true
      this.quoted(draft, '"')
    } else {
      const name = this.#run(nameRun)
      if (name === "") draft.text += "$"
      else this.#gap(draft, name === "@" ? "splits" : way)
    }
  }

  #ansi(): string {
    const start = ++this.at
    while (this.peek() !== "'") {
      if (this.peek() === undefined) throw new Unreadable("a quote is not closed")
      this.at += this.peek() === "\\" ? 2 : 1
    }
    return decodeAnsi(this.text.slice(start, this.at++))
  }

  #command(draft: Draft): void {
    this.at++
    draft.sources.push(this.nested(() => this.#substitutions.inParentheses("from")))
    this.expect(")")
  }

  /** Goes over an expansion of which only the commands in it are of interest. */
  #skip(draft: Draft, begin: string, end: string, context: "quoted" | "plain"): void {
    this.at += begin.length
    const inner = { ...makeDraft(), sources: draft.sources, sinks: draft.sinks }
    this.nested(() => this.over(inner, end, context))
  }

  /** Goes behind an end, over quotes, expansions and pairs of parentheses. */
  over(draft: Draft, end: string, context: "quoted" | "plain"): void {
    for (let depth = 0; depth > 0 || !this.startsWith(end); ) {
      const character = this.peek()
      if (character === undefined) throw new Unreadable(`${JSON.stringify(end)} is missing`)
      if (character === "$") this.#dollar(draft, context === "quoted")
      else if (character === "`") this.#backquoted(draft, context === "quoted")
      else if (character === '"') {
        this.at++
        this.quoted(draft, '"')
      } else if (character === "'") this.#singleQuote(context)
      else {
        if (character === "(" && end === "))") depth++
        if (character === ")" && end === "))") depth--
        this.at += character === "\\" ? 2 : 1
      }
    }
    this.at += end.length
    draft.text = ""
  }

  /** Between double quotes it depends on the shell and the operator what a single one means. */
  #singleQuote(context: "quoted" | "plain"): void {
    if (context === "quoted") throw new Unreadable("it has a single quote in an expansion between double quotes")
    this.at++
    this.#until("'")
  }

  /** Whether what begins behind `((` ends with `))`. Otherwise it is a subshell that begins with another one. */
  isArithmetic(from: number): boolean {
    let depth = 1
    for (let at = from; at < this.text.length; at++) {
      const character = this.text[at]
      if (character === "\\") at++
      else if (character === "(") depth++
      else if (character === ")" && --depth === 0) return this.text[at + 1] === ")"
    }
    return false
  }
}
