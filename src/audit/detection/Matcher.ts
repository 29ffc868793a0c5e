/**
 * Finds many texts in one pass over another (Aho-Corasick). The place where the search stands is a number: it can be put aside
 * and taken up again, so that a text which arrives in pieces is searched as if it were whole.
 *
 * Capital letters are read as small ones, on both sides. Patterns are ASCII.
 */

const start = 0
const codes = 128

const small = (code: number): number => (code > 64 && code < 91 ? code + 32 : code)

export interface Pattern<Meaning> {
  readonly text: string
  readonly meaning: Meaning
}

/** A search that has not begun, or that is between two finds. */
export const beginning = start

export class Matcher<Meaning> {
  readonly #meanings: Array<ReadonlyArray<Meaning>> = [[]]
  /** The column of each code in a row of `#next`; 0 is for all codes that no pattern has. */
  readonly #columns = new Uint8Array(codes)
  /** The next state for every state and column once it is closed; before, the tree of patterns, with 0 for none. */
  readonly #next: Array<Int32Array> = []
  readonly #depths: Array<number> = [0]
  readonly #width: number

  constructor(patterns: ReadonlyArray<Pattern<Meaning>>) {
    const used = new Set(patterns.flatMap(({ text }) => Array.from(text, (letter) => small(letter.charCodeAt(0)))))
    for (const [index, code] of [...used].entries()) this.#columns[code] = index + 1
    for (let code = 65; code < 91; code++) this.#columns[code] = this.#columns[code + 32] ?? 0
    this.#width = used.size + 1
    this.#next.push(new Int32Array(this.#width))
    for (const pattern of patterns) this.#add(pattern)
    this.#close()
  }

  /** How many characters of some pattern the search has behind it. */
  depth(state: number): number {
    return this.#depths[state] ?? 0
  }

  /**
   * Searches a text from a state on, reports each find with the index behind its last character, and gives the state at the end.
   */
  search(text: string, state: number, found: (meaning: Meaning, end: number) => void): number {
    const columns = this.#columns
    const next = this.#next
    let current = state
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index)
      const column = code < codes ? (columns[code] ?? 0) : 0
      current = column === 0 ? start : (next[current]?.[column] ?? start)
      if (current === start) continue
      const meanings = this.#meanings[current]
      if (meanings === undefined || meanings.length === 0) continue
      for (const meaning of meanings) found(meaning, index + 1)
    }
    return current
  }

  #add({ meaning, text }: Pattern<Meaning>): void {
    let state = start
    for (let index = 0; index < text.length; index++) {
      const column = this.#columns[text.charCodeAt(index)] ?? 0
      state = this.#next[state]?.[column] || this.#grow(state, column, index + 1)
    }
    this.#meanings[state] = [...(this.#meanings[state] ?? []), meaning]
  }

  #grow(from: number, column: number, depth: number): number {
    const state = this.#next.push(new Int32Array(this.#width)) - 1
    this.#next[from]?.fill(state, column, column + 1)
    this.#meanings.push([])
    this.#depths.push(depth)
    return state
  }

  /** Level by level: where a state has no successor it goes where its longest proper suffix goes, and it finds what that finds. */
  #close(): void {
    const suffixes = new Int32Array(this.#next.length)
    const queue: Array<number> = [start]
    for (const state of queue) {
      const row = this.#next[state] ?? new Int32Array(this.#width)
      const ofSuffix = this.#next[suffixes[state] ?? start] ?? row
      for (let column = 1; column < this.#width; column++) {
        const child = row[column] ?? start
        const fallback = state === start ? start : (ofSuffix[column] ?? start)
        if (child === start) {
          row[column] = fallback
          continue
        }
        suffixes[child] = fallback
        this.#meanings[child] = [...(this.#meanings[child] ?? []), ...(this.#meanings[fallback] ?? [])]
        queue.push(child)
      }
    }
  }
}
