import type { GuestError } from "../tool/GuestError.ts"
import type { ToolCall } from "../tool/ToolCall.ts"
import { ValueError } from "../tool/value/ValueError.ts"
import * as RandomState from "./RandomState.ts"
import type { Guest, GuestScript, Request } from "./Script.ts"
import { type End, fromAnswer, guestError, returned, textOf, toOutcome, valueOf } from "./ScriptEnd.ts"
import type { Answer, Output, Sleep, Turn } from "./Turn.ts"

/** What outlives a run: session variables as JSON texts, and the state of the random sequence. */
export interface Heap {
  random: number
  readonly variables: Map<string, string>
}

export interface ScriptRunOptions {
  readonly ordinal: number
  readonly nowMillis: number
  readonly heap: Heap
  readonly onOutput: (output: Output) => void
}

/** Thrown through the interpreter, never into a script: the run cannot go on. */
class Broken {
  readonly error: GuestError
  constructor(error: GuestError) {
    this.error = error
  }
}

type Step = { readonly _tag: "Asked"; readonly request: Request } | End

/** One of the guests that run concurrently within a run. It waits for an id or for its children, or is running. */
interface Strand {
  readonly guest: Guest<unknown>
  readonly ended: (end: End) => void
  waitsFor: string | undefined
  children: Array<Strand>
}

const waiting = Symbol("waiting")

const resume = (guest: Guest<unknown>, input: End): Step => {
  try {
    const step = input._tag === "Returned" ? guest.next(input.value) : guest.throw(input.error)
    return step.done ? { _tag: "Returned", value: step.value } : { _tag: "Asked", request: step.value }
  } catch (error) {
    return { _tag: "Threw", error }
  }
}

const stalled: GuestError = {
  name: "Error",
  message: "the run waits for something that cannot happen: no call and no sleep is pending",
  reason: "Stalled"
}

const unhandled = (error: unknown): string => {
  const { message, name } = guestError(error)
  return `unhandled rejection: ${name}: ${message}\n`
}

/**
 * One run of one script: starts strands, hands out ids, and resumes whoever waits for an answer.
 *
 * R1. An id is waited for by at most one strand, and is forgotten as soon as it is answered or cancelled.
 * R2. The run ends when the main strand has thrown, or has returned and nothing is pending.
 */
export class ScriptRun {
  readonly #options: ScriptRunOptions
  readonly #pending = new Map<string, Strand>()
  #nowMillis: number
  #counter = 0
  #end: End | undefined
  #broken: GuestError | undefined
  #spins = false
  #calls: Array<ToolCall> = []
  #sleeps: Array<Sleep> = []
  #cancelled: Array<string> = []
  #output: Array<Output> = []

  constructor(options: ScriptRunOptions) {
    this.#options = options
    this.#nowMillis = options.nowMillis
  }

  /** Lets the script run until it waits. */
  begin(script: GuestScript, argument: unknown): void {
    this.#guard(() => this.#spawn(script(argument), (end) => this.#finish(end)))
  }

  /** Resumes the strand that waits for this answer and lets it run until it waits again. Any other answer is ignored. */
  deliver(answer: Answer, nowMillis: number): void {
    this.#nowMillis = Math.max(this.#nowMillis, nowMillis)
    const strand = this.#pending.get(answer.id)
    if (strand === undefined) return
    this.#pending.delete(answer.id)
    strand.waitsFor = undefined
    this.#guard(() => this.#advance(strand, fromAnswer(answer)))
  }

