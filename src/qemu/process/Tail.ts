/** The end of what a process says, of which there may be any amount. */
export class Tail {
  readonly #bytesMax: number
  #pieces: Array<Uint8Array> = []
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(piece: Uint8Array): void {
    const kept = piece.subarray(Math.max(0, piece.length - this.#bytesMax)).slice()
    this.#pieces.push(kept)
    this.#bytes += kept.length
    // Twice what is asked for may be held, so that bytes are not moved for each piece.
    if (this.#bytes > 2 * this.#bytesMax || this.#pieces.length > 256) this.#trim()
  }

  #trim(): void {
    const all = Buffer.concat(this.#pieces)
    const kept = all.subarray(Math.max(0, all.length - this.#bytesMax))
    this.#pieces = [Uint8Array.from(kept)]
    this.#bytes = kept.length
  }

  /** What was said last, with control characters shown as spaces: it may be shown to people. */
  get text(): string {
    this.#trim()
    const text = Buffer.from(this.#pieces[0] ?? []).toString("utf8")
    return [...text].map((character) => (/[\p{Cc}]/u.test(character) && character !== "\n" ? " " : character)).join("")
  }
}
