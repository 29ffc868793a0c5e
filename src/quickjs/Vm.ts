/**
 * One guest: a QuickJS machine that runs programs, gives its requests in turns, and can be written down between two of them.
 *
 * It has an engine for its JavaScript, another one for its shell once that is used, and files that both reach. What one engine
 * wants of the other is done within a turn: only what neither can do is a request.
 *
 * Everything here is synchronous but for opening engines, and belongs into a worker thread: a guest may keep its thread busy in
 * native code for as long as it likes, and its native stack is the thread's.
 *
 * V1. No guest makes `start`, `answer` and `proceed` throw: whatever it does becomes a turn.
 * V2. After a fatal turn, and after anything else that leaves an engine in doubt, the guest is `poisoned`: it says nothing
 *     but that, and is never written down.
 */
import * as Result from "effect/Result"
import { apply } from "../file/Apply.ts"
import type { FileFault } from "../file/FileFault.ts"
import type { FileOperation } from "../file/FileOperation.ts"
import { FileTree } from "../file/FileTree.ts"
import type { Quota } from "../file/Quota.ts"
import * as TreeCodec from "../file/TreeCodec.ts"
import type { Limits } from "../machine/Limits.ts"
import type { FilesDone, Program, TurnOptions } from "../machine/Machine.ts"
import type { Answer, FileChange, Output, Turn } from "../machine/Turn.ts"
import { baseImage, shellImageId } from "./BaseImage.ts"
import * as Cell from "./Cell.ts"
import { diagnose, type Ending, failure, poison } from "./Ending.ts"
import { Engines } from "./Engines.ts"
import { Host } from "./Host.ts"
import { Instance, roomOf } from "./Instance.ts"
import { RejectedSnapshot } from "./RejectedSnapshot.ts"
import * as Rules from "./Rules.ts"
import { seedWords } from "./Seed.ts"
import { Shell } from "./Shell.ts"
import { changesOf, changing, pack, unpack } from "./Snapshot.ts"
import type { GuestState } from "./SnapshotHeader.ts"
import { Spares } from "./Spares.ts"
import type { RunFile } from "./Trace.ts"
import * as Work from "./Work.ts"

export interface VmOptions {
  readonly limits: Limits
  /** Seeds the guest's randomness at boot. */
  readonly seed: string
  /** Called with console output, also while guest code runs. */
  readonly onOutput: (output: Output) => void
  /** Polled while guest code runs: the host wants this guest stopped. */
  readonly interrupted: () => boolean
}

/** A guest as it is written down, unsigned. */
export interface Packed {
  readonly bytes: Uint8Array
  /** The contents of files that the bytes name. */
  readonly contents: TreeCodec.Contents
}

/** A poisoned guest was to be written down. */
export class PoisonedVm extends Error {
  override readonly name = "PoisonedVm"
}

/** No guest of this thread can be given TypeScript any more. The guest that was to run it is as it was. */
export class WornThread extends Error {
  override readonly name = "WornThread"
}

/** The turn goes on with `proceed` once `openShell` has ended. */
export const needsShell = "needs shell"
export type Progress = Turn | typeof needsShell

const quotaOf = ({ fileBytes, fileEntries }: Limits): Quota => ({ bytes: fileBytes, entries: fileEntries })

const noFile: RunFile = { fileName: "", positions: [] }

const spares = new Spares({ made: 4, kept: 8 })

export class Vm {
  readonly #parts: Work.Parts
  #run: Work.Run | undefined
  #work: Work.Work | undefined
  #poisoned = false
  #disposed = false

  private constructor(parts: Work.Parts) {
    this.#parts = parts
  }

  /** A new guest. Fails with `UnfitEngine` if this installation cannot run any. */
  static async boot(options: VmOptions): Promise<Vm> {
    const { limits, seed } = options
    const base = await baseImage()
    const files = new FileTree({ quota: quotaOf(limits) })
    const vm = await Vm.#open(options, files, { packed: undefined, tools: "", shellTools: "" })
    vm.#parts.engines.javascript.limit(roomOf(limits, base))
    vm.#parts.engines.javascript.kernel.seed(seedWords(seed))
    return vm
  }

