import { argumentsBytesMax } from "../machine/Limits.ts"

/** The id of a call, and how many bytes its arguments have. */
export type Held = readonly [id: string, bytes: number]

/**
 * The calls of a run that wait for an answer, and what their arguments have together.
 *
 * It counts from a call to its answer and not from turn to turn: what is refused then does not depend on which answers come
 * together, and a run that is brought back is refused the same.
 */
export class Outstanding {
  readonly #held = new Map<string, number>()
  #bytes = 0

  get all(): ReadonlyArray<Held> {
    return [...this.#held]
  }

  /** Takes a call in, unless there is no room for its arguments. */
  add(id: string, bytes: number): boolean {
    if (this.#bytes + bytes > argumentsBytesMax) return false
    this.#held.set(id, bytes)
    this.#bytes += bytes
    return true
  }

  remove(id: string): void {
    this.#bytes -= this.#held.get(id) ?? 0
    this.#held.delete(id)
  }

  /** From now on those that wait are these. */
  reset(held: ReadonlyArray<Held>): void {
    this.#held.clear()
    this.#bytes = 0
    for (const [id, bytes] of held) this.add(id, bytes)
  }
}
