/**
 * From values to texts. Every property is read once; whatever reading it throws is reported as a place, never as a message,
 * since getters and proxies are not ours.
 *
 * W1. No text is longer than `lengthMax`, and none is built much further than that: shared parts are written out wherever
 *     they occur, so that a small value can have a text of any length.
 * W2. Stacks of errors are not written: on this side they name files of the host.
 */
import { Opaque } from "./Opaque.ts"
import { showPath, ValueError } from "./ValueError.ts"
import { depthMax, digitsMax, viewName } from "./ValueFormat.ts"

export class ValueWriter {
  #text = ""
  readonly #path: Array<string | number> = []
  readonly #open = new Set<object>()
  readonly #lengthMax: number

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  /** The text of one value. Throws a `ValueError`, or what reading the value threw. */
  write(value: unknown): string {
    this.#value(value)
    return this.#text
  }

  /** Says where the writer stood when reading the value threw. */
  unreadable(): ValueError {
    return this.#fault("Unreadable", "the value could not be read")
  }

  #fault(reason: ValueError["reason"], detail: string): ValueError {
    return new ValueError({ reason, path: showPath(this.#path), detail })
  }

  #refuse(reason: ValueError["reason"], detail: string): never {
    throw this.#fault(reason, detail)
  }

  #put(text: string): void {
    this.#reserve(text.length)
    this.#text += text
  }

  #reserve(length: number): void {
    if (this.#text.length + length > this.#lengthMax) {
      this.#refuse("TooLarge", `the value's text is longer than ${this.#lengthMax} characters`)
    }
  }

  #string(text: string): void {
    this.#reserve(text.length)
    this.#put(JSON.stringify(text))
  }

  #value(value: unknown): void {
    if (value === null) this.#put("null")
    else if (typeof value === "object") this.#nested(value)
    else if (typeof value === "string") this.#string(value)
    else if (typeof value === "number") this.#number(value)
    else if (typeof value === "boolean") this.#put(String(value))
    else if (typeof value === "bigint") this.#bigint(String(value))
    else if (value === undefined) this.#put('{"$":["undefined"]}')
    else this.#refuse("Unsupported", `a ${typeof value} cannot be passed`)
  }

  #number(value: number): void {
    if (Object.is(value, -0)) this.#put('{"$":["Number","-0"]}')
    else this.#put(Number.isFinite(value) ? String(value) : `{"$":["Number","${value}"]}`)
  }

  #bigint(digits: string): void {
    if (digits.length > digitsMax) this.#refuse("TooLarge", `a BigInt has more than ${digitsMax} digits`)
    this.#put(`{"$":["BigInt","${digits}"]}`)
  }

  #nested(value: object): void {
    if (this.#open.has(value)) this.#refuse("Cycle", "the value contains itself")
    if (this.#open.size >= depthMax) this.#refuse("TooDeep", `more than ${depthMax} levels of nesting`)
    this.#open.add(value)
    this.#object(value)
    this.#open.delete(value)
  }

  #object(value: object): void {
    if (Array.isArray(value)) this.#list(value.length, (index) => this.#value(value[index]))
    else if (value instanceof Date) this.#date(value)
    else if (value instanceof Map) this.#tagged("Map", () => this.#pairs([...value]))
    else if (value instanceof Set) this.#tagged("Set", () => this.#items([...value]))
    else if (value instanceof Error) this.#error(value)
    else if (value instanceof ArrayBuffer) this.#bytes("ArrayBuffer", new Uint8Array(value))
    else if (ArrayBuffer.isView(value)) this.#view(value)
    else if (value instanceof Opaque) this.#tagged("Opaque", () => this.#string(value.description))
    else if (value instanceof Promise) this.#refuse("Unsupported", "a promise cannot be passed")
    else this.#properties(value)
  }

  #list(length: number, write: (index: number) => void): void {
    this.#put("[")
    for (let index = 0; index < length; index++) {
      if (index > 0) this.#put(",")
      this.#path.push(index)
      write(index)
      this.#path.pop()
    }
    this.#put("]")
  }

  #items(items: ReadonlyArray<unknown>): void {
    this.#list(items.length, (index) => this.#value(items[index]))
  }

  #pairs(pairs: ReadonlyArray<readonly [unknown, unknown]>): void {
    this.#list(pairs.length, (index) => this.#items(pairs[index] ?? []))
  }

  #tagged(name: string, write: () => void): void {
    this.#put(`{"$":["${name}",`)
    write()
    this.#put("]}")
  }

  #date(value: Date): void {
    const millis = value.getTime()
    this.#tagged("Date", () => this.#put(Number.isNaN(millis) ? "null" : String(millis)))
  }

  #error(value: Error): void {
    const { name, message } = value
    this.#tagged("Error", () => {
      this.#put('{"name":')
      this.#string(typeof name === "string" ? name : "Error")
      this.#put(',"message":')
      this.#string(typeof message === "string" ? message : "")
      this.#put("}")
    })
  }

  #view(value: ArrayBufferView): void {
    const name = viewName(value)
    if (name === undefined) this.#refuse("Unsupported", "this kind of typed array cannot be passed")
    this.#bytes(name, new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  }

  #bytes(name: string, bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#tagged(name, () => this.#put(`"${Buffer.from(bytes).toString("base64")}"`))
  }

  #properties(value: object): void {
    const keys = Object.keys(value).filter((key) => key !== "__proto__")
    if (!keys.includes("$")) {
      this.#entries(keys, "{", "}", (key) => {
        this.#string(key)
        this.#put(":")
        this.#value(Reflect.get(value, key))
      })
      return
    }
    this.#tagged("Object", () =>
      this.#entries(keys, "[", "]", (key) => {
        this.#put("[")
        this.#string(key)
        this.#put(",")
        this.#value(Reflect.get(value, key))
        this.#put("]")
      })
    )
  }

  #entries(keys: ReadonlyArray<string>, before: string, after: string, write: (key: string) => void): void {
    this.#put(before)
    for (const [index, key] of keys.entries()) {
      if (index > 0) this.#put(",")
      this.#path.push(key)
      write(key)
      this.#path.pop()
    }
    this.#put(after)
  }
}
