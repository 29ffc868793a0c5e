/** Types that others refer to by name: those of definitions, one for all that mean the same. */
export class NamedTypes {
  readonly #taken: Set<string>
  readonly #names = new Map<string, string>()
  readonly #texts = new Map<string, string>()

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken)
  }

  /** The name of the type with this meaning, which `write` is asked for once. */
  name(wanted: string, meaning: string, write: (name: string) => string): string {
    const known = this.#names.get(meaning)
    if (known !== undefined) return known
    const name = this.#free(wanted)
    this.#names.set(meaning, name)
    this.#taken.add(name)
    this.#texts.set(name, write(name))
    return name
  }

  get declarations(): ReadonlyArray<string> {
    return [...this.#texts].map(([name, text]) => `type ${name} = ${text}`)
  }

  #free(wanted: string): string {
    const word = wanted
      .replaceAll(/[^A-Za-z0-9]+/g, " ")
      .trim()
      .replaceAll(/(^| )\w/g, (first) => first.trim().toUpperCase())
    const stem = /^[A-Z]/.test(word) ? word.slice(0, 64) : `Type${word.slice(0, 60)}`
    for (let count = 1; ; count++) {
      const name = count === 1 ? stem : `${stem}${count}`
      if (!this.#taken.has(name)) return name
    }
  }
}
