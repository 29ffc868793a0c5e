/**
 * What a text of a guest says, taken apart within bounds. Whatever is left out is told of by `isPartial`: a guest can hide behind
 * a bound, but not without being seen to do so.
 */

const depthMax = 512
const leavesMax = 16_384
const pathLengthMax = 128
const digitsOfInterest = 12

export interface Leaf {
  /** Keys from the root, each after a slash; `*` for items of lists. */
  readonly path: string
  readonly text: string
}

export interface Quantity {
  readonly path: string
  readonly value: number
}

export interface Reading {
  readonly texts: ReadonlyArray<Leaf>
  readonly quantities: ReadonlyArray<Quantity>
  /** Names of properties, which can carry what values carry. */
  readonly keys: ReadonlyArray<string>
  readonly isPartial: boolean
}

/** The head and the tail of a text that is too long to be looked at. */
export const clip = (text: string, most: number): string =>
  text.length <= most ? text : text.slice(0, Math.ceil(most / 2)) + text.slice(-Math.floor(most / 2))

class Walk {
  readonly texts: Array<Leaf> = []
  readonly quantities: Array<Quantity> = []
  readonly keys: Array<string> = []
  isPartial = false
  #depth = 0

  value(value: unknown, path: string): void {
    if (this.texts.length + this.quantities.length + this.keys.length >= leavesMax) this.isPartial = true
    else if (typeof value === "string") this.texts.push({ path, text: value })
    else if (typeof value === "number") this.#number(value, path)
    else if (typeof value === "object" && value !== null) this.#nested(value, path)
  }

  #number(value: number, path: string): void {
    this.quantities.push({ path, value })
    // Long numbers are names of things: of cards, accounts and telephones.
    if (Math.abs(value) >= 10 ** (digitsOfInterest - 1)) this.texts.push({ path, text: String(value) })
  }

  #nested(value: object, path: string): void {
    if (this.#depth >= depthMax) {
      this.isPartial = true
      return
    }
    this.#depth += 1
    if (Array.isArray(value)) this.#list(value, this.#below(path, "*"))
    else for (const [key, field] of Object.entries(value)) this.#field(key, field, path)
    this.#depth -= 1
  }

  #list(list: ReadonlyArray<unknown>, path: string): void {
    for (const item of list) this.value(item, path)
    const letters =
      list.length > 7 && list.every((item) => Number.isInteger(item) && Number(item) > 31 && Number(item) < 127)
    if (letters) this.texts.push({ path, text: String.fromCharCode(...list.slice(0, leavesMax).map(Number)) })
  }

  /** The name of a tag of a `Value` text says nothing of the guest's. */
  #field(key: string, field: unknown, path: string): void {
    if (key === "$" && Array.isArray(field)) {
      this.#list(field.slice(1), path)
      return
    }
    this.keys.push(key)
    this.value(field, this.#below(path, key))
  }

  #below(path: string, key: string): string {
    return path.length + key.length >= pathLengthMax ? path : `${path}/${key}`
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Reads JSON, or what claims to be; any other text is one leaf. Of a text longer than `most`, head and tail are one leaf. */
export const of = (text: string, most: number): Reading => {
  const walk = new Walk()
  walk.isPartial = text.length > most
  walk.value(walk.isPartial ? clip(text, most) : parse(text), "")
  return walk
}
