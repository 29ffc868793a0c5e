import type { BaseImage } from "./BaseImage.ts"
import { Engine } from "./Engine.ts"
import { compile } from "./Wasm.ts"

/** What decides whether an engine fits a guest. */
export interface Measure {
  /** How far its linear memory may grow. */
  readonly memoryBytes: number
  readonly stackBytes: number
}

const make = (base: BaseImage, { memoryBytes, stackBytes }: Measure): Promise<Engine> =>
  Engine.restore(base, { module: compile(memoryBytes), stackBytes })

/**
 * Engines as the base image has them, made ahead of the guests that will need one: most of the time that a new or a restored
 * guest takes goes into its memory's first touch.
 *
 * They are of the measure that was asked for last, since most guests of a host have the same limits.
 */
export class Spares {
  readonly #max: number
  readonly #engines: Array<Engine> = []
  #measure: Measure | undefined

  /** There are never more than `max`. */
  constructor(max: number) {
    this.#max = max
  }

  /** An engine that nobody else has. */
  async take(base: BaseImage, measure: Measure): Promise<Engine> {
    const { memoryBytes, stackBytes } = this.#measure ?? {}
    if (memoryBytes !== measure.memoryBytes || stackBytes !== measure.stackBytes) this.#begin(measure)
    return this.#engines.pop() ?? (await make(base, measure))
  }

  /** Makes one more of them, unless there are enough or none was ever asked for. Says whether it made one. */
  async add(load: () => Promise<BaseImage>): Promise<boolean> {
    const measure = this.#measure
    if (measure === undefined || this.#engines.length >= this.#max) return false
    const engine = await make(await load(), measure)
    if (measure === this.#measure) this.#engines.push(engine)
    else engine.dispose()
    return true
  }

  #begin(measure: Measure): void {
    this.#measure = measure
    for (const engine of this.#engines.splice(0)) engine.dispose()
  }
}
