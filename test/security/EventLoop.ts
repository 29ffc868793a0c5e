import { once } from "node:events"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Worker } from "node:worker_threads"

const resolution = 5

/** A thread that does nothing but be late when the machine is busy. */
const idler = `
  const { parentPort } = require("node:worker_threads")
  const delay = require("node:perf_hooks").monitorEventLoopDelay({ resolution: ${resolution} })
  delay.enable()
  parentPort.on("message", (percentile) => parentPort.postMessage(delay.percentile(percentile)))
`

/**
 * How late the event loop of this thread is, compared with one that has nothing to do: whatever else runs on the machine
 * makes both late, and only what blocks this thread makes it later.
 */
export class EventLoop {
  readonly #delay = monitorEventLoopDelay({ resolution })
  #idler: Worker | undefined

  start(): void {
    this.#idler = new Worker(idler, { eval: true })
    this.#delay.enable()
  }

  async stop(): Promise<void> {
    this.#delay.disable()
    await this.#idler?.terminate()
  }

  /** How often it was looked at. */
  get samples(): number {
    return this.#delay.count
  }

  /** In milliseconds. */
  async lateness(percentile: number): Promise<number> {
    if (this.#idler === undefined) throw new Error("nothing is measured")
    const answered = once(this.#idler, "message")
    this.#idler.postMessage(percentile)
    const [idle] = await answered
    return (this.#delay.percentile(percentile) - Number(idle)) / 1e6
  }
}
