/**
 * Recognises what was read in what is sent, without keeping it. A text is its letters and digits, small ones; every run of twelve
 * of them has a hash. A sketch keeps those hashes until it is full, then every second of them, then every fourth: what it still
 * has stands for the rest. So its memory is fixed, nothing is forgotten for being old, and only the resolution suffers.
 */
import { spread } from "./Hash.ts"

/** Letters and digits that have to be the same before they count: shorter runs are words that everybody uses. */
export const runLength = 12

const factor = 0x0100_0193

const leading = ((): number => {
  let power = 1
  for (let step = 0; step < runLength; step++) power = Math.imul(power, factor)
  return power
})()

export interface Sketch {
  /** How often the number of hashes was halved. */
  readonly halvings: number
  readonly size: number
  /** An open-addressing table; 0 is an empty place. */
  readonly table: Uint32Array
}

const smallest = 64
/** What one hash can stand for: otherwise a phrase that happens to be kept would count as pages. */
const weightMax = 64

export const empty: Sketch = { halvings: 0, size: 0, table: new Uint32Array(smallest) }

/** The code of a letter or digit, small; 0 of anything else. What is beyond ASCII counts as a letter. */
const letter = (code: number): number => {
  if (code > 96) return code === 123 || code === 124 || code === 125 || code === 126 || code === 127 ? 0 : code
  if (code > 64 && code < 91) return code + 32
  return code > 47 && code < 58 ? code : 0
}

/** The hash of each run of a text, in order. */
const eachRun = (text: string, visit: (hash: number) => void): void => {
  const last = new Uint16Array(runLength)
  let hash = 0
  let seen = 0
  for (let index = 0; index < text.length; index++) {
    const code = letter(text.charCodeAt(index))
    if (code === 0) continue
    const place = seen % runLength
    hash = (Math.imul(hash, factor) + code - Math.imul(last[place] ?? 0, leading)) | 0
    last[place] = code
    seen += 1
    if (seen >= runLength) visit(spread(hash) || 1)
  }
}

const isKept = (hash: number, halvings: number): boolean => halvings === 0 || hash >>> (32 - halvings) === 0

const placeOf = (table: Uint32Array, hash: number): number => {
  const mask = table.length - 1
  let place = hash & mask
  for (;;) {
    const found = table[place]
    if (found === 0 || found === hash) return place
    place = (place + 1) & mask
  }
}

const rebuilt = (table: Uint32Array, length: number, halvings: number) => {
  const next = new Uint32Array(length)
  let size = 0
  for (const hash of table) {
    if (hash === 0 || !isKept(hash, halvings)) continue
    next[placeOf(next, hash)] = hash
    size += 1
  }
  return { table: next, size }
}

/** A sketch that also knows a text; at most `most` hashes. The given one stays as it is. */
export const add = (sketch: Sketch, text: string, most: number): Sketch => {
  let { halvings, size, table } = sketch
  let isOwn = false
  eachRun(text, (hash) => {
    if (!isKept(hash, halvings) || table[placeOf(table, hash)] === hash) return
    if (!isOwn) table = table.slice()
    isOwn = true
    table[placeOf(table, hash)] = hash
    size += 1
    while (size > most) {
      halvings += 1
      const halved = rebuilt(table, table.length, halvings)
      table = halved.table
      size = halved.size
    }
    if (size * 2 > table.length) table = rebuilt(table, table.length * 2, halvings).table
  })
  return isOwn ? { halvings, size, table } : sketch
}

/**
 * How many characters of a text are in runs that the sketch knows: exactly, until it was halved. From then on it is an estimate
 * which is too low for short pieces, since it counts where runs begin, and after reading very much too low for all.
 */
export const copied = ({ halvings, size, table }: Sketch, text: string): number => {
  if (size === 0) return 0
  let characters = 0
  let position = 0
  let last = Number.NEGATIVE_INFINITY
  eachRun(text, (hash) => {
    position += 1
    if (!isKept(hash, halvings) || table[placeOf(table, hash)] !== hash) return
    characters += halvings === 0 ? Math.min(runLength, position - last) : Math.min(weightMax, 2 ** halvings)
    last = position
  })
  return characters
}
