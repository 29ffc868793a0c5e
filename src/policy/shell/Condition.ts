/**
 * Reads `[[ ... ]]`, which is a condition for some shells, and for others a command of that name: to these, what stands behind a
 * `||` in it is a command, and a `>` writes to a file.
 */

import { append, type CommandParts, type Found, makeFound } from "./CommandParts.ts"
import { Unreadable } from "./Draft.ts"
import type { Scanner } from "./Scanner.ts"
import { fromMarked, known, something, type Word } from "./Word.ts"

export interface Condition {
  /** What some shells run. */
  readonly commands: ReadonlyArray<Found>
  /** Whether it cannot be told what they run. */
  readonly isDoubtful: boolean
}

const comparison = /^(?:==?|!=|=~|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef))$/

/** Whether words behind an operator are a comparison, as they are for shells that know conditions. */
const isComparison = (words: ReadonlyArray<Word>): boolean =>
  words.length === 3 && comparison.test(words[1] === undefined ? "" : (known(words[1]) ?? ""))

const skipParentheses = (scanner: Scanner): void => {
  for (let depth = 0; ; ) {
    const character = scanner.peek()
    if (character === undefined) throw new Unreadable('"]]" is missing')
    if (character === "(") depth++
    else if (character === ")") depth--
    else if (scanner.word() !== undefined) continue
    scanner.at++
    if (depth === 0) return
  }
}

/** The rest of a regular expression, or all of one that begins with a parenthesis. */
const readPattern = (scanner: Scanner, found: Found): void => {
  if (/\s/.test(scanner.text[scanner.at - 1] ?? "")) found.words.push(something)
  while (scanner.peek() === "(") {
    skipParentheses(scanner)
    scanner.word()
  }
}

/** Reads a condition behind its `[[`, up to and with its `]]`. */
export const readCondition = (scanner: Scanner, parts: CommandParts): Condition => {
  const commands: Array<Found> = []
  let found = makeFound()
  let isFirst = true
  let isOrdering = false
  let isDoubtful = false
  const finish = () => {
    while (found.words[0] !== undefined && known(found.words[0]) === "!") found.words.shift()
    const [first] = found.words
    const name = first === undefined ? "" : known(first)
    if (!isFirst && name === undefined && !isOrdering && !isComparison(found.words)) isDoubtful = true
    const isCommand = !isFirst && name !== undefined && name !== "" && !name.startsWith("-")
    const writes = found.redirections.some(({ direction }) => direction === "out")
    if (isCommand || writes) commands.push(isCommand ? found : { ...found, words: [] })
    found = makeFound()
    isFirst = false
    isOrdering = false
  }
  for (;;) {
    scanner.skipBlanks()
    if (/^\]\][\s|&;()<>]|^\]\]$/.test(scanner.text.slice(scanner.at, scanner.at + 3))) break
    if (scanner.peek() === undefined) throw new Unreadable('"]]" is missing')
    if (parts.redirection(found) !== undefined) {
      isOrdering = found.words.length === 1
      continue
    }
    const draft = scanner.word()
    if (draft !== undefined) {
      found.words.push(...fromMarked(draft.text, draft))
      append(found.sources, draft.sources)
      append(found.sinks, draft.sinks)
    } else if (scanner.peek() === "(" && found.words.length > 0) readPattern(scanner, found)
    else {
      scanner.at++
      finish()
    }
  }
  finish()
  scanner.at += 2
  return { commands, isDoubtful }
}
