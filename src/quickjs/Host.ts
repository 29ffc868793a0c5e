import { createHash } from "node:crypto"
import { workspace } from "../file/Area.ts"
import type { FileTree } from "../file/FileTree.ts"
import { argumentsBytesMax, type Limits } from "../machine/Limits.ts"
import type { TurnOptions } from "../machine/Machine.ts"
import type { Answer, Output, Sleep } from "../machine/Turn.ts"
import type { Decider } from "../policy/machine/Decider.ts"
import type { Around } from "../policy/shell/Script.ts"
import type { ToolCall } from "../tool/ToolCall.ts"
import * as FileCalls from "./FileCalls.ts"
import type { Hooks } from "./Hooks.ts"
import { Outstanding } from "./Outstanding.ts"
import { Printer } from "./Printer.ts"
import { Refusals } from "./Refusals.ts"
import { ownMillis } from "./ThreadTime.ts"

export interface HostOptions {
  readonly limits: Limits
  readonly onOutput: (output: Output) => void
  /** Polled while guest code runs: somebody wants this guest stopped. */
  readonly interrupted: () => boolean
  readonly files: FileTree
}

/** What JavaScript wants of the guest's shell, and how a job of it ended. */
export interface Job {
  readonly id: string
  readonly script: string
}
export interface EndedJob {
  readonly id: string
  /** A `Value` text. */
  readonly value: string
}

/** What engines want of each other, and get from their host at once. */
export interface Exchange {
  readonly jobs: ReadonlyArray<Job>
  readonly aborted: ReadonlyArray<string>
  readonly ended: ReadonlyArray<EndedJob>
  /** What the host says to calls that it does not tell anybody of. */
  readonly refused: ReadonlyArray<Answer>
}

/** What a guest asked for, and no longer needs, since it was last asked. */
export interface Requests {
  readonly calls: ReadonlyArray<ToolCall>
  readonly sleeps: ReadonlyArray<Sleep>
  readonly cancelled: ReadonlyArray<string>
}

/** How much of its CPU time a turn counts that is made again. */
export const weightAgain = 1 / 2

/** Devices hold nothing: there is nothing to decide on. */
const isDevice = (path: string): boolean => path.startsWith("/dev/")

/** A command as a shell says that it will run it. */
interface Dispatched extends Around {
  readonly words: ReadonlyArray<string>
}

/** Nothing, or `!` and why something must not be done. */
const said = (reason: string | undefined): "" | `!${string}` => (reason === undefined ? "" : `!${reason}`)

