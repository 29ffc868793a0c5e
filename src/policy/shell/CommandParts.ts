/** Reads the parts of a simple command: its words, assignments and redirections, and here-documents below it. */

import { type Draft, Unreadable } from "./Draft.ts"
import type { Redirection } from "./Findings.ts"
import type { Scanner } from "./Scanner.ts"
import { fromMarked, literal, marks, unmarked, type Word } from "./Word.ts"

/** A simple command while it is read. */
export interface Found {
  readonly words: Array<Word>
  readonly assignments: Array<Word>
  readonly redirections: Array<Redirection>
  readonly sources: Array<number>
  readonly sinks: Array<number>
}

export const makeFound = (): Found => ({ words: [], assignments: [], redirections: [], sources: [], sinks: [] })

/** Adds items to a list, however many: a script has room for more of them than a call has for arguments. */
export const append = <A>(list: Array<A>, items: ReadonlyArray<A>): void => {
  for (const item of items) list.push(item)
}

interface HereDocument {
  readonly end: string
  readonly isQuoted: boolean
  readonly isIndented: boolean
  readonly redirections: Array<Redirection>
}

const assignment = /^[A-Za-z_][A-Za-z0-9_]*(?:\[[^\]]*\])?\+?=/
const redirection = /(?:\d+|\{[A-Za-z_]\w*\})?(?:&>>|&>|<<<|<<-|<<|<>|<&|>>|>\||>&|<(?!\()|>(?!\())/y

export class CommandParts {
  readonly #scanner: Scanner
  readonly #expand: (text: string) => Word
  #hereDocuments: Array<HereDocument> = []

  constructor(scanner: Scanner, expand: (text: string) => Word) {
    this.#scanner = scanner
    this.#expand = expand
  }

  /** Goes over blanks and newlines, behind which here-documents stand. */
  newlines(): void {
    this.#scanner.skipBlanks()
    while (this.#scanner.peek() === "\n") {
      this.#scanner.at++
      this.readHereDocuments()
      this.#scanner.skipBlanks()
    }
  }

  /** Reads those that were announced on the line before. */
  readHereDocuments(): void {
    const scanner = this.#scanner
    const waiting = this.#hereDocuments
    this.#hereDocuments = []
    for (const { end, isIndented, isQuoted, redirections } of waiting) {
      const start = scanner.at
      let stop = start
      for (;;) {
        const newline = scanner.text.indexOf("\n", scanner.at)
        const line = scanner.text.slice(scanner.at, newline === -1 ? undefined : newline)
        scanner.at = newline === -1 ? scanner.text.length : newline + 1
        if ((isIndented ? line.replace(/^\t+/, "") : line) === end) break
        stop = scanner.at
        if (newline === -1) break
      }
      const text = scanner.text.slice(start, stop)
      redirections.push({ direction: "text", target: isQuoted ? literal(text) : this.#expand(text) })
    }
  }

  /** Whether the `()` of a function comes next, which is read then. */
  isDefinition(): boolean {
    const found = /^[ \t]*\([ \t]*\)/.exec(this.#scanner.text.slice(this.#scanner.at, this.#scanner.at + 64))?.[0]
    this.#scanner.at += found?.length ?? 0
    return found !== undefined
  }

  /** Adds a word that was read to a command. */
  add(found: Found, draft: Draft, raw: string): void {
    append(found.sources, draft.sources)
    append(found.sinks, draft.sinks)
    const isAssignment = assignment.test(raw)
    if (isAssignment && this.#scanner.peek() === "(" && raw.endsWith("=")) {
      this.#array(found)
      draft.text += marks.gap
    }
    // A shell makes no more words of an assignment.
    if (found.words.length > 0 || !isAssignment) found.words.push(...fromMarked(draft.text, draft))
    else found.assignments.push(...fromMarked(draft.text, { ...draft, splits: false, expands: false }))
  }

  #array(found: Found): void {
    const scanner = this.#scanner
    scanner.at++
    for (;;) {
      this.newlines()
      const draft = scanner.word()
      if (draft === undefined) break
      append(found.sources, draft.sources)
    }
    scanner.expect(")")
  }

  /** Reads a redirection, if one begins here, and gives its direction. Of those between descriptors only what is read is of interest. */
  redirection(found: Found): Redirection["direction"] | undefined {
    const scanner = this.#scanner
    redirection.lastIndex = scanner.at
    const sign = redirection.exec(scanner.text)?.[0]
    if (sign === undefined) return undefined
    scanner.at += sign.length
    const [descriptor = ""] = /^(\d+|\{\w+\})?/.exec(sign) ?? []
    const operator = sign.slice(descriptor.length)
    // Some shells have descriptors of one digit only, and take more digits for a word.
    if (/^\d\d/.test(descriptor) && found.words.length > 0) found.words.push(literal(descriptor))
    scanner.skipBlanks()
    const start = scanner.at
    const draft = scanner.word()
    if (draft === undefined) throw new Unreadable(`${JSON.stringify(operator)} has no target`)
    append(found.sources, draft.sources)
    append(found.sinks, draft.sinks)
    const raw = scanner.text.slice(start, scanner.at)
    const isInput = descriptor === "" || descriptor === "0"
    if (operator === "<&" && isInput && !/^(?:0-?|-)$/.test(raw)) this.#redirect(found, "descriptor", draft)
    if (operator === "<<" || operator === "<<-") this.#announce(found, draft, raw, operator === "<<-")
    else if (operator === "<<<") this.#redirect(found, "text", draft)
    else if (!(operator.endsWith("&") && /^(\d+-?|-)$/.test(raw))) {
      if (operator !== "<&") this.#redirect(found, operator === "<" ? "in" : "out", draft)
      if (operator === "<>" || operator === "<&") this.#redirect(found, "in", draft)
    }
    if (operator.startsWith("<<")) return "text"
    return operator.startsWith("<") ? "in" : "out"
  }

  #redirect(found: Found, direction: Redirection["direction"], draft: Draft): void {
    for (const target of fromMarked(draft.text, draft)) found.redirections.push({ direction, target })
  }

  /** The end of a here-document is what is written, without its quotes: nothing is expanded in it. */
  #announce({ redirections }: Found, draft: Draft, raw: string, isIndented: boolean): void {
    if (draft.varies || draft.text.includes(marks.gap)) {
      throw new Unreadable("the end of a here-document is not written out")
    }
    const isQuoted = /['"\\]/.test(raw)
    this.#hereDocuments.push({ end: unmarked(draft.text), isIndented, isQuoted, redirections })
  }
}
