/**
 * The words of a command line as the parser is to take them.
 *
 * The parser takes `-1h` for the two flags `-1` and `-h`, and whoever asks for help gets it, whatever else is wrong. Here a dash
 * begins a flag of one letter, alone or with its value behind `=`. Any longer word is the value of the flag before it, or refused.
 */
import * as Effect from "effect/Effect"
import { UsageError } from "./Problem.ts"

/** The parser takes a negative number for a value by itself. */
const number = /^-(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

const letterFlag = /^-[^-](?:=|$)/u

const isNoFlag = (word: string): boolean => /^-[^-]/u.test(word) && !letterFlag.test(word) && !number.test(word)

const takesValue = (word: string): boolean => /^-(?:[^-]|-[^=]+)$/u.test(word)

/** Puts values that begin with a dash behind their flags with `=`; refuses what is neither a flag nor the value of one. */
export const read = (words: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, UsageError> => {
  const end = words.indexOf("--")
  const read: Array<string> = []
  for (const word of end === -1 ? words : words.slice(0, end)) {
    const before = read.at(-1)
    if (!isNoFlag(word)) read.push(word)
    else if (before !== undefined && takesValue(before)) read[read.length - 1] = `${before}=${word}`
    else {
      const message = `${word} is no flag: one of a single letter stands alone, and what begins with a dash and is none stands behind --`
      return Effect.fail(new UsageError({ reason: "UnrecognizedOption", message }))
    }
  }
  return Effect.succeed(end === -1 ? read : [...read, ...words.slice(end)])
}
