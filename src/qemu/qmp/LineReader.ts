import * as Result from "effect/Result"
import { QmpMalformed } from "./QmpError.ts"

/** Bytes of one line. The longest honest answer, that to `query-qmp-schema`, has a fifth of it and is never asked for. */
export const lineBytesMax = 1_048_576

const lineFeed = 0x0a

/**
 * Cuts the bytes of a QMP connection into lines, wherever they are cut themselves.
 *
 * L1. It never holds more than one line of `lineBytesMax` bytes; a longer one is an error, and ends the reading for good.
 * L2. A line is valid UTF-8 or an error. Its end, and a carriage return before that, are no part of it; empty lines are nothing.
 */
export class LineReader {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  #pieces: Array<Uint8Array> = []
  #held = 0
  #failure: QmpMalformed | undefined

  push(bytes: Uint8Array): Result.Result<ReadonlyArray<string>, QmpMalformed> {
    const lines: Array<string> = []
    let at = 0
    while (this.#failure === undefined && at < bytes.length) {
      const found = bytes.indexOf(lineFeed, at)
      const end = found === -1 ? bytes.length : found
      this.#hold(bytes.subarray(at, end))
      if (found !== -1) this.#finish(lines)
      at = end + 1
    }
    return this.#failure === undefined ? Result.succeed(lines) : Result.fail(this.#failure)
  }

  #hold(piece: Uint8Array): void {
    this.#held += piece.length
    if (this.#held > lineBytesMax) this.#fail(`a line of more than ${lineBytesMax} bytes`)
    else if (piece.length > 0) this.#pieces.push(piece.slice())
  }

  #finish(lines: Array<string>): void {
    if (this.#failure !== undefined) return
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#held = 0
    try {
      const line = this.#decoder.decode(bytes).replace(/\r$/, "")
      if (line !== "") lines.push(line)
    } catch {
      this.#fail("a line that is not UTF-8")
    }
  }

  #fail(detail: string): void {
    this.#failure = new QmpMalformed({ detail })
    this.#pieces = []
  }
}
