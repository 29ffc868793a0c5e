import { decodeHead, type Frame, frameBytesMax, type Head, headBytes, isWhole, magic } from "./Frame.ts"

/**
 * What stood between frames, or in place of one. `Noise`: bytes that begin no frame. `Damaged`: a frame whose payload is not what
 * its head promised. `Unknown`: a frame of a kind that this version does not know.
 */
export interface Broken {
  readonly _tag: "Broken"
  readonly reason: "Noise" | "Damaged" | "Unknown"
  readonly bytes: number
}

/** One thing that was read. */
export type Item = { readonly _tag: "Frame"; readonly frame: Frame } | Broken

/** Whether a frame may begin at a place, as far as its bytes are there. */
const mayBegin = (bytes: Uint8Array): boolean => {
  for (let index = 0; index < magic.length && index < bytes.length; index++) {
    if (bytes[index] !== magic[index]) return false
  }
  return true
}

/**
 * Cuts what comes over a channel into frames, whoever sent it and wherever it begins.
 *
 * R1. It never holds more than two frames, and never reads a byte more than a few times, however the bytes are cut.
 * R2. After a head that can be believed, its payload is passed over as a whole: no frame is ever found inside of another one.
 * R3. Zeros between frames are nothing. Other bytes between frames are told as `Noise`, once for all that come together.
 */
export class FrameReader {
  readonly #buffer = new Uint8Array(2 * frameBytesMax)
  #start = 0
  #end = 0
  #head: Head | undefined
  #noise = 0

  /** Takes the next bytes and gives what is complete with them. */
  push(bytes: Uint8Array): ReadonlyArray<Item> {
    const items: Array<Item> = []
    let at = 0
    while (at < bytes.length) {
      at += this.#fill(bytes.subarray(at))
      while (this.#step(items)) {}
    }
    this.#tellNoise(items)
    return items
  }

  #fill(bytes: Uint8Array): number {
    if (this.#start > frameBytesMax || this.#start === this.#end) {
      this.#buffer.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
    const taken = bytes.subarray(0, this.#buffer.length - this.#end)
    this.#buffer.set(taken, this.#end)
    this.#end += taken.length
    return taken.length
  }

  /** Whether there was anything to do. */
  #step(items: Array<Item>): boolean {
    return this.#head === undefined ? this.#findHead() : this.#finish(this.#head, items)
  }

  #findHead(): boolean {
    while (this.#start < this.#end && !mayBegin(this.#buffer.subarray(this.#start, this.#end))) this.#skip()
    if (this.#end - this.#start < headBytes) return false
    this.#head = decodeHead(this.#buffer.subarray(this.#start, this.#start + headBytes))
    if (this.#head === undefined) this.#skip()
    return true
  }

  #skip(): void {
    if (this.#buffer[this.#start] !== 0) this.#noise++
    this.#start++
  }

  #finish(head: Head, items: Array<Item>): boolean {
    const end = this.#start + headBytes + head.payloadBytes
    if (this.#end < end) return false
    const payload = this.#buffer.slice(this.#start + headBytes, end)
    this.#start = end
    this.#head = undefined
    this.#tellNoise(items)
    items.push(itemOf(head, payload))
    return true
  }

  #tellNoise(items: Array<Item>): void {
    if (this.#noise > 0) items.push({ _tag: "Broken", reason: "Noise", bytes: this.#noise })
    this.#noise = 0
  }
}

const itemOf = (head: Head, payload: Uint8Array): Item => {
  const bytes = headBytes + payload.length
  if (!isWhole(head, payload)) return { _tag: "Broken", reason: "Damaged", bytes }
  const { epoch, kind, lane, sequence, stream } = head
  if (kind === undefined) return { _tag: "Broken", reason: "Unknown", bytes }
  return { _tag: "Frame", frame: { kind, lane, epoch, stream, sequence, payload } }
}
