import type { BaseImage } from "./BaseImage.ts"
import { Engine, type Image } from "./Engine.ts"
import { compile } from "./Wasm.ts"

/** What decides whether an engine fits a guest. */
export interface Measure {
  /** How far its linear memory may grow. */
  readonly memoryBytes: number
  readonly stackBytes: number
}

export interface SparesOptions {
  /** As many are made ahead. */
  readonly made: number
  /** As many are kept, with those that guests give back: making one more for every guest that will give its own back is idle. */
  readonly kept: number
}

const isSame = (left: Measure, right: Measure | undefined): boolean =>
  left.memoryBytes === right?.memoryBytes && left.stackBytes === right.stackBytes

const make = (base: BaseImage, { memoryBytes, stackBytes }: Measure): Promise<Engine> =>
  Engine.restore(base, { module: compile(memoryBytes), stackBytes })

/**
 * Engines as the base image has them, made ahead of the guests that will need one, or renewed after a guest that needs its own no
 * more: most of the time that a new or a restored guest takes goes into its memory's first touch, and every memory that is let
 * go has to be found by a collection of the whole thread.
 *
 * They are of the measure that was asked for last, since most guests of a host have the same limits.
 */
export class Spares {
  readonly #options: SparesOptions
  readonly #engines: Array<Engine> = []
  #measure: Measure | undefined

  constructor(options: SparesOptions) {
    this.#options = options
  }

  /** An engine that nobody else has. */
  async take(base: BaseImage, measure: Measure): Promise<Engine> {
    if (!isSame(measure, this.#measure)) this.#begin(measure)
    return this.#engines.pop() ?? (await make(base, measure))
  }

  /** Makes one more of them, unless there are enough or none was ever asked for. Says whether it made one. */
  async add(load: () => Promise<BaseImage>): Promise<boolean> {
    const measure = this.#measure
    if (measure === undefined || this.#engines.length >= this.#options.made) return false
    const engine = await make(await load(), measure)
    if (this.#isWanted(measure)) this.#engines.push(engine)
    else engine.dispose()
    return true
  }

  /** Takes an engine from its guest, for good: for the next one if it is needed and can be renewed. */
  give(engine: Engine, image: Image, measure: Measure): void {
    if (this.#isWanted(measure) && engine.renew(image)) this.#engines.push(engine)
    else engine.dispose()
  }

  #isWanted(measure: Measure): boolean {
    return this.#engines.length < this.#options.kept && isSame(measure, this.#measure)
  }

  #begin(measure: Measure): void {
    this.#measure = measure
    for (const engine of this.#engines.splice(0)) engine.dispose()
  }
}
