/**
 * One guest: a QuickJS machine that runs programs, gives its requests in turns, and can be written down between two of them.
 *
 * Everything here is synchronous but for booting, and belongs into a worker thread: a guest may keep its thread busy in native
 * code for as long as it likes, and its native stack is the thread's.
 *
 * V1. No guest makes `start` and `answer` throw: whatever it does becomes a turn.
 * V2. After a fatal turn, and after anything else that leaves the engine in doubt, the guest is `poisoned`: it says nothing
 *     but that, and is never written down.
 */
import { createHash } from "node:crypto"
import type { Limits } from "../machine/Limits.ts"
import type { Program } from "../machine/Machine.ts"
import type { Answer, Output, Turn } from "../machine/Turn.ts"
import type { GuestError } from "../tool/GuestError.ts"
import { type BaseImage, baseImage } from "./BaseImage.ts"
import * as Cell from "./Cell.ts"
import { type Engine, OutOfMemory } from "./Engine.ts"
import { Host } from "./Host.ts"
import { Broken, Kernel, type Outcome } from "./Kernel.ts"
import { type GuestState, pack, RejectedSnapshot, unpack } from "./Snapshot.ts"
import { Spares } from "./Spares.ts"
import { located, type RunFile } from "./Trace.ts"

export interface VmOptions {
  readonly limits: Limits
  /** Seeds the guest's randomness at boot. */
  readonly seed: string
  /** Called with console output, also while guest code runs. */
  readonly onOutput: (output: Output) => void
  /** Polled while guest code runs: the host wants this guest stopped. */
  readonly interrupted: () => boolean
}

/** A poisoned guest was to be written down. */
export class PoisonedVm extends Error {
  override readonly name = "PoisonedVm"
}

/** No guest of this thread can be given TypeScript any more. The guest that was to run it is as it was. */
export class WornThread extends Error {
  override readonly name = "WornThread"
}

/** How a turn ends a run. Absent while it waits. */
type Ending = Outcome | { readonly _tag: "Fatal"; readonly error: GuestError }

interface Run {
  readonly file: RunFile
  /** CPU time used before this turn. */
  readonly spentMillis: number
}

const kibibyte = 1_024
const mebibyte = 1_048_576

const memoryBytesMax = ({ memoryMebibytes }: Limits, { snapshot }: BaseImage): number =>
  Math.max(2 * memoryMebibytes * mebibyte, snapshot.memory.length)

const seedWords = (seed: string): readonly [number, number, number, number] => {
  const digest = createHash("sha256").update(seed).digest()
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)]
}

const failure = (name: string, reason: string, message: string): Outcome => ({
  _tag: "Error",
  error: { name, message, reason }
})

const fatal = (reason: string, message: string): Ending => ({
  _tag: "Fatal",
  error: { name: "InternalError", message, reason }
})

const poison = fatal("Poisoned", "an earlier turn broke the guest's engine")

const spares = new Spares()

export class Vm {
  readonly #base: BaseImage
  readonly #limits: Limits
  readonly #host: Host
  readonly #engine: Engine
  readonly #kernel: Kernel
  #toolsDigest = ""
  #run: Run | undefined
  #poisoned = false

  private constructor(base: BaseImage, limits: Limits, host: Host, engine: Engine, kernel: Kernel) {
    this.#base = base
    this.#limits = limits
    this.#host = host
    this.#engine = engine
    this.#kernel = kernel
  }

  /** A new guest. Fails with `UnfitEngine` if this installation cannot run any. */
  static async boot(options: VmOptions): Promise<Vm> {
    const vm = await Vm.#open(await baseImage(), options)
    vm.#engine.limit(options.limits.memoryMebibytes * mebibyte, options.limits.stackKibibytes * kibibyte)
    vm.#kernel.seed(seedWords(options.seed))
    return vm
  }

