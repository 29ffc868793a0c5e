import { type Transferable, Worker } from "node:worker_threads"
import type { Output } from "../machine/Turn.ts"
import { Board, type Execution, now } from "./Board.ts"
import { Lookout } from "./Lookout.ts"
import type { Orders, Reply, Request } from "./Protocol.ts"
import { type Gone, Seat } from "./Seat.ts"
import * as ThreadTime from "./ThreadTime.ts"
import { keepCode } from "./Wasm.ts"

/** How much CPU time a guest may use after it should have stopped, before its worker is ended. */
const graceMillis = 250
/** How long it may go on then, on a host that gives it hardly any. */
const patienceMillis = 10_000
/** How often a busy worker is looked at. */
const watchMillis = 25
/**
 * What a worker's own objects may have. The names in a guest's files are among them, with about 800 bytes each: all machines of a
 * worker have room for as many as they may have by default, and one for as many as it may have at all.
 */
const heapMebibytes = 2_048
/** How long a worker may take to come up. */
const startMillis = 30_000

/** A worker keeps compiled modules where its process does. Nothing else of the process's environment reaches it. */
const environment = (): Record<string, string> => {
  const cache = process.env["NODE_COMPILE_CACHE"]
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }
}

export interface ThreadOptions {
  readonly entry: URL
  readonly slots: number
  readonly livesShortly?: boolean | undefined
  /** There may be room where there was none, or the thread has ended. */
  readonly changed: () => void
}

/**
 * One worker thread and the machines in it.
 *
 * T1. Every request that is sent is replied to once, or the thread ends.
 * T2. While requests are under way a timer looks at the board: a guest that uses up the grace after it should have stopped is
 *     ended with its worker. An idle thread has no timer.
 * T3. It keeps the process alive while requests are under way, and for no longer than a look after that.
 * T4. It looks out for the reply to a request: meanwhile the event loop goes round without sleeping.
 * T5. A thread that has ended takes no machine, and all that it had are gone.
 */
export class Thread {
  readonly #options: ThreadOptions
  readonly #board: Board
  readonly #worker: Worker
  readonly #seats: Array<Seat | undefined>
  readonly #startTimer: NodeJS.Timeout
  #watchTimer: NodeJS.Timeout | undefined
  #ready = false
  #thread: string | undefined
  /** What was seen to run on when it should have stopped, and the worker's CPU time then. */
  #overdue: { readonly sinceMillis: number; readonly cpuMillis: number } | undefined
  #ended: Promise<number> | undefined
  #load = 0
  #machines = 0
  #underWay = 0
  readonly #lookout = new Lookout()
  #look: NodeJS.Immediate | undefined