  /** Gives the run up. Returns the ids that need no answer any more. */
  abandon(): ReadonlyArray<string> {
    const ids = [...this.#pending.keys()]
    this.#pending.clear()
    return ids
  }

  /** Whether the run would go on for ever: its failure is due when the slice is used up. */
  get spins(): boolean {
    return this.#spins
  }

  /** What happened since the previous turn. */
  turn(): Turn {
    const common = { cancelled: this.#cancelled, output: this.#output, usage: this.#usage() }
    const requests = { calls: this.#calls, sleeps: this.#sleeps }
    this.#calls = []
    this.#sleeps = []
    this.#cancelled = []
    this.#output = []
    if (this.#broken !== undefined) return { _tag: "Failed", error: this.#broken, fatal: true, ...common }
    if (this.#end !== undefined && this.#pending.size === 0) return { ...toOutcome(this.#end), ...common }
    if (this.#pending.size === 0) return { _tag: "Failed", error: stalled, fatal: false, ...common }
    return { _tag: "Parked", ...requests, ...common }
  }

  #finish(end: End): void {
    this.#end = end
    if (end._tag === "Threw") for (const id of [...this.#pending.keys()]) this.#cancel(id)
  }

  #guard(body: () => void): void {
    try {
      body()
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      this.#broken = error.error
    }
  }

  #usage() {
    const texts = [...this.#options.heap.variables].map(([name, text]) => name.length + text.length)
    return { cpuMillis: 0, memoryBytes: texts.reduce((sum, length) => sum + length, 0) }
  }

  #spawn(guest: Guest<unknown>, ended: (end: End) => void, parent?: Strand): void {
    const strand: Strand = { guest, ended, waitsFor: undefined, children: [] }
    parent?.children.push(strand)
    this.#advance(strand, returned(undefined))
  }

  #advance(strand: Strand, input: End): void {
    let step = resume(strand.guest, input)
    while (step._tag === "Asked") {
      const reply = this.#reply(strand, step.request)
      if (reply === waiting) return
      step = resume(strand.guest, reply)
    }
    strand.ended(step)
  }

  #reply(strand: Strand, request: Request): End | typeof waiting {
    try {
      const reply = this.#serve(strand, request)
      return reply === waiting ? waiting : returned(reply)
    } catch (error) {
      if (error instanceof ValueError) return { _tag: "Threw", error }
      throw error
    }
  }

  #serve(strand: Strand, request: Request): unknown {
    const { heap } = this.#options
    switch (request._tag) {
      case "Call":
      case "Sleep":
        return this.#wait(strand, request)
      case "All":
        return this.#all(strand, request.guests)
      case "Race":
        return this.#race(strand, request.guests)
      case "Spawn":
        this.#spawn(request.guest, (end) => {
          if (end._tag === "Threw") this.#print({ stream: "stderr", text: unhandled(end.error) })
        })
        return undefined
      case "Print":
        this.#print(request.output)
        return undefined
      case "Load": {
        const text = heap.variables.get(request.name)
        return text === undefined ? undefined : valueOf(text)
      }
      case "Store":
        heap.variables.set(request.name, textOf(request.value))
        return undefined
      case "Now":
        return this.#nowMillis
      case "Random":
        heap.random = RandomState.next(heap.random)
        return RandomState.number(heap.random)
      case "Break":
        throw new Broken({ name: "InternalError", message: request.reason, reason: request.reason })
      case "Spin":
        this.#spins = true
        throw new Broken({ name: "InternalError", message: "interrupted", reason: "CpuLimit" })
    }
  }

  #print(output: Output): void {
    this.#output.push(output)
    this.#options.onOutput(output)
  }

  #wait(strand: Strand, request: Request & { readonly _tag: "Call" | "Sleep" }): typeof waiting {
    const text = request._tag === "Call" ? textOf(request.arguments) : ""
    this.#counter += 1
    const id = `${this.#options.ordinal}.${this.#counter}`
    strand.waitsFor = id
    this.#pending.set(id, strand)
    if (request._tag === "Sleep") this.#sleeps.push({ id, dueMillis: this.#nowMillis + request.millis })
    else this.#calls.push({ id, path: request.path, arguments: text })
    return waiting
  }

  #all(parent: Strand, guests: ReadonlyArray<Guest<unknown>>): unknown {
    if (guests.length === 0) return []
    const values: Array<unknown> = guests.map(() => undefined)
    let left = guests.length
    this.#group(parent, guests, (index, end) => {
      if (end._tag === "Threw") return end
      values[index] = end.value
      left -= 1
      return left === 0 ? returned(values) : undefined
    })
    return waiting
  }

  #race(parent: Strand, guests: ReadonlyArray<Guest<unknown>>): unknown {
    this.#group(parent, guests, (_index, end) => end)
    return waiting
  }

  /** Runs guests as children of a strand until one of their ends settles the group, then resumes the strand. */
  #group(
    parent: Strand,
    guests: ReadonlyArray<Guest<unknown>>,
    settle: (index: number, end: End) => End | undefined
  ): void {
    let settled = false
    for (const [index, guest] of guests.entries()) {
      if (settled) return
      this.#spawn(
        guest,
        (end) => {
          const result = settle(index, end)
          if (result === undefined || settled) return
          settled = true
          this.#cancelChildren(parent)
          this.#advance(parent, result)
        },
        parent
      )
    }
  }

  #cancelChildren(strand: Strand): void {
    for (const child of strand.children) {
      if (child.waitsFor !== undefined) this.#cancel(child.waitsFor)
      this.#cancelChildren(child)
    }
    strand.children = []
  }

  /** A request that was made since the previous turn never leaves the machine; an older one is reported as cancelled. */
  #cancel(id: string): void {
    this.#pending.delete(id)
    const isNew = (request: { readonly id: string }) => request.id === id
    if (!this.#calls.some(isNew) && !this.#sleeps.some(isNew)) {
      this.#cancelled.push(id)
      return
    }
    this.#calls = this.#calls.filter((call) => call.id !== id)
    this.#sleeps = this.#sleeps.filter((sleep) => sleep.id !== id)
  }
}
