import * as Result from "effect/Result"
import { type Path, showPath } from "../value/ValueError.ts"

/** A value that is nothing but null, booleans, strings, finite numbers, arrays and plain objects. */
export type Plain = null | boolean | string | number | ReadonlyArray<Plain> | { readonly [key: string]: Plain }

export const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Says what cannot be plain and where, in words for whoever passed it. */
class NotPlain {
  readonly message: string
  constructor(what: string, path: Path) {
    this.message = path.length === 0 ? `${what} has no JSON form` : `${showPath(path)}: ${what} has no JSON form`
  }
}

class Flattener {
  readonly #path: Array<string | number> = []

  value(value: unknown): Plain {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value
      case "number":
        return this.#number(value)
      case "bigint":
        return String(value)
      case "object":
        return value === null ? null : this.#object(value)
      default:
        return this.#refuse(String(value))
    }
  }

  #refuse(what: string): never {
    throw new NotPlain(what, this.#path)
  }

  #at(step: string | number, value: unknown): Plain {
    this.#path.push(step)
    const plain = this.value(value)
    this.#path.pop()
    return plain
  }

  #number(value: number): Plain {
    if (!Number.isFinite(value)) this.#refuse("a number that is not finite")
    return value === 0 ? 0 : value
  }

  #date(value: Date): Plain {
    return Number.isNaN(value.getTime()) ? this.#refuse("an invalid date") : value.toISOString()
  }

  #list(items: ReadonlyArray<unknown>): Plain {
    return items.map((item, index) => this.#at(index, item))
  }

  #object(value: object): Plain {
    if (Array.isArray(value)) return this.#list(value)
    if (value instanceof Date) return this.#date(value)
    if (value instanceof Map || value instanceof Set) return this.#list([...value])
    if (value instanceof Uint8Array) return Buffer.from(value).toString("base64")
    if (!isPlainObject(value)) return this.#refuse(`a value of the class ${value.constructor.name}`)
    const entries = Object.entries(value).filter(([, item]) => item !== undefined)
    return Object.fromEntries(entries.map(([key, item]) => [key, this.#at(key, item)]))
  }
}

/**
 * The JSON form of a value that `Value.decode` gave; fails with words for whoever passed the value.
 *
 * A date becomes its ISO text, a `BigInt` its digits, a map the list of its pairs, a set the list of its items, a `Uint8Array`
 * base64: what JSON schemas call them, and what Effect's JSON codecs read. Properties that are `undefined` are left out.
 * Everything else that JSON does not have is refused.
 */
export const from = (value: unknown): Result.Result<Plain, string> => {
  try {
    return Result.succeed(new Flattener().value(value))
  } catch (cause) {
    if (cause instanceof NotPlain) return Result.fail(cause.message)
    throw cause
  }
}
