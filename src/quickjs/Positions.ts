/** A place in a text: lines and columns are counted from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A line and column of a text, and the line and column that it comes from. */
export type Segment = readonly [line: number, column: number, fromLine: number, fromColumn: number]

/**
 * Where a text comes from: at each segment, and from there to the end of its line, column by column; on later lines,
 * line by line with columns as they are. Before the first segment both texts are the same. In ascending order.
 */
export type Segments = ReadonlyArray<Segment>

/** The steps from a text back to the one that it was made of. Plain JSON, and empty where no place has moved. */
export type Positions = ReadonlyArray<Segments>

const back = (segments: Segments, { column, line }: Position): Position => {
  const last = segments.findLast(([atLine, atColumn]) => atLine < line || (atLine === line && atColumn <= column))
  if (last === undefined) return { line, column }
  const [atLine, atColumn, fromLine, fromColumn] = last
  if (atLine === line) return { line: fromLine, column: fromColumn + column - atColumn }
  return { line: fromLine + line - atLine, column }
}

/** Follows a place of the code that is run back to the source. */
export const sourcePosition = (positions: Positions, line: number, column: number): Position =>
  positions.reduce<Position>((position, segments) => back(segments, position), { line, column })

/** Finds the places of offsets in a text. */
export const places = (text: string): ((offset: number) => Position) => {
  const starts = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

const engineSegmentsMax = 4_096
const restWithoutCode = /[;)}\t ]*(?:\n|$)/y
const isAscii = (text: string): boolean => !/[\u0080-\uffff]/.test(text)

const bytesBeyondUnits = (text: string): number => {
  let beyond = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const hasOneBeyond = unit < 0x800 || (unit >= 0xd800 && unit < 0xe000)
    beyond += hasOneBeyond ? 1 : 2
  }
  return beyond
}

/**
 * From the places that the engine reports, whose columns count UTF-8 bytes, to places of the code. Exact behind the last
 * character of a row of characters beyond ASCII; after many thousand such rows columns are left as they are.
 */
const fromEngine = (code: string): Segments => {
  if (isAscii(code)) return []
  const segments: Array<Segment> = []
  const place = places(code)
  let beyond = 0
  let currentLine = 0
  for (const { 0: row, index } of code.matchAll(/[\u0080-\uffff]+/g)) {
    const { column, line } = place(index + row.length)
    if (line !== currentLine) beyond = 0
    currentLine = line
    beyond += bytesBeyondUnits(row)
    if (code[index + row.length] === "\n") continue
    if (segments.push([line, column + beyond, line, column]) === engineSegmentsMax) return segments
  }
  return segments
}

/** The steps from what the engine reports to the source, without those that move nothing. */
export const positionsOf = (code: string, ...steps: ReadonlyArray<Segments>): Positions =>
  [fromEngine(code), ...steps].filter((segments) => segments.length > 0)

/** A text that is made of pieces of another, and remembers where they come from. */
export class Rewriting {
  readonly #source: string
  readonly #pieces: Array<{ readonly at: number; readonly from: number }> = []
  #text = ""
  #shift = 0

  constructor(source: string) {
    this.#source = source
  }

  get text(): string {
    return this.#text
  }

  copy(from: number, to: number): void {
    if (from === to) return
    if (this.#text.length - from !== this.#shift) this.#note(from)
    this.#text += this.#source.slice(from, to)
  }

  /** Adds a text that is not in the source. What the engine reports of it is said to come from `from`. */
  insert(text: string, from?: number): void {
    if (from !== undefined) this.#note(from)
    this.#text += text
  }

  #note(from: number): void {
    this.#shift = this.#text.length - from
    this.#pieces.push({ at: this.#text.length, from })
  }

  /** A piece that ends its line without any code needs no segment: what is behind it stands where it stood. */
  segments(): Segments {
    if (this.#pieces.length === 0) return []
    const segments: Array<Segment> = []
    const [placeInText, placeInSource] = [places(this.#text), places(this.#source)]
    for (const { at, from } of this.#pieces) {
      const [to, origin] = [placeInText(at), placeInSource(from)]
      restWithoutCode.lastIndex = at
      if (!restWithoutCode.test(this.#text)) segments.push([to.line, to.column, origin.line, origin.column])
    }
    return segments
  }
}
