import { hash } from "node:crypto"

/** A chunk of at least so many bytes has an identity; a smaller one is cheaper to write down than to look up. */
export const identifiedBytesMin = 4_096

/**
 * Some bytes of a file, which never change. They are in shared memory, so that a chunk can be given to another thread, and stand in
 * several trees, without a copy.
 */
export class Chunk {
  readonly bytes: Uint8Array<SharedArrayBuffer>
  #digest: string | undefined

  constructor(bytes: Uint8Array<SharedArrayBuffer>) {
    this.bytes = bytes
  }

  /** SHA-256 in hexadecimal; computed once. */
  get digest(): string {
    this.#digest ??= hash("sha256", this.bytes)
    return this.#digest
  }

  get isIdentified(): boolean {
    return this.bytes.length >= identifiedBytesMin
  }
}

const isShared = (bytes: Uint8Array): bytes is Uint8Array<SharedArrayBuffer> =>
  bytes.buffer instanceof SharedArrayBuffer && bytes.length === bytes.buffer.byteLength

/** A chunk of several pieces in a row, copied. */
export const joined = (pieces: ReadonlyArray<Uint8Array>): Chunk => {
  const bytes = new Uint8Array(new SharedArrayBuffer(pieces.reduce((sum, piece) => sum + piece.length, 0)))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return new Chunk(bytes)
}

/** A chunk of bytes that nobody will change; those that were a chunk before are not copied. */
export const adopted = (bytes: Uint8Array): Chunk => (isShared(bytes) ? new Chunk(bytes) : joined([bytes]))