  /** The guest that was packed. Fails with `RejectedSnapshot` as well; `seed` does not matter. */
  static async restore(packed: Uint8Array, options: VmOptions): Promise<Vm> {
    const { limits } = options
    const base = await baseImage()
    const { memoryBytes, restore, state } = unpack(packed, base, memoryBytesMax(limits, base))
    const vm = await Vm.#open(base, options)
    try {
      vm.#engine.grow(memoryBytes)
      restore(vm.#engine.memory)
      vm.#engine.limit(limits.memoryMebibytes * mebibyte, limits.stackKibibytes * kibibyte)
    } catch {
      throw new RejectedSnapshot("Corrupted", "its memory is not that of a guest")
    }
    vm.#resume(state)
    return vm
  }

  /** Makes something ready for the next guest, unless enough is. Takes as long as opening one. */
  static async prepare(): Promise<void> {
    await spares.add(await baseImage())
  }

  static async #open(base: BaseImage, { interrupted, limits, onOutput }: VmOptions): Promise<Vm> {
    let kernel: Kernel | undefined
    const host = new Host({
      limits,
      onOutput,
      interrupted,
      rejected: (promise, reason, handled) => kernel?.track(promise, reason, handled)
    })
    const memoryBytes = memoryBytesMax(limits, base)
    const engine = await spares.take(base, { memoryBytes, stackBytes: limits.stackKibibytes * kibibyte })
    engine.serve(host)
    kernel = new Kernel(engine, base)
    return new Vm(base, limits, host, engine, kernel)
  }

  get poisoned(): boolean {
    return this.#poisoned
  }

