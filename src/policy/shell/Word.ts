/** One word of a command, as far as its text can be told without running anything. */
import * as Glob from "../Glob.ts"

export interface Word {
  /** Its text, with a gap for every expansion. */
  readonly text: Glob.Glob
  /** Whether a shell may make several words of it, or none. */
  readonly splits: boolean
  /** Whether names of files may take its place. */
  readonly expands: boolean
  /** Whether some shells read it otherwise, so that a script in it is another one for them. */
  readonly varies: boolean
  /** Feeds whose text it holds. */
  readonly sources: ReadonlyArray<number>
}

/** Characters of which shells know nothing stand for what is not a character of a word. */
export const marks = { open: "\uE000", comma: "\uE001", close: "\uE002", gap: "\uE003" } as const

export const hasMarks = (text: string): boolean => /[\uE000-\uE003]/.test(text)

const lengthMax = 4_096
const alternativesMax = 64
const stepsMax = 256

export const literal = (text: string): Word => ({
  text: [text],
  splits: false,
  expands: false,
  varies: false,
  sources: []
})

/** A word that is not known. */
export const something: Word = { ...literal(""), text: ["", ""] }

/** Any number of words that are not known. */
export const anything: Word = { ...something, splits: true }

/** The text of a word of which all is known. */
export const known = ({ expands, splits, text }: Word): string | undefined =>
  Glob.isLiteral(text) && !splits && !expands ? text[0] : undefined

/** Whether it may be a flag, though it does not begin like one. A name of a file with a dot or a slash in it is none. */
export const mayBeFlag = ({ splits, text }: Word): boolean => {
  if (splits) return true
  return text[0] === "" && !Glob.isLiteral(text) && !/[./]/.test(text.join(""))
}

interface Brace {
  readonly open: number
  readonly commas: Array<number>
}

/** The first pair of braces that stand for alternatives, as the places of its marks. */
const firstBrace = (text: string): ReadonlyArray<number> | undefined => {
  const stack: Array<Brace> = []
  let first: ReadonlyArray<number> | undefined
  let dots = -1
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === "." && text[at + 1] === ".") dots = at
    else if (character === marks.open) stack.push({ open: at, commas: [] })
    else if (character === marks.comma) stack.at(-1)?.commas.push(at)
    else if (character === marks.close) {
      const brace = stack.pop()
      if (brace === undefined) continue
      const isSequence = brace.commas.length === 0 && dots > brace.open
      if ((brace.commas.length > 0 || isSequence) && (first === undefined || brace.open < (first[0] ?? 0))) {
        first = [brace.open, ...brace.commas, at]
      }
    }
  }
  return first
}

/** The texts that braces stand for; undefined for too many. A sequence such as `{1..9}` is a gap. */
const alternatives = (text: string): ReadonlyArray<string> | undefined => {
  const done: Array<string> = []
  const left = [text]
  for (let steps = 0; left.length > 0; steps++) {
    if (steps > stepsMax || done.length + left.length > alternativesMax) return undefined
    const next = left.pop() ?? ""
    const brace = firstBrace(next)
    if (brace !== undefined && brace.length > alternativesMax) return undefined
    if (brace === undefined) {
      done.push(next)
      continue
    }
    const [before, after] = [next.slice(0, brace[0]), next.slice((brace.at(-1) ?? 0) + 1)]
    const inner =
      brace.length === 2 ? [marks.gap] : brace.slice(1).map((end, index) => next.slice((brace[index] ?? 0) + 1, end))
    for (const alternative of inner.toReversed()) left.push(`${before}${alternative}${after}`)
  }
  return done
}

/** A text in which braces stand for themselves. */
export const unmarked = (text: string): string =>
  text.replaceAll(marks.open, "{").replaceAll(marks.comma, ",").replaceAll(marks.close, "}")

const toGlob = (text: string): Glob.Glob => {
  const [first = "", ...rest] = unmarked(text).split(marks.gap)
  return [first, ...rest]
}

/** The words that a text with marks stands for: one for each alternative of its braces. */
export const fromMarked = (text: string, about: Omit<Word, "text">): ReadonlyArray<Word> => {
  if (!text.includes(marks.close)) return [{ ...about, text: toGlob(text) }]
  const texts = text.length > lengthMax ? undefined : alternatives(text)
  // Not all shells know braces.
  const varies = about.varies || texts?.length !== 1
  return texts?.map((text) => ({ ...about, varies, text: toGlob(text) })) ?? [{ ...anything, sources: about.sources }]
}

/** A word as a text in which gaps are marked, to be read as a script. */
export const toMarked = ({ splits, text, varies }: Word): string =>
  (splits || varies) && Glob.isLiteral(text) ? `${text[0]}${marks.gap}` : text.join(marks.gap)

const lengthShown = 64

/** How a word looks to a person: what is not known of it is an ellipsis. */
export const format = ({ text }: Word): string => {
  const whole = text.join("…")
  return whole.length > lengthShown ? `${whole.slice(0, lengthShown).toWellFormed()}…` : whole
}