const digests = new Set(["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])

/** `=` and the digest in hexadecimal. */
const digest = (algorithm: string, bytes: Buffer): "refused" | `=${string}` =>
  digests.has(algorithm) ? `=${createHash(algorithm).update(bytes).digest("hex")}` : "refused"

/** The answer to a call for whose arguments there is no room. */
const crowded = ({ id, path }: ToolCall): Answer => {
  const message = `${path}: the arguments of calls that wait have more than ${argumentsBytesMax} bytes together`
  return { id, outcome: { _tag: "Rejected", error: { name: "RangeError", message, reason: "TooLarge" } } }
}

/** Why a guest had to stop, and what to say about it. */
export interface Stop {
  readonly reason: "CpuLimit" | "Interrupted"
  readonly message: string
}

/**
 * The host of one guest, as the hooks of its engines find it: keeps its clock, its deadline and its files, and takes down what
 * it asks for.
 *
 * H1. A request that is cancelled before anybody heard of it was never made.
 * H2. Once the guest has to stop, it has to stop for good.
 */
export class Host implements Pick<Hooks, "now" | "mustStop" | "ask"> {
  readonly #options: HostOptions
  readonly printer: Printer
  /** What the rules of the run refused. */
  readonly refusals = new Refusals()
  readonly outstanding = new Outstanding()
  #nowMillis = 0
  #weight = 1
  #startedMillis = 0
  #pausedMillis: number | undefined
  #allowedMillis = 0
  #allowance = ""
  #stop: Stop | undefined
  #calls: Array<ToolCall> = []
  #sleeps: Array<Sleep> = []
  #cancelled: Array<string> = []
  #jobs: Array<Job> = []
  #aborted: Array<string> = []
  #ended: Array<EndedJob> = []
  #refused: Array<Answer> = []
  readonly #working = new Set<string>()
  #decider: Decider | undefined

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
  begin(nowMillis: number, spentMillis: number, { isAgain = false }: TurnOptions = {}): void {
    if (nowMillis > this.#nowMillis) this.#nowMillis = nowMillis
    const { cpuRunMillis, cpuSliceMillis } = this.#options.limits
    const left = cpuRunMillis - spentMillis
    this.#allowance = left < cpuSliceMillis ? `${cpuRunMillis} ms in one run` : `${cpuSliceMillis} ms between two waits`
    this.#allowedMillis = Math.min(left, cpuSliceMillis)
    this.#weight = isAgain ? weightAgain : 1
    this.#startedMillis = ownMillis()
    this.#pausedMillis = undefined
  }

  /** CPU time that guest code has used since `begin`, as far as it counts. */
  get cpuMillis(): number {
    return this.#weight * ((this.#pausedMillis ?? ownMillis()) - this.#startedMillis)
  }

  /** The guest waits for its host: that is no time of its own. */
  pause(): void {
    this.#pausedMillis ??= ownMillis()
  }

  proceed(): void {
    if (this.#pausedMillis === undefined) return
    this.#startedMillis += ownMillis() - this.#pausedMillis
    this.#pausedMillis = undefined
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

  get isExchanging(): boolean {
    return this.#jobs.length + this.#aborted.length + this.#ended.length + this.#refused.length > 0
  }

  /** What engines want of each other since they were last asked. */
  exchange(): Exchange {
    const exchange = { jobs: this.#jobs, aborted: this.#aborted, ended: this.#ended, refused: this.#refused }
    this.#jobs = []
    this.#aborted = []
    this.#ended = []
    this.#refused = []
    return exchange
  }

  /** The shell jobs that JavaScript waits for. */
  get working(): ReadonlySet<string> {
    return this.#working
  }

  /** JavaScript is told of this job's end by another way. */
  forgetJob(id: string): void {
    this.#working.delete(id)
  }

  /** Shell jobs that JavaScript waited for when the guest was written down. */
  resumeJobs(ids: ReadonlyArray<string>): void {
    for (const id of ids) this.#working.add(id)
  }

  /** From now on the guest's commands and files are decided on like this; by nobody, everything is allowed. */
  rule(decider: Decider | undefined): void {
    this.#decider = decider
    this.#options.files.guard =
      decider &&
      ((path, access) => {
        const refusal = isDevice(path) ? undefined : decider.file(path, access)
        return refusal && this.refusals.note(access, path, refusal)
      })
  }

  /** Why a shell script must not be run, if it must not. */
  refusal(script: string): string | undefined {
    const refusal = this.#decider?.script(script)
    return refusal && this.refusals.note("script", script, refusal)
  }

  mustStop(): boolean {
    this.printer.flush()
    if (this.#stop === undefined && this.#options.interrupted()) {
      this.#stop = { reason: "Interrupted", message: "the guest was stopped by its host" }
    }
    if (this.#stop === undefined && this.cpuMillis >= this.#allowedMillis) {
      this.#stop = { reason: "CpuLimit", message: `the guest used more CPU time than ${this.#allowance}` }
    }
    return this.#stop !== undefined
  }

  ask(part: (index: number) => string): ReturnType<Hooks["ask"]> {
    const kind = part(0)
    switch (kind) {
      case "file":
        return FileCalls.answer(
          this.#options.files,
          { actor: "guest", nowMillis: this.#nowMillis, directory: workspace },
          part
        )
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
      case "shell":
        return this.#begin({ id: part(1), script: part(2) })
      case "shelled":
        if (this.#working.delete(part(1))) this.#ended.push({ id: part(1), value: part(2) })
        return "accepted"
      case "command": {
        const { words, ...around }: Dispatched = JSON.parse(part(1))
        const refusal = this.#decider?.command(words, around)
        return said(refusal && this.refusals.note("command", words.join(" "), refusal))
      }
      case "digest":
        return digest(part(1), Buffer.from(part(2), "latin1"))
      case "script":
        return said(this.refusal(part(1)))
      default:
        return "refused"
    }
  }

  #call(call: ToolCall): "accepted" | "refused" {
    const bytes = Buffer.byteLength(call.arguments)
    if (bytes > this.#options.limits.argumentBytes) return "refused"
    if (this.outstanding.add(call.id, bytes)) this.#calls.push(call)
    else this.#refused.push(crowded(call))
    return "accepted"
  }

  #begin(job: Job): "accepted" | "refused" {
    if (Buffer.byteLength(job.script) > this.#options.limits.sourceBytes) return "refused"
    this.#working.add(job.id)
    this.#jobs.push(job)
    return "accepted"
  }

  #cancel(id: string): void {
    if (this.#working.delete(id)) {
      const index = this.#jobs.findIndex((job) => job.id === id)
      if (index >= 0) this.#jobs.splice(index, 1)
      else this.#aborted.push(id)
      return
    }
    const isIt = (request: { readonly id: string }) => request.id === id
    this.outstanding.remove(id)
    for (const list of [this.#calls, this.#sleeps, this.#refused]) {
      const index = list.findIndex(isIt)
      if (index >= 0) {
        list.splice(index, 1)
        return
      }
    }
    this.#cancelled.push(id)
  }
}
