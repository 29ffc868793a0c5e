/**
 * What finds one kind of secret in a text that may not be all there yet.
 *
 * Whether a secret begins at a place is told by the character before it and those behind it, up to the longest length of its
 * kind. It may overlap others of its kind. So a text in pieces has the same secrets as the whole text. No detector takes
 * more than linear time.
 */
export interface Detector {
  readonly name: string
  /** What every secret of the kind begins with; absent where that cannot be said. */
  readonly prefix?: string
  /** Where it cannot: an expression that every text with such a secret matches, found in linear time. */
  readonly hint?: string
  readonly scan: (text: string, from: number, isEnd: boolean) => Scan
}

export interface Span {
  readonly from: number
  readonly to: number
}

export interface Scan {
  /** Secrets that begin at `from` or behind it. */
  readonly spans: ReadonlyArray<Span>
  /** From here on, more text may change what there is. */
  readonly settled: number
}

/** How many characters before a place have a part in what begins there. */
export const lookBehind = 1

/** The longest secret that is found. Of a longer one, this much is. */
export const lengthMax = 16_384

/** The characters that a run is made of. */
export const charsets = {
  digits: "0-9",
  hex: "0-9A-Fa-f",
  upper: "A-Z0-9",
  alphanumeric: "A-Za-z0-9",
  word: "A-Za-z0-9_-",
  dotted: "A-Za-z0-9_.-",
  base64: "A-Za-z0-9+/=",
  visible: "!-~"
} as const
export type Charset = keyof typeof charsets

const tables = new Map<Charset, ReadonlyArray<boolean>>()

const tableOf = (charset: Charset): ReadonlyArray<boolean> => {
  const known = tables.get(charset)
  if (known !== undefined) return known
  const pattern = new RegExp(`[${charsets[charset]}]`)
  const table = Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)))
  tables.set(charset, table)
  return table
}

/** Finds the end of the run of characters that a place is in. What it has found it does not look for again. */
export const runs = (text: string, charset: Charset): ((at: number) => number) => {
  const table = tableOf(charset)
  let known: Span = { from: 0, to: -1 }
  return (at) => {
    if (at >= known.from && at <= known.to) return known.to
    let to = at
    while (to < text.length && table[text.charCodeAt(to)] === true) to++
    known = { from: at, to }
    return to
  }
}

/** The places at which a text has a prefix, and at its end where it may have it once there is more. */
export const places = (text: string, prefix: string, from: number): { all: ReadonlyArray<number>; partial: number } => {
  const all: Array<number> = []
  for (let at = text.indexOf(prefix, from); at !== -1; at = text.indexOf(prefix, at + 1)) all.push(at)
  let partial = Math.max(from, text.length - prefix.length + 1)
  while (partial < text.length && !prefix.startsWith(text.slice(partial))) partial++
  return { all, partial }
}