  constructor(options: ThreadOptions) {
    this.#options = options
    this.#board = Board.make(options.slots)
    this.#seats = Array.from({ length: options.slots }, () => undefined)
    const orders: Orders = { board: this.#board.buffer, livesShortly: options.livesShortly === true }
    this.#worker = new Worker(options.entry, {
      name: "caisson-quickjs",
      workerData: orders,
      argv: [],
      env: environment(),
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      trackUnmanagedFds: true,
      resourceLimits: { maxOldGenerationSizeMb: heapMebibytes, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 }
    })
    // What a worker writes goes nowhere. Streams that are read would keep the process alive.
    this.#worker.stdout.destroy()
    this.#worker.stderr.destroy()
    this.#worker.on("message", (reply: Reply) => this.#receive(reply))
    this.#worker.on("error", (error) => this.#end(describe(error), this.#board.execution()))
    this.#worker.on("messageerror", (error) => this.#end(describe(error), undefined))
    this.#worker.on("exit", (code) => this.#end(`the worker ended with code ${code}`, this.#board.execution()))
    this.#worker.unref()
    const late = () => this.#end(`the worker was not ready within ${startMillis} ms`, undefined)
    this.#startTimer = setTimeout(late, startMillis).unref()
  }

  /** How many machines it has. */
  get load(): number {
    return this.#load
  }

  /** Whether a machine may take a place. Not beside a guest that should have stopped: it may take the worker with it. */
  get hasRoom(): boolean {
    if (this.hasEnded || this.#load >= this.#options.slots) return false
    const execution = this.#board.execution()
    return execution === undefined || now() < this.#stopOf(execution).millis
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /** A place for one machine. Only if there is room. */
  seat(onOutput: ((output: Output) => void) | undefined): Seat {
    const slot = this.#seats.indexOf(undefined)
    if (slot < 0 || this.hasEnded) throw new Error("no room in this thread")
    this.#load += 1
    this.#machines += 1
    const seat = new Seat({
      slot,
      machine: this.#machines,
      board: this.#board,
      post: (request) => this.#post(request),
      onOutput
    })
    this.#seats[slot] = seat
    return seat
  }

  /** Ends the worker, whatever it does. Resolves when it is no more. */
  async close(): Promise<void> {
    this.#end("the tier was closed", undefined)
    await this.#ended
  }

  #post(request: Request): void {
    if (this.hasEnded) return
    this.#underWay += 1
    if (this.#watchTimer === undefined) this.#wake()
    this.#worker.postMessage(request, transferable(request))
    if (this.#look === undefined && this.#lookout.begin()) this.#look = setImmediate(this.#lookOut)
  }

  readonly #lookOut = (): void => {
    this.#look = this.#lookout.goesOn() ? setImmediate(this.#lookOut) : undefined
  }

  #endLook(): void {
    if (this.#look === undefined) return
    clearImmediate(this.#look)
    this.#look = undefined
    this.#lookout.end()
  }

  #receive(reply: Reply): void {
    if (this.hasEnded) return
    this.#endLook()
    switch (reply.kind) {
      case "ready":
        this.#ready = true
        this.#thread = reply.thread
        clearTimeout(this.#startTimer)
        break
      case "unfit":
      case "worn":
        this.#end(reply.detail, undefined)
        break
      case "output":
        this.#seats[reply.slot]?.stream(reply.output)
        break
      case "closed":
        this.#underWay -= 1
        this.#load -= 1
        this.#seats[reply.slot] = undefined
        break
      default:
        this.#underWay -= 1
        this.#seats[reply.slot]?.reply(reply)
    }
    this.#options.changed()
  }

  #wake(): void {
    this.#worker.ref()
    this.#watchTimer = setTimeout(() => this.#watch(), watchMillis).unref()
  }

  #watch(): void {
    this.#watchTimer = undefined
    const execution = this.#board.execution()
    const stop = execution && this.#stopOf(execution)
    if (stop !== undefined && this.#isStuck(stop.millis)) this.#end(`a guest did not stop ${stop.reason}`, execution)
    else if (this.#underWay > 0) this.#wake()
    else this.#worker.unref()
  }

  /** Whether a guest has run on for too long that should have stopped then. */
  #isStuck(millis: number): boolean {
    const overMillis = now() - millis
    if (overMillis <= 0) return false
    const cpuMillis = ThreadTime.millisOf(this.#thread) ?? now()
    if (this.#overdue?.sinceMillis !== millis) this.#overdue = { sinceMillis: millis, cpuMillis }
    return overMillis > patienceMillis || cpuMillis - this.#overdue.cpuMillis > graceMillis
  }

  /**
   * When a guest that runs has to stop, and why. One that asks may go on until it is told otherwise: its CPU time is its worker's to
   * know.
   */
  #stopOf({ allowedMillis, beatMillis, sinceMillis, slot }: Execution) {
    const interruptedMillis = this.#seats[slot]?.interruptedMillis ?? Number.POSITIVE_INFINITY
    const dueMillis = Math.max(sinceMillis + allowedMillis, beatMillis)
    return interruptedMillis < dueMillis
      ? { millis: Math.max(interruptedMillis, sinceMillis), reason: "when it was told to" }
      : { millis: dueMillis, reason: `within ${allowedMillis} ms` }
  }

  /** CPU time of what runs; by the clock where that of the thread cannot be told. */
  #usedBy({ sinceMillis, usedMillis }: Execution): number {
    const threadMillis = ThreadTime.millisOf(this.#thread)
    return threadMillis === undefined ? now() - sinceMillis : threadMillis - usedMillis
  }

  /** `culprit` is what ran when the worker ended, if that was why it ended. */
  #end(detail: string, culprit: Execution | undefined): void {
    if (this.hasEnded) return
    keepCode()
    this.#worker.ref()
    const gone: Gone = { kind: this.#ready ? "lost" : "unavailable", detail }
    const fault = culprit && { message: detail, cpuMillis: this.#usedBy(culprit) }
    this.#ended = this.#worker.terminate()
    clearTimeout(this.#startTimer)
    clearTimeout(this.#watchTimer)
    this.#options.changed()
    for (const seat of this.#seats) seat?.end(gone, seat.slot === culprit?.slot ? fault : undefined)
  }
}

/** The bytes of a machine are handed over, not copied. */
const transferable = (request: Request): ReadonlyArray<Transferable> =>
  request.kind === "boot" && request.packed !== undefined ? [request.packed.bytes.buffer] : []

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)
