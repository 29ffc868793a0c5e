import type { Answer } from "../machine/Turn.ts"
import type { GuestError } from "../tool/GuestError.ts"
import type { Engine } from "./Engine.ts"
import type { Host } from "./Host.ts"
import type { Instance } from "./Instance.ts"
import { Broken } from "./Kernel.ts"
import type { Shell } from "./Shell.ts"

/** A run, as far as both engines take part in it. */
export interface Shared {
  readonly ordinal: number
  readonly isShell: boolean
  /** JavaScript has used the shell. */
  hasShell: boolean
}

/** The ids of calls that the shell makes for JavaScript begin with it, and a dot. */
const shellPrefix = (ordinal: number): string => `${ordinal}.s`

/** The engines of a guest, and what they want of each other. */
export class Engines {
  readonly javascript: Instance
  readonly shell: Shell
  readonly #host: Host

  constructor(host: Host, javascript: Instance, shell: Shell) {
    this.#host = host
    this.javascript = javascript
    this.shell = shell
  }

  /** Those that are there. */
  get all(): ReadonlyArray<Engine> {
    const shell = this.shell.instance
    return shell === undefined ? [this.javascript.engine] : [this.javascript.engine, shell.engine]
  }

  runJobs(): void {
    this.javascript.kernel.runJobs(this.#host)
    this.shell.instance?.kernel.runJobs(this.#host)
    if (this.#host.stop !== undefined) throw new Broken("Poisoned", "the guest had to stop")
  }

  /** Does for each what it wants of the other. Yields once where the shell's engine has to be brought first. */
  *exchange(run: Shared): Generator<undefined, void, undefined> {
    const { aborted, ended, jobs, refused } = this.#host.exchange()
    if (jobs.length + aborted.length > 0 && this.shell.instance === undefined) yield
    const shell = this.shell.instance
    if (!run.hasShell && !run.isShell && jobs.length > 0) {
      this.shell.begin(shellPrefix(run.ordinal), this.javascript.kernel.granted())
      run.hasShell = true
    }
    for (const { id, script } of jobs) {
      const refusal = this.#host.refusal(script)
      if (refusal === undefined) shell?.kernel.shell(id, script)
      else this.#fail(id, { name: "PolicyError", message: refusal, reason: "PolicyDenied" })
    }
    for (const id of aborted) shell?.kernel.abort(id)
    for (const { id, value } of ended) this.javascript.kernel.answer(id, "value", value)
    for (const answer of refused) yield* this.answer(run, answer)
  }

  /** Gives an answer to the one that asked. Yields as `exchange` does. */
  *answer({ isShell, ordinal }: Shared, { id, outcome }: Answer): Generator<undefined, void, undefined> {
    this.#host.outstanding.remove(id)
    const isOfShell = isShell || id.startsWith(`${shellPrefix(ordinal)}.`)
    if (isOfShell && this.shell.instance === undefined) yield
    const kernel = isOfShell ? this.shell.instance?.kernel : this.javascript.kernel
    if (outcome === undefined) kernel?.answer(id, "wake", "")
    else if (outcome._tag === "Succeeded") kernel?.answer(id, "value", outcome.value)
    else kernel?.answer(id, "error", JSON.stringify(outcome.error))
  }

  /** JavaScript waits for scripts of a shell that itself waits for nothing: they will never end. Fails them. */
  isStalled(): boolean {
    const { working } = this.#host
    if (working.size === 0 || this.shell.instance === undefined || this.shell.instance.kernel.waits()) return false
    const message = "the script waits for something that cannot happen"
    for (const id of [...working]) this.#fail(id, { name: "Error", message, reason: "Stalled" })
    return true
  }

  #fail(id: string, error: GuestError): void {
    this.#host.forgetJob(id)
    this.javascript.kernel.answer(id, "error", JSON.stringify(error))
  }
}
