/** The bytes end before what was to be read, or are no text. */
export class Unreadable {
  readonly detail: string

  constructor(detail: string) {
    this.detail = detail
  }
}

/** Reads what a `ByteWriter` wrote. Throws `Unreadable`; allocates nothing before it knows that the bytes are there. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#skip(1))
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#skip(4))
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#skip(8))
  }

  /** A view of so many bytes. */
  bytes(length: number): Uint8Array {
    const at = this.#skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  text(bytesMax: number): string {
    const length = this.count()
    if (length > bytesMax) throw new Unreadable(`a text of ${length} bytes`)
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(length))
    } catch (cause) {
      throw cause instanceof Unreadable ? cause : new Unreadable("a text that is not UTF-8")
    }
  }

  #skip(length: number): number {
    const at = this.#at
    if (length > this.#bytes.length - at) throw new Unreadable(`it ends after ${this.#bytes.length} bytes`)
    this.#at += length
    return at
  }
}
