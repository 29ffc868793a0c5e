/**
 * The texts that all others are searched for: honeytokens in the forms in which they leave, and the phrases by which a document
 * gives orders to an agent that only meant to read it.
 */
import * as Disguise from "./Disguise.ts"
import { Matcher, type Pattern } from "./Matcher.ts"
import type { Honeytoken } from "./Settings.ts"

export const pieceLength = 6

/** Of a token without its other characters, if they are to be looked for by themselves. */
const lettersMin = 12

export type Mark =
  | { readonly _tag: "Token"; readonly token: number; readonly form: string }
  /** Some characters of a token, from a position on. */
  | { readonly _tag: "Piece"; readonly token: number; readonly position: number }
  | { readonly _tag: "Order" }

/**
 * What takes over an agent says so, more or less: it has to unsay its instructions, or to keep the person out of it. One such
 * phrase proves nothing, and raises nothing by itself: see the rule `redirect`.
 */
const orders = [
  "ignore previous instructions",
  "ignore all previous",
  "ignore the previous",
  "ignore your previous",
  "ignore your instructions",
  "ignore prior instructions",
  "ignore all prior",
  "disregard previous",
  "disregard the previous",
  "disregard all previous",
  "disregard all prior",
  "disregard your instructions",
  "forget your instructions",
  "forget previous instructions",
  "forget all previous",
  "override your instructions",
  "new instructions:",
  "new instructions for",
  "updated instructions",
  "system prompt",
  "system override",
  "[system]",
  "<system>",
  "system:",
  "instructions to the assistant",
  "instructions for the assistant",
  "instruction for ai",
  "instructions for ai",
  "note to ai",
  "note to the ai",
  "ai agents must",
  "ai assistants must",
  "dear ai",
  "attention ai",
  "attention assistant",
  "as an ai agent",
  "you are now",
  "do not tell the user",
  "don't tell the user",
  "do not inform the user",
  "do not mention this",
  "without telling the user",
  "without asking the user",
  "without user confirmation",
  "do not ask for confirmation",
  "begin hidden instructions",
  "important instruction"
]

/** The parts of a base64 text that do not depend on what stands before and behind it. */
const inBase64 = (value: string): ReadonlyArray<string> =>
  [0, 1, 2].map((before) => {
    const text = Buffer.from("\0".repeat(before) + value, "latin1").toString("base64")
    const whole = Math.floor(((before + value.length) * 8) / 6)
    return text.slice(Math.ceil((before * 8) / 6), whole)
  })

const forms = (value: string): ReadonlyArray<readonly [form: string, text: string]> => {
  const aligned = inBase64(value)
  const letters = value.replace(/[^A-Za-z0-9]+/g, "")
  return [
    ["plain", value],
    ...(letters.length < lettersMin || letters === value ? [] : [["plain", letters] as const]),
    ["reversed", Disguise.reversed(value)],
    ["hex", Buffer.from(value, "latin1").toString("hex")],
    ...aligned.map((text) => ["base64", text] as const),
    ...aligned
      .filter((text) => /[+/]/.test(text))
      .map((text) => ["base64", text.replaceAll("+", "-").replaceAll("/", "_")] as const)
  ]
}

const patternsOf = ({ value }: Honeytoken, token: number): ReadonlyArray<Pattern<Mark>> => [
  ...forms(value).map(([form, text]): Pattern<Mark> => ({ text, meaning: { _tag: "Token", token, form } })),
  ...Array.from(
    { length: value.length - pieceLength + 1 },
    (_, position): Pattern<Mark> => ({
      text: value.slice(position, position + pieceLength),
      meaning: { _tag: "Piece", token, position }
    })
  )
]

/** A search for everything at once. Its memory grows by about 150 kB for each honeytoken of 40 characters. */
export const compile = (honeytokens: ReadonlyArray<Honeytoken>): Matcher<Mark> =>
  new Matcher<Mark>([
    ...honeytokens.flatMap(patternsOf),
    ...orders.map((text): Pattern<Mark> => ({ text, meaning: { _tag: "Order" } }))
  ])