  /** The guest that was packed. Fails with `RejectedSnapshot` as well; `seed` is that of its shell, if it has none yet. */
  static async restore({ bytes, contents }: Packed, options: VmOptions): Promise<Vm> {
    const { limits } = options
    const base = await baseImage()
    const room = roomOf(limits, base)
    const parts = unpack(bytes, { base, shellBase: shellImageId, memoryBytesMax: room.memoryBytes })
    const tree = TreeCodec.decode(parts.files, contents, quotaOf(limits))
    if (Result.isFailure(tree)) throw new RejectedSnapshot("Corrupted", tree.failure.message)
    const restore = changing(parts.javascript, base)
    const { shellTools, tools } = parts.state
    const vm = await Vm.#open(options, tree.success, { packed: parts.shell, tools, shellTools })
    try {
      vm.#parts.engines.javascript.engine.grow(parts.javascript.memoryBytes)
      restore(vm.#parts.engines.javascript.engine.memory)
      vm.#parts.engines.javascript.limit(room)
    } catch {
      throw new RejectedSnapshot("Corrupted", "its memory is not that of a guest")
    }
    await vm.#resume(parts.state)
    return vm
  }

  /** Makes something ready for the next guest, unless enough is. Takes as long as opening one. */
  static async prepare(): Promise<void> {
    if (!(await spares.add(baseImage))) await Shell.prepare()
  }

  static async #open(
    { interrupted, limits, onOutput, seed }: VmOptions,
    files: FileTree,
    before: { readonly packed: ConstructorParameters<typeof Shell>[0]["packed"] } & Pick<
      GuestState,
      "tools" | "shellTools"
    >
  ): Promise<Vm> {
    const host = new Host({ limits, onOutput, interrupted, files })
    const base = await baseImage()
    const engine = await spares.take(base, roomOf(limits, base))
    const javascript = new Instance(base, engine, host, before.tools)
    const shell = new Shell({
      limits,
      host,
      seed: seedWords(`${seed} shell`),
      packed: before.packed,
      tools: before.shellTools
    })
    return new Vm({ limits, host, engines: new Engines(host, javascript, shell), files })
  }

  get poisoned(): boolean {
    return this.#poisoned
  }

