import type { Output } from "../machine/Turn.ts"

/** In how many pieces a turn may be printed, however short they are. */
const piecesMax = 16_384

/** The longest beginning of a text that has at most so many bytes and ends with a whole character. */
const fitting = (text: string, bytesMax: number): string => {
  const bytes = Buffer.from(text)
  let end = bytesMax
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString("utf8", 0, end)
}

/**
 * The console output of a run. Pieces of one stream that follow each other are joined until they are flushed.
 *
 * Of more than is allowed as much as fits is kept, and a mark stands for the rest, once in a run.
 */
export class Printer {
  readonly #bytesMax: number
  readonly #onOutput: (output: Output) => void
  /** More than `bytesMax` once there is a mark. */
  #bytes = 0
  #pieces: Array<Output> = []
  #held: Output | undefined
  #isCut = false

  constructor(bytesMax: number, onOutput: (output: Output) => void) {
    this.#bytesMax = bytesMax
    this.#onOutput = onOutput
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether the mark was printed in this turn. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** A run begins, or goes on after it has printed so many bytes. */
  begin(bytes: number): void {
    this.#bytes = bytes
  }

  /** Refuses what comes after the mark. */
  print(stream: Output["stream"], text: string): "accepted" | "refused" {
    if (this.#bytes > this.#bytesMax) return "refused"
    const room = this.#bytesMax - this.#bytes
    const length = Buffer.byteLength(text)
    if (length <= room && this.#pieces.length < piecesMax) {
      this.#bytes += length
      this.#hold(stream, text)
      return "accepted"
    }
    this.#bytes = this.#bytesMax + 1
    this.#isCut = true
    this.#hold(stream, `${fitting(text, Math.min(room, length))}\n[output truncated at ${this.#bytesMax} bytes]\n`)
    return "refused"
  }

  /** Hands on what is held. */
  flush(): void {
    if (this.#held === undefined) return
    const held = this.#held
    this.#held = undefined
    this.#pieces.push(held)
    this.#onOutput(held)
  }

  /** Ends a turn: all that was printed in it. */
  take(): ReadonlyArray<Output> {
    this.flush()
    const pieces = this.#pieces
    this.#pieces = []
    this.#isCut = false
    return pieces
  }

  #hold(stream: Output["stream"], text: string): void {
    if (this.#held !== undefined && this.#held.stream !== stream) this.flush()
    this.#held = { stream, text: (this.#held?.text ?? "") + text }
  }
}
