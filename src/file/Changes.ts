export interface Change {
  readonly path: string
  readonly kind: "created" | "changed" | "removed"
}

export interface TakenChanges {
  /** One for each path, in the order in which the paths were first touched. */
  readonly changes: ReadonlyArray<Change>
  /** There were more, and which ones is not known. */
  readonly overflow: boolean
}

const changesMax = 1_024

/** What two changes of one path come to; a path that was made and removed again did not change. */
const combined = (first: Change["kind"], second: Change["kind"]): Change["kind"] | undefined => {
  if (second === "removed") return first === "created" ? undefined : "removed"
  if (first === "created") return "created"
  return "changed"
}

/** What changed since somebody last asked. */
export class Changes {
  readonly #kinds = new Map<string, Change["kind"]>()
  #overflow = false

  copy(): Changes {
    const copy = new Changes()
    for (const [path, kind] of this.#kinds) copy.#kinds.set(path, kind)
    copy.#overflow = this.#overflow
    return copy
  }

  add(path: string, kind: Change["kind"]): void {
    const before = this.#kinds.get(path)
    if (before === undefined) {
      if (this.#kinds.size < changesMax) this.#kinds.set(path, kind)
      else this.#overflow = true
      return
    }
    const both = combined(before, kind)
    if (both === undefined) this.#kinds.delete(path)
    else this.#kinds.set(path, both)
  }

  take(): TakenChanges {
    const taken = { changes: [...this.#kinds].map(([path, kind]) => ({ path, kind })), overflow: this.#overflow }
    this.#kinds.clear()
    this.#overflow = false
    return taken
  }
}
