/** A command as a pattern sees it: its name, its flags in any order, and its other words in theirs. */
import type { Command } from "./Findings.ts"
import { baseName } from "./Inner.ts"
import { known, mayBeFlag, type Word } from "./Word.ts"

export interface Invocation {
  readonly command: Command
  /** Undefined if it has none, or it is not known. */
  readonly path: string | undefined
  readonly name: string | undefined
  /** Flags of which all is known. */
  readonly flags: ReadonlyArray<string>
  /** Whether there may be other flags. */
  readonly mayHaveFlags: boolean
  /** The words that are no flags, with the values in flags such as `--output=file`. */
  readonly operands: ReadonlyArray<Word>
  /** The words that are no flags for certain. */
  readonly ownOperands: ReadonlyArray<Word>
}

const invocations = new WeakMap<Command, Invocation>()

const valueIn = (word: Word): ReadonlyArray<Word> => {
  const at = word.text[0].indexOf("=")
  return at === -1 ? [] : [{ ...word, text: [word.text[0].slice(at + 1), ...word.text.slice(1)] }]
}

const read = (command: Command): Invocation => {
  const [first, ...words] = command.words
  const path = first === undefined ? undefined : known(first)
  const flags: Array<string> = []
  const operands: Array<Word> = []
  const ownOperands: Array<Word> = []
  let mayHaveFlags = false
  let isOver = false
  for (const word of words) {
    const isFlag = !isOver && /^-./.test(`${word.text[0]}${word.text.length > 1 ? "…" : ""}`)
    const text = known(word)
    if (!isOver && text === "--") isOver = true
    else if (isFlag) {
      if (text === undefined) mayHaveFlags = true
      else flags.push(text)
      operands.push(...valueIn(word))
    } else {
      if (!isOver && mayBeFlag(word)) mayHaveFlags = true
      operands.push(word)
      ownOperands.push(word)
    }
  }
  return {
    command,
    path,
    name: path === undefined ? undefined : baseName(path),
    flags,
    mayHaveFlags,
    operands,
    ownOperands
  }
}

/** Reads a command, once. */
export const of = (command: Command): Invocation => {
  const invocation = invocations.get(command) ?? read(command)
  invocations.set(command, invocation)
  return invocation
}
