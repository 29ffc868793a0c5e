/** Bytes in a row, little-endian. */
export class ByteWriter {
  #bytes = Buffer.alloc(4_096)
  #length = 0

  byte(value: number): void {
    this.#length = this.#room(1).writeUInt8(value, this.#length)
  }

  /** A whole number below 2^32. */
  count(value: number): void {
    this.#length = this.#room(4).writeUInt32LE(value, this.#length)
  }

  double(value: number): void {
    this.#length = this.#room(8).writeDoubleLE(value, this.#length)
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length).set(value, this.#length)
    this.#length += value.length
  }

  /** Well-formed text, with its length in bytes before it. */
  text(value: string): void {
    const bytes = Buffer.from(value)
    this.count(bytes.length)
    this.bytes(bytes)
  }

  /** What was written, in memory of its own. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes.subarray(0, this.#length))
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#bytes.length) {
      const more = Buffer.alloc(Math.max(this.#length + bytes, 2 * this.#bytes.length))
      this.#bytes.copy(more, 0, 0, this.#length)
      this.#bytes = more
    }
    return this.#bytes
  }
}
