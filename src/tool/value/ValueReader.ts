/**
 * From texts to values. The texts come from guests.
 *
 * R1. Nothing of a text is ever assigned: what `JSON.parse` made is changed in place, where every key is an own property
 *     already, and what is made anew gets its properties defined. No setter and no prototype is reached.
 * R2. A key `__proto__` is dropped, so that nobody who copies the value further can be tricked with it.
 */
import { Opaque } from "./Opaque.ts"
import { showPath, ValueError } from "./ValueError.ts"
import { depthMax, digitsMax, makeView, viewNames } from "./ValueFormat.ts"

/** The last moment that a `Date` can stand for, in milliseconds since the epoch. */
const millisMax = 8_640_000_000_000_000

const numbers: ReadonlyMap<unknown, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["-0", -0]
])

type Keyed = Record<string, unknown>

const isKeyed = (value: unknown): value is Keyed => typeof value === "object" && value !== null && !Array.isArray(value)

const define = (target: object, key: string, value: unknown, enumerable: "enumerable" | "hidden") =>
  Object.defineProperty(target, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: enumerable === "enumerable"
  })

export class ValueReader {
  readonly #path: Array<string | number> = []
  #depth = 0

  /** The value that parsed JSON stands for; the JSON is used up. Throws a `ValueError`. */
  read(json: unknown): unknown {
    if (typeof json === "number" && !Number.isFinite(json)) return this.#malformed("a number is out of range")
    if (typeof json !== "object" || json === null) return json
    if (this.#depth >= depthMax) this.#refuse("TooDeep", `more than ${depthMax} levels of nesting`)
    this.#depth++
    const value = this.#nested(json)
    this.#depth--
    return value
  }

  #refuse(reason: ValueError["reason"], detail: string): never {
    throw new ValueError({ reason, path: showPath(this.#path), detail })
  }

  #malformed(detail: string): never {
    this.#refuse("Malformed", detail)
  }

  #nested(json: object): unknown {
    if (Array.isArray(json)) return this.#items(json)
    if (!isKeyed(json)) return json
    if (Object.hasOwn(json, "$")) return this.#tagged(json)
    delete json["__proto__"]
    for (const key of Object.keys(json)) json[key] = this.#at(key, json[key])
    return json
  }

  #at(step: string | number, json: unknown): unknown {
    this.#path.push(step)
    const value = this.read(json)
    this.#path.pop()
    return value
  }

  #items(json: Array<unknown>): Array<unknown> {
    for (let index = 0; index < json.length; index++) json[index] = this.#at(index, json[index])
    return json
  }

  #tagged(json: Keyed): unknown {
    const tag = json["$"]
    if (!Array.isArray(tag) || Object.keys(json).length !== 1) this.#malformed('a key "$" that is no tag')
    const [name, payload]: ReadonlyArray<unknown> = tag
    if (tag.length !== (name === "undefined" ? 1 : 2)) this.#malformed("a tag with too few or too many parts")
    switch (name) {
      case "undefined":
        return undefined
      case "Number":
        return numbers.get(payload) ?? this.#malformed("a number that is none")
      case "BigInt":
        return this.#bigint(payload)
      case "Date":
        return this.#date(payload)
      case "Map":
        return new Map(this.#pairs(payload))
      case "Set":
        return new Set(this.#items(this.#array(payload)))
      case "Object":
        return this.#object(payload)
      case "Error":
        return this.#error(payload)
      case "Opaque":
        return new Opaque(this.#string(payload))
      default:
        return this.#bytes(name, payload)
    }
  }

  #string(payload: unknown): string {
    return typeof payload === "string" ? payload : this.#malformed("a tag that needs a string")
  }

  #array(payload: unknown): Array<unknown> {
    return Array.isArray(payload) ? payload : this.#malformed("a tag that needs a list")
  }

  #bigint(payload: unknown): bigint {
    const digits = this.#string(payload)
    if (digits.length > digitsMax) this.#refuse("TooLarge", `a BigInt has more than ${digitsMax} digits`)
    return /^-?\d+$/.test(digits) ? BigInt(digits) : this.#malformed("a BigInt that is none")
  }

  #date(payload: unknown): Date {
    if (payload === null) return new Date(Number.NaN)
    const isMoment = Number.isInteger(payload) && Math.abs(Number(payload)) <= millisMax
    return isMoment ? new Date(Number(payload)) : this.#malformed("a date that is none")
  }

  #pairs(payload: unknown): Array<[unknown, unknown]> {
    return this.#array(payload).map((pair, index): [unknown, unknown] => {
      if (!Array.isArray(pair) || pair.length !== 2) this.#malformed("a tag that needs a list of pairs")
      this.#path.push(index)
      const [key, value] = this.#items(pair)
      this.#path.pop()
      return [key, value]
    })
  }

  #object(payload: unknown): object {
    const value = {}
    for (const pair of this.#array(payload)) {
      if (!Array.isArray(pair) || pair.length !== 2) this.#malformed("a tag that needs a list of pairs")
      const key = this.#string(pair[0])
      const field = this.#at(key, pair[1])
      if (key !== "__proto__") define(value, key, field, "enumerable")
    }
    return value
  }

  #error(payload: unknown): Error {
    if (!isKeyed(payload)) this.#malformed("an error that is none")
    const name = this.#string(payload["name"])
    const error = new Error(this.#string(payload["message"]))
    define(error, "name", name, "hidden")
    const stack = Object.hasOwn(payload, "stack") ? this.#string(payload["stack"]) : `${name}: ${error.message}`
    define(error, "stack", stack, "hidden")
    return error
  }

  #bytes(name: unknown, payload: unknown): ArrayBuffer | ArrayBufferView {
    if (typeof name !== "string" || (name !== "ArrayBuffer" && !viewNames.includes(name))) {
      return this.#malformed("an unknown tag")
    }
    const text = this.#string(payload)
    const bytes = Buffer.from(text, "base64")
    if (bytes.toString("base64") !== text) this.#malformed("bytes that are not base64")
    if (name === "ArrayBuffer") return new Uint8Array(bytes).buffer
    return makeView(name, bytes) ?? this.#malformed(`bytes that do not fit a ${name}`)
  }
}
