import type { Output } from "../machine/Turn.ts"
import type { Gone, Seat } from "./Seat.ts"
import { Thread } from "./Thread.ts"

export interface PoolOptions {
  readonly entry: URL
  readonly threads: number
  readonly machinesPerThread: number
  /** How many machines may wait for a place. */
  readonly waiting: number
  readonly livesShortly?: boolean | undefined
}

type Placed = (place: Seat | Gone) => void

interface Waiting {
  readonly onOutput: ((output: Output) => void) | undefined
  readonly placed: Placed
}

const unavailable = (detail: string): Gone => ({ kind: "unavailable", detail })

/**
 * Threads, started when they are first needed and kept, and who gets a place in which.
 *
 * P1. A machine is placed in the thread with the fewest, and in a new thread rather than beside another machine.
 * P2. Whoever finds no place waits: first come, first served.
 * P3. A thread that ends is forgotten at once, and the next machine starts its successor. Nothing is started unasked: a
 *     worker that cannot start fails the machines that wanted it, and that is all.
 */
export class Pool {
  readonly #options: PoolOptions
  readonly #threads = new Set<Thread>()
  readonly #waiting = new Set<Waiting>()
  readonly #ending = new Set<Promise<void>>()
  #closed = false

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** How many threads it has, and how many machines they have. */
  get load(): { readonly threads: number; readonly machines: number } {
    let machines = 0
    for (const thread of this.#threads) machines += thread.load
    return { threads: this.#threads.size, machines }
  }

  /** Starts a thread now that would otherwise start with the first machine. */
  warm(): void {
    if (!this.#closed && this.#threads.size === 0) this.#start()
  }

  /** Calls `placed` once, at once or when there is a place. Returns how to give up waiting. */
  take(onOutput: ((output: Output) => void) | undefined, placed: Placed): () => void {
    const waiting = { onOutput, placed }
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      placed(unavailable(refusal))
      return () => {}
    }
    this.#waiting.add(waiting)
    this.#place()
    return () => this.#waiting.delete(waiting)
  }

  /** Ends every thread and waits until they are no more. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { placed } of this.#waiting) placed(unavailable("the tier is closed"))
    this.#waiting.clear()
    for (const thread of this.#threads) this.#forget(thread)
    await Promise.all(this.#ending)
  }

  #refusal(): string | undefined {
    if (this.#closed) return "the tier is closed"
    if (this.#waiting.size >= this.#options.waiting) return `${this.#waiting.size} machines wait for a place already`
    return undefined
  }

  #place(): void {
    for (const waiting of this.#waiting) {
      const thread = this.#leastLoaded()
      if (thread === undefined) return
      this.#waiting.delete(waiting)
      waiting.placed(thread.seat(waiting.onOutput))
    }
  }

  #leastLoaded(): Thread | undefined {
    let least: Thread | undefined
    for (const thread of this.#threads) {
      if (thread.hasRoom && (least === undefined || thread.load < least.load)) least = thread
    }
    if (least?.load === 0 || this.#threads.size >= this.#options.threads) return least
    return this.#start()
  }

  #start(): Thread {
    const thread: Thread = new Thread({
      entry: this.#options.entry,
      slots: this.#options.machinesPerThread,
      livesShortly: this.#options.livesShortly,
      changed: () => this.#changed(thread)
    })
    this.#threads.add(thread)
    return thread
  }

  #changed(thread: Thread): void {
    if (thread.hasEnded) this.#forget(thread)
    this.#place()
  }

  #forget(thread: Thread): void {
    if (!this.#threads.delete(thread)) return
    const ending = thread.close().finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }
}
