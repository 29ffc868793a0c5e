/**
 * Which MessagePack texts are messages. It is checked on the bytes, before anything is made of them: a message is one value of
 * nil, booleans, numbers, text, bytes, lists and maps with text keys, and has nothing after it. Extension types, integers that a
 * double cannot hold, keys that mean something on every object, repeated keys, and lengths beyond the end of the bytes are refused.
 */

/** Thrown by the walk, and caught where it began. */
class Refused {
  readonly detail: string

  constructor(detail: string) {
    this.detail = detail
  }
}

type Shape = "plain" | "long" | "bytes" | "text" | "list" | "map"

/** Types by their first byte: what follows, and how many bytes that or its length has. */
const wide: ReadonlyMap<number, readonly [shape: Shape, size: number]> = new Map([
  [0xc0, ["plain", 0]],
  [0xc2, ["plain", 0]],
  [0xc3, ["plain", 0]],
  [0xc4, ["bytes", 1]],
  [0xc5, ["bytes", 2]],
  [0xc6, ["bytes", 4]],
  [0xca, ["plain", 4]],
  [0xcb, ["plain", 8]],
  [0xcc, ["plain", 1]],
  [0xcd, ["plain", 2]],
  [0xce, ["plain", 4]],
  [0xcf, ["long", 8]],
  [0xd0, ["plain", 1]],
  [0xd1, ["plain", 2]],
  [0xd2, ["plain", 4]],
  [0xd3, ["long", 8]],
  [0xd9, ["text", 1]],
  [0xda, ["text", 2]],
  [0xdb, ["text", 4]],
  [0xdc, ["list", 2]],
  [0xdd, ["list", 4]],
  [0xde, ["map", 2]],
  [0xdf, ["map", 4]]
])

const levelsMax = 16
const keyBytesMax = 64
const keysMax = 64

const dangerousKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"])

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

class Walk {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  whole(): void {
    this.#value(levelsMax)
    if (this.#at !== this.#bytes.length) throw new Refused("bytes after the value")
  }

  #value(levels: number): void {
    if (levels === 0) throw new Refused(`more than ${levelsMax} levels`)
    const type = this.#number(1)
    if (type >= 0xc0 && type < 0xe0) this.#wide(type, levels)
    else if (type >= 0xa0 && type < 0xc0) this.#text(type & 0x1f)
    else if (type >= 0x90 && type < 0xa0) this.#list(type & 0x0f, levels)
    else if (type >= 0x80 && type < 0x90) this.#map(type & 0x0f, levels)
  }

  /** A value whose type byte says how long what follows is. */
  #wide(type: number, levels: number): void {
    const shape = wide.get(type)
    if (shape === undefined) throw new Refused(`the type 0x${type.toString(16)}`)
    const [kind, size] = shape
    if (kind === "plain") this.#take(size)
    else if (kind === "long") this.#long(type === 0xd3)
    else if (kind === "bytes") this.#take(this.#number(size))
    else if (kind === "text") this.#text(this.#number(size))
    else if (kind === "list") this.#list(this.#number(size), levels)
    else this.#map(this.#number(size), levels)
  }

  #list(length: number, levels: number): void {
    this.#fits(length)
    for (let index = 0; index < length; index++) this.#value(levels - 1)
  }

  #map(length: number, levels: number): void {
    if (length > keysMax) throw new Refused(`more than ${keysMax} keys`)
    const keys = new Set<string>()
    for (let index = 0; index < length; index++) {
      const key = this.#key()
      if (dangerousKeys.has(key) || keys.has(key)) throw new Refused(`the key ${JSON.stringify(key)}`)
      keys.add(key)
      this.#value(levels - 1)
    }
  }

  #key(): string {
    const type = this.#number(1)
    const isShort = type >= 0xa0 && type < 0xc0
    if (!isShort && type !== 0xd9) throw new Refused("a key that is no short text")
    const length = isShort ? type & 0x1f : this.#number(1)
    if (length > keyBytesMax) throw new Refused("a key that is no short text")
    return this.#text(length)
  }

  #text(length: number): string {
    const at = this.#take(length)
    try {
      return utf8.decode(this.#bytes.subarray(at, at + length))
    } catch {
      throw new Refused("a text that is not UTF-8")
    }
  }

  #long(isSigned: boolean): void {
    const at = this.#take(8)
    const value = isSigned ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at)
    if (!Number.isSafeInteger(Number(value))) throw new Refused("an integer that a double cannot hold")
  }

  #number(bytes: number): number {
    const at = this.#take(bytes)
    if (bytes === 1) return this.#view.getUint8(at)
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  /** Every element has at least one byte. */
  #fits(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) throw new Refused("the end before what was to come")
  }

  #take(bytes: number): number {
    this.#fits(bytes)
    const at = this.#at
    this.#at += bytes
    return at
  }
}

/** Why the bytes are no message; undefined if they are one. */
export const objection = (bytes: Uint8Array): string | undefined => {
  try {
    new Walk(bytes).whole()
    return undefined
  } catch (cause) {
    if (cause instanceof Refused) return cause.detail
    throw cause
  }
}
