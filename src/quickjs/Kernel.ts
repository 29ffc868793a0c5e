import type { GuestError } from "../tool/GuestError.ts"
import type { ToolInfo } from "../tool/ToolInfo.ts"
import type { BaseImage } from "./BaseImage.ts"
import { type Engine, OutOfMemory } from "./Engine.ts"
import type { Value } from "./Hooks.ts"
import type { Host } from "./Host.ts"
import type { KernelFunction, ShellFunction } from "./Recipes.ts"

/** The guest cannot go on, and `reason` is why. */
export class Broken extends Error {
  override readonly name = "Broken"
  readonly reason: "StackLimit" | "Poisoned"

  constructor(reason: Broken["reason"], detail: string) {
    super(detail)
    this.reason = reason
  }
}

/** What a run may use, as the kernel counts it. */
export interface Allowance {
  readonly outstandingCalls: number
  readonly callsPerRun: number
  readonly argumentBytes: number
  readonly resultBytes: number
  readonly outputBytes: number
}

/** How a run ended: the text of its value, or what it threw. */
export type Outcome =
  | { readonly _tag: "Value"; readonly text: string }
  | { readonly _tag: "Error"; readonly error: GuestError }

const jobsBetweenLooks = 64

const memoryText = /out of memory/i
const stackText = /stack (size exceeded|overflow)/i

/** The kernel's own JSON: its fields are strings. */
const readError = (json: string): GuestError => JSON.parse(json)

/**
 * The functions that the boot scripts left for the host, by their addresses in the base image. See `boot/run.js`.
 *
 * Whatever guest code may have done, no kernel function throws. One that does has run out of memory or stack in the middle of
 * its work, and the guest cannot go on: `OutOfMemory` or `Broken`.
 */
export class Kernel {
  readonly #engine: Engine
  readonly #functions: BaseImage["kernel"]

  constructor(engine: Engine, { kernel }: BaseImage) {
    this.#engine = engine
    this.#functions = kernel
  }

  seed(words: readonly [number, number, number, number]): void {
    this.#call("seed", ...words)
  }

  /** Says which tools there are: the JSON of pairs of a path and the JSON of what may be known of it, and that of `namespaces`. */
  grant(tools: string, namespaces: string): void {
    this.#call("grant", tools, namespaces)
  }

  /** Which tools there are, as it was said last. */
  granted(): ReadonlyArray<ToolInfo> {
    const known: ReadonlyArray<readonly [path: string, info: string]> = JSON.parse(this.#call("granted"))
    return known.map(([path, text]) => {
      const { description, input, output } = JSON.parse(text)
      return { path, description, input, output }
    })
  }

  /** A run begins. The ids of what it asks for begin with `prefix` and a dot. */
  begin(prefix: string | number, allowance: Allowance): void {
    const { argumentBytes, callsPerRun, outputBytes, outstandingCalls, resultBytes } = allowance
    this.#call("begin", `${prefix}`, outstandingCalls, callsPerRun, argumentBytes, resultBytes, outputBytes)
  }

  /** Starts the program of the run that has begun. */
  start(code: string, fileName: string): void {
    const started = this.#engine.start(code, fileName)
    if (this.#engine.isException(started)) this.#failRun()
    else this.#engine.release(this.#apply("watch", [started]))
    this.#engine.release(started)
  }

  /**
   * Only of a shell: runs a script once those before it are over. With the id "" it is the program of the run that has begun; the
   * end of any other is told to the host.
   */
  shell(id: string, script: string): void {
    this.#call("shell", id, script)
  }

  /** Only of a shell: gives a script up, and cancels what it waits for. */
  abort(id: string): void {
    this.#call("abort", id)
  }

  /** Only of a shell, with no job left: whether it waits for anything. */
  waits(): boolean {
    return this.#call("waits") !== ""
  }

  /** Settles a call or a script with the text of a value or the JSON of an error, or wakes a sleep. Other ids are ignored. */
  answer(id: string, outcome: "value" | "error" | "wake", text: string): void {
    this.#call("answer", id, outcome, text)
  }

  /** Runs jobs until there is none, or the guest has to stop. A job that could not be run fails the run. */
  runJobs(host: Host): void {
    for (let count = 1; host.stop === undefined; count++) {
      if (count % jobsBetweenLooks === 0) host.mustStop()
      const job = this.#engine.runJob()
      if (job === "none") return
      if (job === "threw" && host.stop === undefined) this.#failRun()
    }
  }

  /** With no job left: whether the run is at its end, rather than waiting. */
  rest(): boolean {
    return this.#call("rest") !== ""
  }

  finish(): Outcome {
    const text = this.#call("finish")
    return text.startsWith("=")
      ? { _tag: "Value", text: text.slice(1) }
      : { _tag: "Error", error: readError(text.slice(1)) }
  }

  /** Reports rejections that nobody handled in the run. */
  sweep(): void {
    this.#call("sweep")
  }

  /** Notes a rejection. Called while guest code runs: what goes wrong is the guest's loss. */
  track(promise: Value, reason: Value, handled: "handled" | "unhandled"): void {
    const { true: isHandled, undefined: isNot } = this.#engine.fixtures
    const result = this.#engine.call(this.#functions.track, promise, reason, handled === "handled" ? isHandled : isNot)
    if (this.#engine.isException(result)) this.#engine.release(this.#engine.takeException())
    this.#engine.release(result)
  }

  #failRun(): void {
    const exception = this.#engine.takeException()
    this.#engine.release(this.#apply("fail", [exception]))
    this.#engine.release(exception)
  }

  /** Calls a kernel function with new values. Gives its result if that is a string, else "". */
  #call(name: KernelFunction | ShellFunction, ...given: ReadonlyArray<string | number>): string {
    const values = given.map((value) =>
      typeof value === "string" ? this.#engine.string(value) : this.#engine.number(value)
    )
    const result = this.#apply(name, values)
    const text = this.#engine.text(result)
    this.#engine.release(result)
    for (const value of values) this.#engine.release(value)
    return text
  }

  #apply(name: KernelFunction | ShellFunction, values: ReadonlyArray<Value>): Value {
    const callee = this.#functions[name]
    if (callee === undefined) throw new TypeError(`${name}: only the kernel of a shell has that`)
    const result = this.#engine.call(callee, ...values)
    if (!this.#engine.isException(result)) return result
    const message = this.#engine.messageOf(this.#engine.takeException())
    if (message === "" || memoryText.test(message)) throw new OutOfMemory("the guest's heap is full")
    throw new Broken(stackText.test(message) ? "StackLimit" : "Poisoned", `${name}: ${message}`)
  }
}
