/**
 * A YAML file as a tree of places, and what is found wrong in it.
 *
 * It is read as YAML 1.2, and what YAML 1.1 takes for something else is refused. Everything is bounded: the length of the file,
 * the values in it with all aliases followed, their depth, and the issues that are told.
 */
import * as Yaml from "yaml"
import type { PolicyIssue } from "../PolicyError.ts"
import type { Position } from "../Rule.ts"

const lengthMax = 262_144
const issuesMax = 20
const valuesMax = 20_000
const aliasesMax = 100
const depthMax = 40
const lengthShown = 64

/** What is said of what is no YAML: by the library, where that speaks of the file and not of itself. */
const detailOf = ({ code, message }: Yaml.YAMLError): string => {
  if (code === "MULTIPLE_DOCS")
    return "a second document begins here, and a file has one: put it into a file of its own"
  return message.startsWith("Maximum call stack") ? "it has too many levels" : message
}

/** A value in the file, or the key of one. `undefined` if nothing is written there. */
export interface Place {
  readonly node: Yaml.ParsedNode | undefined
  readonly offset: number
}

/** What can be said of an issue beside what is wrong. */
export interface Hint {
  readonly allowed?: ReadonlyArray<string>
  readonly suggestion?: string | undefined
}

/** What YAML 1.1 takes for a boolean, and YAML 1.2 for a text. */
const oldBoolean = /^(?:y|yes|n|no|on|off)$/i
const oldOctal = /^[-+]?0\d+$/

export class Document {
  readonly root: Place
  readonly #text: string
  readonly #yaml: Yaml.Document.Parsed
  readonly #lines = new Yaml.LineCounter()
  readonly #found = new Map<number, PolicyIssue>()
  readonly #targets = new Map<Yaml.Alias, Yaml.Node | undefined>()
  #values = 0
  #isTooMuch = false