  /**
   * Runs a program until it has to wait or is over. A run that still waits is given up first. Rules must have been loaded.
   *
   * Throws `WornThread` where no guest of this thread can be given TypeScript any more.
   */
  start(program: Program, options: TurnOptions = {}): Progress {
    const { language, nowMillis, ordinal, rules, source } = program
    this.#parts.host.begin(nowMillis, 0, options)
    if (this.#poisoned) return this.#end(poison)
    const sourceBytes = Buffer.byteLength(source)
    if (sourceBytes > this.#parts.limits.sourceBytes) {
      const message = `the source has ${sourceBytes} bytes, ${this.#parts.limits.sourceBytes} are allowed`
      return this.#end(failure("RangeError", "TooLarge", message))
    }
    const cell = language === "shell" ? undefined : Cell.compile({ source, language, ordinal })
    if (cell?._tag === "Unable") throw new WornThread("TypeScript can no longer be compiled in this thread")
    if (cell?._tag === "Refused") return this.#end({ _tag: "Error", error: cell.error })
    this.#parts.host.printer.begin(0)
    this.#parts.host.outstanding.reset([])
    const file = cell === undefined ? noFile : { fileName: cell.fileName, positions: cell.positions }
    const run = { ordinal, isShell: cell === undefined, rules, file, spentMillis: 0, hasShell: false }
    this.#run = run
    this.#obey(rules)
    return this.#turn(
      cell === undefined
        ? Work.startShell(this.#parts, run, program)
        : Work.startCell(this.#parts, run, program, cell.code)
    )
  }

  /** Gives answers, one by one, and lets the guest go on after each until it has to wait again or is over. */
  answer(answers: ReadonlyArray<Answer>, nowMillis: number, options: TurnOptions = {}): Progress {
    const run = this.#run
    this.#parts.host.begin(nowMillis, run?.spentMillis ?? 0, options)
    if (this.#poisoned) return this.#end(poison)
    if (run === undefined) return this.#end(failure("Error", "NoRun", "no run waits for answers"))
    return this.#turn(Work.give(this.#parts, run, answers))
  }

  /** Goes on with a turn that needed the shell. */
  proceed(): Progress {
    if (this.#work === undefined) return this.#end(poison)
    this.#parts.host.proceed()
    return this.#turn(this.#work)
  }

  /** Brings the shell's engine. Fails with `UnfitEngine`, or a `RejectedSnapshot`; the guest is then lost. */
  openShell(): Promise<void> {
    return this.#parts.engines.shell.open()
  }

  /** Does to the files what the host wants. */
  perform(operation: FileOperation, nowMillis: number): Result.Result<FilesDone, FileFault> {
    const result = apply(this.#parts.files, operation, nowMillis)
    return Result.map(result, (result) => ({ result, changes: this.#changes() }))
  }

  /** The guest as bytes, unsigned. Throws `PoisonedVm` after a fatal turn. */
  pack(): Packed {
    if (this.#poisoned) throw new PoisonedVm("a guest that broke its engine is not written down")
    const { base, engine } = this.#parts.engines.javascript
    const { bytes, contents } = TreeCodec.encode(this.#parts.files)
    const shell = this.#parts.engines.shell.pack()
    const javascript = changesOf(engine.memory, base)
    return { bytes: pack({ state: this.#state(), javascript, shell, files: bytes }, base), contents }
  }

  /** Ends the guest. Its memory is freed, or made as new for another one if nothing leaves it in doubt. */
  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    const { javascript, shell } = this.#parts.engines
    if (this.#poisoned) javascript.engine.dispose()
    else spares.give(javascript.engine, javascript.base, roomOf(this.#parts.limits, javascript.base))
    this.#poisoned = true
    this.#work = undefined
    shell.dispose()
  }

  /** Lets the guest run, and says what came of it. */
  #turn(work: Work.Work): Progress {
    this.#work = work
    const step = this.#attempt(work)
    if (step === needsShell) {
      this.#parts.host.pause()
      return needsShell
    }
    this.#work = undefined
    if (step !== undefined) {
      if (!this.#poisoned && (this.#run?.isShell || this.#run?.hasShell)) this.#parts.engines.shell.tidy()
      return this.#end(step)
    }
    const { calls, sleeps, ...common } = this.#spent()
    if (this.#run !== undefined) this.#run.spentMillis += common.usage.cpuMillis
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
    const memoryBytes = this.#parts.engines.all.reduce((bytes, { memory }) => bytes + memory.length, 0)
    const usage = { cpuMillis: this.#parts.host.cpuMillis, memoryBytes }
    const changes = this.#changes()
    const refusals = this.#parts.host.refusals.take()
    const besides = {
      ...(this.#parts.host.printer.isCut ? { outputCut: true } : {}),
      ...(changes.length === 0 ? {} : { files: changes }),
      ...(refusals === undefined ? {} : { refusals })
    }
    return { ...this.#parts.host.take(), output: this.#parts.host.printer.take(), usage, ...besides }
  }

  #changes(): ReadonlyArray<FileChange> {
    const { changes, overflow } = this.#parts.files.takeChanges()
    return overflow ? [...changes, { path: "/", kind: "changed" }] : changes
  }

  #attempt(work: Work.Work): Ending | typeof needsShell | undefined {
    let step: IteratorResult<undefined, Ending | undefined> | undefined
    let thrown: unknown
    try {
      step = work.next()
    } catch (error) {
      thrown = error
    }
    const broken = diagnose(thrown, {
      host: this.#parts.host,
      limits: this.#parts.limits,
      engines: this.#parts.engines.all
    })
    if (broken === undefined) return step?.done === false ? needsShell : step?.value
    this.#poisoned = true
    return broken
  }

  #obey(rules: Work.Run["rules"]): void {
    this.#parts.host.rule(rules && Rules.deciderOf(rules, () => this.#parts.host.nowMillis))
  }

  #state(): GuestState {
    const run = this.#run
    return {
      nowMillis: this.#parts.host.nowMillis,
      tools: this.#parts.engines.javascript.tools,
      shellTools: this.#parts.engines.shell.tools,
      run: run && {
        ...run.file,
        ordinal: run.ordinal,
        isShell: run.isShell,
        hasShell: run.hasShell,
        jobs: [...this.#parts.host.working],
        outstanding: this.#parts.host.outstanding.all,
        rules: run.rules,
        spentMillis: run.spentMillis,
        outputBytes: this.#parts.host.printer.bytes
      }
    }
  }

  async #resume({ nowMillis, run }: GuestState): Promise<void> {
    this.#parts.host.begin(nowMillis, 0)
    if (run === undefined) return
    const { fileName, hasShell, isShell, jobs, ordinal, outputBytes, outstanding, positions, rules, spentMillis } = run
    this.#parts.host.printer.begin(outputBytes)
    this.#parts.host.resumeJobs(jobs)
    this.#parts.host.outstanding.reset(outstanding ?? [])
    this.#run = { ordinal, isShell, hasShell, rules, file: { fileName, positions }, spentMillis }
    if (rules === undefined) return
    await Rules.load()
    try {
      this.#obey(rules)
    } catch {
      throw new RejectedSnapshot("Corrupted", "its run has rules that are none")
    }
  }
}