  /**
   * Runs a program until it has to wait or is over. A run that still waits is given up first.
   *
   * Throws `WornThread` where no guest of this thread can be given TypeScript any more.
   */
  start({ language, nowMillis, ordinal, source, tools }: Program): Turn {
    this.#host.begin(nowMillis, 0)
    if (this.#poisoned) return this.#end(poison)
    const sourceBytes = Buffer.byteLength(source)
    if (sourceBytes > this.#limits.sourceBytes) {
      const message = `the source has ${sourceBytes} bytes, ${this.#limits.sourceBytes} are allowed`
      return this.#end(failure("RangeError", "TooLarge", message))
    }
    const cell = Cell.compile({ source, language, ordinal })
    if (cell._tag === "Unable") throw new WornThread("TypeScript can no longer be compiled in this thread")
    if (cell._tag === "Refused") return this.#end({ _tag: "Error", error: cell.error })
    this.#host.printer.begin(0)
    const { code, fileName, positions } = cell
    return this.#turn({ file: { fileName, positions }, spentMillis: 0 }, () => {
      this.#grant(tools)
      this.#kernel.begin(ordinal, this.#limits)
      this.#kernel.start(code, fileName)
      return this.#advance(cell)
    })
  }

  /** Gives answers, one by one, and lets the guest go on after each until it has to wait again or is over. */
  answer(answers: ReadonlyArray<Answer>, nowMillis: number): Turn {
    const run = this.#run
    this.#host.begin(nowMillis, run?.spentMillis ?? 0)
    if (this.#poisoned) return this.#end(poison)
    if (run === undefined) return this.#end(failure("Error", "NoRun", "no run waits for answers"))
    return this.#turn(run, () => {
      for (const answer of answers) {
        this.#give(answer)
        const outcome = this.#advance(run.file)
        if (outcome !== undefined) return outcome
      }
      return undefined
    })
  }

  /** The guest as bytes, unsigned. Throws `PoisonedVm` after a fatal turn. */
  pack(): Uint8Array {
    if (this.#poisoned) throw new PoisonedVm("a guest that broke its engine is not written down")
    return pack(this.#engine.memory, this.#state(), this.#base)
  }

  /** Frees the guest's memory. */
  dispose(): void {
    this.#poisoned = true
    this.#engine.dispose()
  }

  /** Lets the guest run, and says what came of it. */
  #turn(run: Run, body: () => Outcome | undefined): Turn {
    const ending = this.#attempt(body)
    if (ending !== undefined) return this.#end(ending)
    const { calls, sleeps, ...common } = this.#spent()
    this.#run = { file: run.file, spentMillis: run.spentMillis + common.usage.cpuMillis }
    return { _tag: "Parked", calls, sleeps, ...common }
  }

  #end(ending: Ending): Turn {
    const { calls: _, sleeps: __, ...common } = this.#spent()
    this.#run = undefined
    if (ending._tag === "Value") return { _tag: "Completed", value: ending.text, ...common }
    return { _tag: "Failed", error: ending.error, fatal: ending._tag === "Fatal", ...common }
  }

  /** What every turn says of the time since it began. */
  #spent() {
    const usage = { cpuMillis: this.#host.elapsedMillis, memoryBytes: this.#engine.memory.length }
    return { ...this.#host.take(), output: this.#host.printer.take(), usage }
  }

  #attempt(body: () => Outcome | undefined): Ending | undefined {
    let outcome: Outcome | undefined
    let thrown: unknown
    try {
      outcome = body()
    } catch (error) {
      thrown = error
    }
    const broken = this.#diagnose(thrown)
    if (broken === undefined) return outcome
    this.#poisoned = true
    return broken
  }

  /** Why the guest must not be used any more, if it must not. */
  #diagnose(thrown: unknown): Ending | undefined {
    const { stop } = this.#host
    if (stop !== undefined) return fatal(stop.reason, stop.message)
    if (thrown instanceof OutOfMemory)
      return fatal("MemoryLimit", `${thrown.message} (${this.#limits.memoryMebibytes} MiB)`)
    if (thrown instanceof Broken) return fatal(thrown.reason, thrown.message)
    if (thrown instanceof RangeError) return fatal("StackLimit", "the guest exhausted the native stack")
    if (thrown !== undefined) return fatal("Poisoned", `the guest broke its engine: ${thrown}`)
    if (this.#engine.fault !== undefined) return fatal("Poisoned", "its host failed the guest")
    return this.#engine.isAtRest ? undefined : fatal("Poisoned", "the guest left native frames behind")
  }

  /** Runs the guest until it is idle, and ends the run if it is at its end. */
  #advance(file: RunFile): Outcome | undefined {
    this.#runJobs()
    if (!this.#kernel.rest()) return undefined
    const outcome = this.#kernel.finish()
    this.#runJobs()
    this.#kernel.sweep()
    return outcome._tag === "Error" ? { _tag: "Error", error: located(outcome.error, file) } : this.#measured(outcome)
  }

  #runJobs(): void {
    this.#kernel.runJobs(this.#host)
    if (this.#host.stop !== undefined) throw new Broken("Poisoned", "the guest had to stop")
  }

  #measured(outcome: Extract<Outcome, { readonly _tag: "Value" }>): Outcome {
    const bytes = Buffer.byteLength(outcome.text)
    if (bytes <= this.#limits.resultBytes) return outcome
    const message = `the result has ${bytes} bytes, ${this.#limits.resultBytes} are allowed`
    return failure("RangeError", "TooLarge", message)
  }

  #grant(tools: Program["tools"]): void {
    const known = JSON.stringify(
      tools.map(({ description, input, output, path }) => [
        path,
        JSON.stringify({ id: path, description, input, output })
      ])
    )
    const digest = createHash("sha256").update(known).digest("hex")
    if (digest === this.#toolsDigest) return
    this.#kernel.grant(known)
    this.#toolsDigest = digest
  }

  #give({ id, outcome }: Answer): void {
    if (outcome === undefined) this.#kernel.answer(id, "wake", "")
    else if (outcome._tag === "Succeeded") this.#kernel.answer(id, "value", outcome.value)
    else this.#kernel.answer(id, "error", JSON.stringify(outcome.error))
  }

  #state(): GuestState {
    return {
      nowMillis: this.#host.nowMillis,
      tools: this.#toolsDigest,
      run: this.#run && { ...this.#run.file, spentMillis: this.#run.spentMillis, outputBytes: this.#host.printer.bytes }
    }
  }

  #resume({ nowMillis, run, tools }: GuestState): void {
    this.#host.begin(nowMillis, 0)
    this.#toolsDigest = tools
    if (run === undefined) return
    const { fileName, outputBytes, positions, spentMillis } = run
    this.#host.printer.begin(outputBytes)
    this.#run = { file: { fileName, positions }, spentMillis }
  }
}
