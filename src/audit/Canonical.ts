import { AuditError, invalidEvent } from "./AuditError.ts"
import type { JsonObject } from "./AuditEvent.ts"

/** How much of an event's data is kept. */
export interface Bounds {
  /** Objects and arrays within each other. */
  readonly depthMax: number
  /** Values in all. */
  readonly valuesMax: number
  /** Characters of one text, its secrets taken out. */
  readonly textMax: number
  /** Characters of all texts and keys together. */
  readonly charactersMax: number
}

export const defaultBounds: Bounds = { depthMax: 16, valuesMax: 5_000, textMax: 8_192, charactersMax: 65_536 }

/** A longer text is not searched for secrets, and so nothing of it is kept. */
const searchedMax = 1_048_576

/** The key under which the data of an event says what was left out of it. */
const cutKey = "$cut"

/** Stands for what was left out. */
export const mark = "[cut]"

/** Text without secrets. */
export type Redact = (text: string) => string

const needsNoEscape = /^[ !#-[\]-~]*$/

/** What `JSON.stringify` makes of a text, sooner for most of them. */
export const quoted = (text: string): string => (needsNoEscape.test(text) ? `"${text}"` : JSON.stringify(text))

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Writes the values of one event, and counts what it left out. */
class Writer {
  readonly cut = { depth: 0, text: 0, values: 0 }
  readonly #redact: Redact
  readonly #bounds: Bounds
  readonly #trail: Array<string | number> = []
  #characters: number
  #values: number

  constructor(redact: Redact, bounds: Bounds) {
    this.#redact = redact
    this.#bounds = bounds
    this.#characters = bounds.charactersMax
    this.#values = bounds.valuesMax
  }

  write(value: unknown, depth: number): string {
    this.#values--
    switch (typeof value) {
      case "string":
        return quoted(this.#kept(value))
      case "number":
        return Number.isFinite(value) ? String(value === 0 ? 0 : value) : "null"
      case "boolean":
        return value ? "true" : "false"
      case "object":
        return value === null ? "null" : this.#inner(value, depth)
      default:
        return this.#refuse(`a ${typeof value}`)
    }
  }

  #refuse(what: string): never {
    const path = this.#trail.map((key) => `[${JSON.stringify(key)}]`).join("")
    throw invalidEvent(`data${path} is ${what}, which is not JSON`)
  }

  #inner(value: object, depth: number): string {
    if (depth > this.#bounds.depthMax) {
      this.cut.depth++
      return quoted(mark)
    }
    if (Array.isArray(value)) return this.#array(value, depth)
    if (!isPlain(value)) return this.#refuse(`a ${value.constructor?.name ?? "special object"}`)
    return this.#object(value as Readonly<Record<string, unknown>>, depth)
  }

  #kept(text: string): string {
    const allowed = Math.max(0, Math.min(this.#bounds.textMax, this.#characters))
    const clean = text.length <= searchedMax ? this.#redact(text) : undefined
    if (clean !== undefined && clean.length <= allowed) {
      this.#characters -= clean.length
      return clean
    }
    this.cut.text++
    const start = clean?.slice(0, allowed) ?? ""
    this.#characters -= start.length
    return `${start}${mark}`
  }

  /** Whether there is no room for any more values; if so, those that are left are counted. */
  #isFull(left: number): boolean {
    if (this.#values > 0 && this.#characters > 0) return false
    this.cut.values += left
    return true
  }

  #array(items: ReadonlyArray<unknown>, depth: number): string {
    let text = ""
    for (let index = 0; index < items.length && !this.#isFull(items.length - index); index++) {
      this.#trail[depth] = index
      text += `${index === 0 ? "" : ","}${this.write(items[index], depth + 1)}`
    }
    this.#trail.length = depth
    return `[${text}]`
  }

  #object(object: Readonly<Record<string, unknown>>, depth: number): string {
    // Without a comparison of its own, `sort` goes by UTF-16 code units.
    const keys = Object.keys(object).sort()
    const members: Array<Member> = []
    let text = ""
    let isAsGiven = true
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] ?? ""
      const value = object[key]
      if (value === undefined) continue
      if (this.#isFull(keys.length - index)) break
      this.#trail[depth] = key
      const clean = this.#kept(key)
      const written = this.write(value, depth + 1)
      isAsGiven &&= clean === key
      members.push([clean, written])
      text += `${text === "" ? "" : ","}${quoted(clean)}:${written}`
    }
    this.#trail.length = depth
    return `{${isAsGiven ? text : inOrder(members)}}`
  }
}

type Member = readonly [key: string, value: string]

/** What a key is called beside those that there are: two that are one without their secrets are both kept. */
export const freeKey = (taken: ReadonlyMap<string, unknown>, key: string): string => {
  let free = key
  for (let number = 2; taken.has(free); number++) free = `${key} (${number})`
  return free
}

/** A key without its secrets takes another place: the members are put in order anew. */
const inOrder = (members: ReadonlyArray<Member>): string => {
  const taken = new Map<string, string>()
  for (const [key, value] of members) taken.set(freeKey(taken, key), value)
  const keys = [...taken.keys()].sort()
  return keys.map((key) => `${quoted(key)}:${taken.get(key)}`).join(",")
}

/**
 * The canonical text of an event's data, secrets taken out: keys in the order of their UTF-16 code units, no white space.
 *
 * What goes over a bound is left out, and the text then begins with a key `$cut` that counts values too deep, texts too long and
 * values too many. Numbers that JSON does not know become `null`; what is no JSON fails with `InvalidEvent`.
 */
export const canonicalText = (data: JsonObject, redact: Redact, bounds: Bounds): string => {
  if (Object.hasOwn(data, cutKey)) throw invalidEvent(`data may not have a key ${cutKey} of its own`)
  try {
    const writer = new Writer(redact, bounds)
    const text = writer.write(data, 0)
    const { cut } = writer
    if (cut.depth + cut.text + cut.values === 0) return text
    const rest = text === "{}" ? "}" : `,${text.slice(1)}`
    return `{${quoted(cutKey)}:${JSON.stringify(cut)}${rest}`
  } catch (cause) {
    if (cause instanceof AuditError) throw cause
    throw invalidEvent(cause instanceof Error ? cause.message : String(cause))
  }
}
