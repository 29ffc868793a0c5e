import type { Language } from "../../../src/capability/Language.ts"

/**
 * Sources for the behaviours of the suite, in the language of one tier. Put after each other, line by line, they are one program.
 * What each must do:
 */
export interface Programs {
  readonly language: Language
  /** Keeps a number in the session's variable `kept`. */
  readonly keep: (value: number) => string
  /** Prints `kept` and the end of a line. */
  readonly show: string
  /** Prints a line; the text has no quotes in it. */
  readonly print: (text: string) => string
  /** Prints a line to standard error. */
  readonly complain: (text: string) => string
  /** Prints so many lines, from `0` on. */
  readonly count: (lines: number) => string
  /** Waits for a moment. */
  readonly nap: string
  /** Calls a tool with `{ amount }` and prints the line that it gives. A refusal ends the program, or what it says does. */
  readonly call: (tool: string, amount: number) => string
  /** The same, but after a refusal `refused` is printed, with what was said, and it goes on. */
  readonly attempt: (tool: string, amount: number) => string
  /** Calls a tool at the same time with each of the amounts, waits for all, and prints nothing. */
  readonly together: (tool: string, amounts: ReadonlyArray<number>) => string
  /** Writes a text to a file, without an end of line. */
  readonly write: (path: string, text: string) => string
  /** Prints what is in a file, and the end of a line. */
  readonly read: (path: string) => string
  /** Ends with an error of its own. */
  readonly fail: string
  /** Burns CPU time for ever. */
  readonly spin: string
}
