import type { Limits } from "../machine/Limits.ts"
import type { ToolInfo } from "../tool/ToolInfo.ts"
import { shellImage } from "./BaseImage.ts"
import type { Host } from "./Host.ts"
import { Instance, roomOf } from "./Instance.ts"
import { RejectedSnapshot } from "./RejectedSnapshot.ts"
import { changing, type PackedMemory, packMemory, unpackMemory } from "./Snapshot.ts"
import { Spares } from "./Spares.ts"

export interface ShellOptions {
  readonly limits: Limits
  readonly host: Host
  readonly seed: readonly [number, number, number, number]
  /** As it was written down, if it ever was. */
  readonly packed: PackedMemory | undefined
  readonly tools: string
}

/** The image alone fills several mebibytes. */
const spares = new Spares({ made: 1, kept: 1 })

/**
 * The shell of a guest: an engine of its own, beside the one that has its JavaScript. A guest that never uses it does not have
 * it, and one that did, but not since it was restored, has it in the form in which it was written down.
 */
export class Shell {
  readonly #options: ShellOptions
  #instance: Instance | undefined

  constructor(options: ShellOptions) {
    this.#options = options
  }

  /** The engine, if it is there. */
  get instance(): Instance | undefined {
    return this.#instance
  }

  get tools(): string {
    return this.#instance?.tools ?? this.#options.tools
  }

  /** Makes an engine ready for the next shell, if this thread has had one. */
  static async prepare(): Promise<void> {
    await spares.add(shellImage)
  }

  /** Brings the engine. Fails with `UnfitEngine`, or a `RejectedSnapshot`. */
  async open(): Promise<void> {
    if (this.#instance !== undefined) return
    const { host, limits, packed, seed, tools } = this.#options
    const base = await shellImage()
    const room = roomOf(limits, base, base.snapshot.memory.length)
    if (packed !== undefined && packed.memoryBytes > room.memoryBytes) {
      throw new RejectedSnapshot("TooLarge", `a memory of ${packed.memoryBytes} bytes, ${room.memoryBytes} are allowed`)
    }
    const engine = await spares.take(base, room)
    const instance = new Instance(base, engine, host, tools)
    if (packed === undefined) {
      instance.limit(room)
      instance.kernel.seed(seed)
    } else {
      const restore = changing(unpackMemory(packed), base)
      engine.grow(packed.memoryBytes)
      restore(engine.memory)
      instance.limit(room)
    }
    this.#instance = instance
  }

  /** Makes it ready for the calls of a run, whose ids begin with `prefix`. */
  begin(prefix: string, tools: ReadonlyArray<ToolInfo>): void {
    this.#instance?.grant({ tools })
    this.#instance?.kernel.begin(prefix, this.#options.limits)
  }

  /**
   * A script is over. Commands leave cycles behind; unless they are freed, later ones lie in fresh memory, and what is written
   * down grows with every run.
   */
  tidy(): void {
    this.#instance?.engine.collect()
  }

  pack(): PackedMemory | undefined {
    const instance = this.#instance
    return instance === undefined ? this.#options.packed : packMemory(instance.engine.memory, instance.base)
  }

  dispose(): void {
    this.#instance?.engine.dispose()
  }
}
