/** Takes secrets out of texts, and out of streams of text. */
import { builtIn } from "./BuiltIn.ts"
import { type Detector, lookBehind } from "./Detector.ts"
import * as SecretPattern from "./SecretPattern.ts"

/** What is to be taken out: a kind that is known by its name, a text, or what has a prefix and a run of characters. */
export type Secret =
  | { readonly _tag: "Kind"; readonly name: string }
  | { readonly _tag: "Literal"; readonly name: string; readonly text: string }
  | ({ readonly _tag: "Pattern"; readonly name: string } & SecretPattern.SecretPattern)

/** What a policy says about output. */
export interface Output {
  /** How much of it may be kept, in bytes. */
  readonly maxBytes?: number
  readonly redact: ReadonlyArray<Secret>
}

const detectors = new WeakMap<Output, ReadonlyArray<Detector>>()

const toDetectors = (secret: Secret): ReadonlyArray<Detector> => {
  switch (secret._tag) {
    case "Kind":
      return builtIn.get(secret.name) ?? []
    case "Literal":
      return [SecretPattern.literal(secret.name, secret.text)]
    case "Pattern":
      return [SecretPattern.detector(secret.name, secret)]
  }
}

const detectorsOf = (output: Output): ReadonlyArray<Detector> => {
  const made = detectors.get(output) ?? output.redact.flatMap(toDetectors)
  detectors.set(output, made)
  return made
}

/** What of a stream has not been given out. Plain data, of at most 16 385 characters. */
export interface Held {
  /** With the characters before it that have a part in what it is. */
  readonly text: string
  /** Where in the text it begins. */
  readonly from: number
  /** Up to where the text belongs to a secret that has been given out as one. */
  readonly until: number
}

const escaped = (text: string): string => text.replaceAll(/[^A-Za-z0-9]/g, "\\$&")

/** What a text with a secret matches at least, so that most texts need not be looked through for each kind. */
const hints = new WeakMap<Output, RegExp>()

const hintOf = (output: Output): RegExp => {
  const known = hints.get(output)
  if (known !== undefined) return known
  const either = detectorsOf(output).map(({ hint = "", prefix }) => (prefix === undefined ? hint : escaped(prefix)))
  const hint = new RegExp(either.join("|"))
  hints.set(output, hint)
  return hint
}

/** Of a stream that has not begun. */
export const nothing: Held = { text: "", from: 0, until: 0 }

interface Piece {
  readonly text: string
  readonly held: Held
}

const redactFrom = (output: Output, { from, text, until: given }: Held, isEnd: boolean): Piece => {
  const scans = detectorsOf(output).map(({ name, scan }) => ({ name, ...scan(text, from, isEnd) }))
  const settled = scans.reduce((least, { settled }) => Math.min(least, settled), text.length)
  const spans = scans
    .flatMap(({ name, spans }) => spans.map((span) => ({ ...span, name })))
    .filter((span) => span.from < settled)
    .sort((left, right) => left.from - right.from || right.to - left.to)
  let until = Math.max(from, given)
  let told = ""
  for (const span of spans) {
    if (span.from >= until) told += `${text.slice(until, span.from)}[redacted: ${span.name}]`
    until = Math.max(until, span.to)
  }
  if (until < settled) told += text.slice(until, settled)
  const cut = Math.max(0, settled - lookBehind)
  return {
    text: told,
    held: { text: text.slice(cut), from: settled - cut, until: Math.max(until, settled) - cut }
  }
}

/** A text in which `[redacted: name]` stands for each secret. Linear in the text. */
export const redact = (output: Output, text: string): string =>
  output.redact.length === 0 || !hintOf(output).test(text) ? text : redactFrom(output, { ...nothing, text }, true).text

/**
 * Takes the next piece of a stream, and gives out what is settled of it. A secret across two pieces is found as in the whole: all
 * that is given out, with what `finish` gives, is what `redact` gives for the whole text.
 */
export const push = (output: Output, held: Held, piece: string): Piece =>
  redactFrom(output, { ...held, text: `${held.text}${piece}` }, false)

/** Gives out the rest of a stream. */
export const finish = (output: Output, held: Held): string => redactFrom(output, held, true).text
