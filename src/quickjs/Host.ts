import type { Limits } from "../machine/Limits.ts"
import type { Output, Sleep } from "../machine/Turn.ts"
import type { ToolCall } from "../tool/ToolCall.ts"
import type { Hooks, Value } from "./Hooks.ts"
import { Printer } from "./Printer.ts"

export interface HostOptions {
  readonly limits: Limits
  readonly onOutput: (output: Output) => void
  /** Polled while guest code runs: somebody wants this guest stopped. */
  readonly interrupted: () => boolean
  readonly rejected: Hooks["rejected"]
}

/** What a guest asked for, and no longer needs, since it was last asked. */
export interface Requests {
  readonly calls: ReadonlyArray<ToolCall>
  readonly sleeps: ReadonlyArray<Sleep>
  readonly cancelled: ReadonlyArray<string>
}

/** Why a guest had to stop, and what to say about it. */
export interface Stop {
  readonly reason: "CpuLimit" | "Interrupted"
  readonly message: string
}

/**
 * The host of one guest, as the guest's hooks find it: keeps its clock and its deadline, and takes down what it asks for.
 *
 * H1. A request that is cancelled before anybody heard of it was never made.
 * H2. Once the guest has to stop, it has to stop for good.
 */
export class Host implements Hooks {
  readonly #options: HostOptions
  readonly printer: Printer
  #nowMillis = 0
  #startedMillis = 0
  #allowedMillis = 0
  #allowance = ""
  #stop: Stop | undefined
  #calls: Array<ToolCall> = []
  #sleeps: Array<Sleep> = []
  #cancelled: Array<string> = []

  constructor(options: HostOptions) {
    this.#options = options
    this.printer = new Printer(options.limits.outputBytes, options.onOutput)
  }

  get nowMillis(): number {
    return this.#nowMillis
  }

  get stop(): Stop | undefined {
    return this.#stop
  }

  /** A turn begins, of a run that has used so much CPU time already. The guest's clock never goes back. */
  begin(nowMillis: number, spentMillis: number): void {
    if (nowMillis > this.#nowMillis) this.#nowMillis = nowMillis
    const { cpuRunMillis, cpuSliceMillis } = this.#options.limits
    const left = cpuRunMillis - spentMillis
    this.#allowance = left < cpuSliceMillis ? `${cpuRunMillis} ms in one run` : `${cpuSliceMillis} ms between two waits`
    this.#allowedMillis = Math.min(left, cpuSliceMillis)
    this.#startedMillis = performance.now()
  }

  /** How long guest code has run since `begin`. */
  get elapsedMillis(): number {
    return performance.now() - this.#startedMillis
  }

  take(): Requests {
    const requests = { calls: this.#calls, sleeps: this.#sleeps, cancelled: this.#cancelled }
    this.#calls = []
    this.#sleeps = []
    this.#cancelled = []
    return requests
  }

  now(): number {
    return this.#nowMillis
  }

  mustStop(): boolean {
    this.printer.flush()
    if (this.#stop === undefined && this.#options.interrupted()) {
      this.#stop = { reason: "Interrupted", message: "the guest was stopped by its host" }
    }
    if (this.#stop === undefined && this.elapsedMillis >= this.#allowedMillis) {
      this.#stop = { reason: "CpuLimit", message: `the guest used more CPU time than ${this.#allowance}` }
    }
    return this.#stop !== undefined
  }

  ask(part: (index: number) => string): "accepted" | "refused" {
    const kind = part(0)
    switch (kind) {
      case "output":
        return this.printer.print(part(1) === "stderr" ? "stderr" : "stdout", part(2))
      case "call":
        return this.#call({ id: part(1), path: part(2), arguments: part(3) })
      case "sleep":
      case "timer":
        this.#sleeps.push({ id: part(1), dueMillis: Number(part(2)) })
        return "accepted"
      case "cancel":
        this.#cancel(part(1))
        return "accepted"
      default:
        return "refused"
    }
  }

  rejected(promise: Value, reason: Value, handled: "handled" | "unhandled"): void {
    this.#options.rejected(promise, reason, handled)
  }

  #call(call: ToolCall): "accepted" | "refused" {
    if (Buffer.byteLength(call.arguments) > this.#options.limits.argumentBytes) return "refused"
    this.#calls.push(call)
    return "accepted"
  }

  #cancel(id: string): void {
    const isIt = (request: { readonly id: string }) => request.id === id
    for (const list of [this.#calls, this.#sleeps]) {
      const index = list.findIndex(isIt)
      if (index >= 0) {
        list.splice(index, 1)
        return
      }
    }
    this.#cancelled.push(id)
  }
}