  constructor(text: string) {
    const isTooLong = text.length > lengthMax
    this.#text = isTooLong ? "" : text
    this.#yaml = this.#parse()
    this.root = this.#place(this.#yaml.contents, 0)
    if (isTooLong) this.#refuseAt(0, `the file has more than ${lengthMax} characters`)
    for (const error of [...this.#yaml.errors, ...this.#yaml.warnings]) this.#refuseAt(error.pos[0], detailOf(error))
  }

  #parse(): Yaml.Document.Parsed {
    const options = {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: false,
      keepSourceTokens: false
    } as const
    try {
      return Yaml.parseDocument(this.#text, options)
    } catch {
      // Only recursion that is too deep throws.
      this.#refuseAt(0, "it has too many levels")
      return Yaml.parseDocument("", options)
    }
  }

  /** Whether it is YAML at all. If it is not, what is wrong has been told, and its values are not worth reading. */
  get isReadable(): boolean {
    return this.#found.size === 0
  }

  /** What is wrong, in the order of the file; at most 20 issues. */
  get issues(): ReadonlyArray<PolicyIssue> {
    return [...this.#found]
      .sort(([left], [right]) => left - right)
      .slice(0, issuesMax)
      .map(([, issue]) => issue)
  }

  positionOf({ offset }: Place): Position {
    const { col, line } = this.#lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  /** What is written at a place, shortened to one line. */
  textAt({ node, offset }: Place): string {
    const [line = ""] = this.#text.slice(offset, node?.range[1] ?? offset).split("\n", 1)
    return line.length > lengthShown ? `${line.slice(0, lengthShown).toWellFormed()}…` : line.trimEnd()
  }

  refuse(place: Place, detail: string, hint: Hint = {}): void {
    const { allowed, suggestion } = hint
    this.#add(place, {
      ...this.positionOf(place),
      text: this.textAt(place),
      detail,
      ...(allowed === undefined ? {} : { allowed }),
      ...(suggestion === undefined ? {} : { suggestion })
    })
  }

  #refuseAt(offset: number, detail: string): void {
    const place = { node: undefined, offset }
    const [text = ""] = this.#text.slice(offset, offset + lengthShown).split("\n", 1)
    this.#add(place, { ...this.positionOf(place), text, detail })
  }

  #add({ offset }: Place, issue: PolicyIssue): void {
    // What follows from something that is wrong at the same place need not be told.
    if (!this.#found.has(offset)) this.#found.set(offset, issue)
  }

  /** Says at one place that the file is beyond a bound: of what is behind it as much could be said at each. */
  #refuseFile(place: Place, detail: string): void {
    if (!this.#isTooMuch) this.refuse(place, detail)
    this.#isTooMuch = true
  }

  /** What an alias stands for; of those beyond the bound nothing. */
  #target(alias: Yaml.Alias): Yaml.Node | undefined {
    if (this.#targets.has(alias)) return this.#targets.get(alias)
    if (this.#targets.size >= aliasesMax) return undefined
    const target = alias.resolve(this.#yaml)
    this.#targets.set(alias, target)
    return target
  }

  #place(node: Yaml.ParsedNode | null | undefined, offset: number): Place {
    return node === null || node === undefined ? { node: undefined, offset } : { node, offset: node.range[0] }
  }

  /** A place with its alias followed. Undefined if it cannot be, which is told. */
  #resolved(place: Place): Place | undefined {
    const { node } = place
    if (++this.#values > valuesMax) {
      this.#refuseFile(place, `the file has more than ${valuesMax} values, with all aliases followed`)
      return undefined
    }
    if (node !== undefined && !Yaml.isAlias(node) && node.tag !== undefined) {
      this.refuse(place, "tags are not allowed")
      return undefined
    }
    if (!Yaml.isAlias(node)) return place
    const target = this.#target(node)
    if (target === undefined) {
      if (this.#targets.has(node)) this.refuse(place, "there is no anchor of this name before it")
      else this.#refuseFile(place, `the file has more than ${aliasesMax} aliases`)
      return undefined
    }
    // What is wrong with a value is told where it is used.
    return { node: target as Yaml.ParsedNode, offset: place.offset }
  }

  /** The pairs of a mapping; undefined if it is something else, which is told. A key that occurs twice is told. */
  pairs(place: Place, what: string): ReadonlyArray<Pair> | undefined {
    const resolved = this.#resolved(place)
    if (resolved === undefined) return undefined
    const { node } = resolved
    if (!Yaml.isMap(node)) {
      this.refuse(place, `expected ${what}`)
      return undefined
    }
    const pairs: Array<Pair> = []
    for (const { key, value } of node.items as ReadonlyArray<Yaml.Pair<Yaml.ParsedNode, Yaml.ParsedNode | null>>) {
      const at = this.#place(key, place.offset)
      const name = this.#keyOf(at)
      if (name === undefined) continue
      if (pairs.some((pair) => pair.name === name)) this.refuse(at, `the key ${JSON.stringify(name)} occurs twice`)
      else pairs.push({ name, key: at, value: this.#place(value, key.range[1]) })
    }
    return pairs
  }

  #keyOf(place: Place): string | undefined {
    const { node } = place
    if (Yaml.isScalar(node) && ["string", "number", "boolean"].includes(typeof node.value)) {
      return typeof node.value === "string" ? node.value : (node.source ?? String(node.value))
    }
    this.refuse(place, "expected a text as key")
    return undefined
  }

  isList({ node }: Place): boolean {
    return Yaml.isSeq(Yaml.isAlias(node) ? this.#target(node) : node)
  }

  isMapping({ node }: Place): boolean {
    return Yaml.isMap(Yaml.isAlias(node) ? this.#target(node) : node)
  }

  /** The items of a list; undefined if it is something else. */
  items(place: Place): ReadonlyArray<Place> | undefined {
    const resolved = this.#resolved(place)
    return Yaml.isSeq(resolved?.node)
      ? (resolved.node.items as ReadonlyArray<Yaml.ParsedNode>).map((item) => this.#place(item, place.offset))
      : undefined
  }

  /** A scalar value, or a failure that has been told. What YAML 1.1 reads otherwise is refused. */
  scalar(place: Place): { readonly value: unknown } | undefined {
    const resolved = this.#resolved(place)
    if (resolved === undefined) return undefined
    const { node } = resolved
    if (node === undefined) return { value: null }
    if (!Yaml.isScalar(node)) return { value: undefined }
    if (node.type === "PLAIN" && typeof node.value === "string" && oldBoolean.test(node.value)) {
      const detail = `${node.value} is a boolean in YAML 1.1 and a text in 1.2: write "${node.value}", or true or false`
      this.refuse(place, detail)
      return undefined
    }
    if (node.type === "PLAIN" && typeof node.value === "number" && oldOctal.test(node.source ?? "")) {
      const { source = "" } = node
      const octal = /^[-+]?0[0-7]+$/.test(source) ? `, or 0o${source.replace(/^[-+]?0/, "")} for octal` : ""
      this.refuse(place, `${source} is octal in YAML 1.1 and decimal in 1.2: write ${node.value}${octal}, or quote it`)
      return undefined
    }
    return { value: node.value }
  }

  /** A value as plain data; undefined if it is none, which is told. */
  plain(place: Place, depth = 0): { readonly value: unknown } | undefined {
    if (depth > depthMax) {
      this.#refuseFile(place, `the file has more than ${depthMax} levels`)
      return undefined
    }
    const { node } = place
    const target = Yaml.isAlias(node) ? this.#target(node) : node
    if (Yaml.isSeq(target)) {
      const items = this.items(place)?.map((item) => this.plain(item, depth + 1))
      return items?.every((item) => item !== undefined) ? { value: items.map(({ value }) => value) } : undefined
    }
    if (!Yaml.isMap(target)) return this.scalar(place)
    const entries = this.pairs(place, "a mapping")?.map(({ name, value }) => ({
      name,
      plain: this.plain(value, depth + 1)
    }))
    if (entries?.every((entry) => entry.plain !== undefined) !== true) return undefined
    // Defined, not assigned, so that a key such as __proto__ is one like any other.
    return { value: Object.fromEntries(entries.map(({ name, plain }) => [name, plain?.value])) }
  }
}

export interface Pair {
  readonly name: string
  readonly key: Place
  readonly value: Place
}
