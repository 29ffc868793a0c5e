import * as Result from "effect/Result"
import type { Limits } from "../../machine/Limits.ts"
import * as Printed from "../../machine/Printed.ts"
import type { Display, Output, Turn } from "../../machine/Turn.ts"
import { type InterpreterError, misbehaved } from "./InterpreterError.ts"
import type { Outcome } from "./Ledger.ts"
import type { TurnEnd } from "./Message.ts"

/**
 * What one step may print: so many pieces, of which the one after the last has the mark that stands for the rest, and the bytes of a run
 * with a mark. An interpreter that gives more is not believed any more.
 */
const piecesMax = 16_384
const markBytes = 256
const displayBytesMax = 16_777_216
/** Displays, arguments and pieces of output, of all answers that are given together. One step of an honest interpreter has less than half of it. */
const heldBytesMax = 134_217_728
/** What a piece of output takes, however short it is. */
const pieceBytes = 64

const lengthOf = ({ mediaType, path = "", text = "" }: Display): number => mediaType.length + path.length + text.length

const argumentsOf = (outcome: Outcome): number =>
  outcome._tag === "Parked" ? outcome.calls.reduce((sum, call) => sum + call.arguments.length, 0) : 0

/**
 * Puts one turn together, of what an interpreter says in answer to one request or to several. Pieces of output are told as they
 * come; in the turn, those of one stream that follow each other are one, so that it does not depend on time.
 */
export class TurnBuilder {
  readonly #limits: Limits
  readonly #onOutput: (output: Output) => void
  readonly #output: Array<Output> = []
  #outcomes: ReadonlyArray<Outcome> = []
  #displays: ReadonlyArray<Display> = []
  #phases: Readonly<Record<string, number>> | undefined
  #memoryBytes = 0
  /** Since it has last said what a step came to; what follows in one stream is one piece. */
  #pieces = 0
  #stream: Output["stream"] | undefined
  #heldBytes = 0
  #bytes = 0
  #isCut = false

  constructor(limits: Limits, onOutput: (output: Output) => void) {
    this.#limits = limits
    this.#onOutput = onOutput
  }

  print(output: Output): Result.Result<void, InterpreterError> {
    // An honest one says nothing where it has nothing to say.
    if (output.stream !== this.#stream || output.text === "") {
      this.#stream = output.stream
      this.#pieces++
      this.#heldBytes += pieceBytes
    }
    if (this.#heldBytes > heldBytesMax) return Result.fail(misbehaved("more than a turn may hold"))
    this.#bytes += Buffer.byteLength(output.text)
    if (this.#pieces > piecesMax + 1 || this.#bytes > this.#limits.outputBytes + markBytes) {
      return Result.fail(misbehaved("more output than is allowed"))
    }
    this.#isCut ||= this.#pieces > piecesMax
    Printed.add(this.#output, output)
    this.#onOutput(output)
    return Result.succeed(undefined)
  }

  add(outcome: Outcome, { displays = [], phases, usage }: Omit<TurnEnd, "say" | "turn">) {
    const bytes = displays.reduce((sum, display) => sum + lengthOf(display), 0)
    if (bytes > displayBytesMax) return Result.fail(misbehaved("displays are too large"))
    this.#heldBytes += bytes + argumentsOf(outcome)
    if (this.#heldBytes > heldBytesMax) return Result.fail(misbehaved("more than a turn may hold"))
    this.#pieces = 0
    this.#stream = undefined
    this.#outcomes = [...this.#outcomes, outcome]
    this.#displays = [...this.#displays, ...displays]
    this.#phases = phases === undefined ? this.#phases : { ...this.#phases, ...phases }
    this.#memoryBytes = usage.memoryBytes
    return Result.succeed(undefined)
  }

  /** The turn; `abandoned` are ids of the run before, which ended with this one's start. */
  build(abandoned: ReadonlyArray<string>): Turn {
    const accompanied = {
      output: this.#output,
      ...(this.#isCut ? { outputCut: true } : {}),
      // Whoever has the processor measures it.
      usage: { cpuMillis: 0, memoryBytes: this.#memoryBytes },
      ...(this.#displays.length === 0 ? {} : { displays: this.#displays }),
      ...(this.#phases === undefined ? {} : { phases: this.#phases })
    }
    const all = new Set(this.#outcomes.flatMap(({ cancelled }) => cancelled))
    const made = this.#outcomes.flatMap((outcome) => (outcome._tag === "Parked" ? [outcome] : []))
    const calls = made.flatMap(({ calls }) => calls)
    const sleeps = made.flatMap(({ sleeps }) => sleeps)
    // What was asked for and called off within the same turn has never left the machine.
    const isOld = (id: string) => ![...calls, ...sleeps].some((request) => request.id === id)
    const cancelled = [...abandoned, ...[...all].filter(isOld)]
    const last = this.#outcomes.at(-1)
    if (last?._tag === "Completed") return { ...last, ...accompanied, cancelled }
    if (last?._tag === "Failed") return { ...last, ...accompanied, cancelled }
    const isOpen = ({ id }: { readonly id: string }) => !all.has(id)
    return {
      _tag: "Parked",
      calls: calls.filter(isOpen),
      sleeps: sleeps.filter(isOpen),
      ...accompanied,
      cancelled
    }
  }
}
