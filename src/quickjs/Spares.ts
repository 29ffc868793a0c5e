import type { BaseImage } from "./BaseImage.ts"
import { Engine } from "./Engine.ts"
import { compile } from "./Wasm.ts"

/** What decides whether an engine fits a guest. */
export interface Measure {
  /** How far its linear memory may grow. */
  readonly memoryBytes: number
  readonly stackBytes: number
}

const sparesMax = 4

const make = (base: BaseImage, { memoryBytes, stackBytes }: Measure): Promise<Engine> =>
  Engine.restore(base, { module: compile(memoryBytes), stackBytes })

/**
 * Engines as the base image has them, made ahead of the guests that will need one: most of the time that a new or a restored
 * guest takes goes into its memory's first touch.
 *
 * They are of the measure that was asked for last, since most guests of a host have the same limits.
 */
export class Spares {
  readonly #engines: Array<Engine> = []
  #measure: Measure | undefined

  /** An engine that nobody else has. */
  async take(base: BaseImage, measure: Measure): Promise<Engine> {
    const { memoryBytes, stackBytes } = this.#measure ?? {}
    if (memoryBytes !== measure.memoryBytes || stackBytes !== measure.stackBytes) this.#begin(measure)
    return this.#engines.pop() ?? (await make(base, measure))
  }

  /** Makes one more of them, unless there are enough. */
  async add(base: BaseImage): Promise<void> {
    const measure = this.#measure
    if (measure === undefined || this.#engines.length >= sparesMax) return
    const engine = await make(base, measure)
    if (measure === this.#measure) this.#engines.push(engine)
    else engine.dispose()
  }

  #begin(measure: Measure): void {
    this.#measure = measure
    for (const engine of this.#engines.splice(0)) engine.dispose()
  }
}
