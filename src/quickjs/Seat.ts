import type { Output, Turn } from "../machine/Turn.ts"
import { type Board, now } from "./Board.ts"
import type { Operation, Request, Result } from "./Protocol.ts"

/** Why an operation has no result: the machine was lost, or its worker never came up. */
export interface Gone {
  readonly kind: "lost" | "unavailable"
  readonly detail: string
}

export type Settle = (result: Result | Gone) => void

interface Pending {
  readonly kind: Operation["kind"]
  readonly streamed: Array<Output>
  settle: Settle
}

const ignore: Settle = () => {}

const isTurn = (pending: Pending | undefined): boolean => pending?.kind === "start" || pending?.kind === "answer"

/** The turn of a guest that took its worker down with it. */
const unresponsive = (message: string, cpuMillis: number, output: ReadonlyArray<Output>): Turn => ({
  _tag: "Failed",
  error: { name: "InternalError", message, reason: "Unresponsive" },
  fatal: true,
  cancelled: [],
  output,
  usage: { cpuMillis, memoryBytes: 0 }
})

/**
 * The host's end of one machine in a worker.
 *
 * S1. At most one operation is pending, and it is settled exactly once: by the worker's reply, by the end of the machine or
 *     by the end of the worker, whichever comes first.
 * S2. A machine that is gone stays gone, and no operation reaches its worker any more.
 */
export class Seat {
  readonly slot: number
  readonly #machine: number
  readonly #board: Board
  readonly #post: (request: Request) => void
  readonly #onOutput: (output: Output) => void
  #pending: Pending | undefined
  #gone: Gone | undefined
  #interruptedMillis: number | undefined
  #closed = false

  constructor(options: {
    readonly slot: number
    readonly machine: number
    readonly board: Board
    readonly post: (request: Request) => void
    readonly onOutput: ((output: Output) => void) | undefined
  }) {
    this.slot = options.slot
    this.#machine = options.machine
    this.#board = options.board
    this.#post = options.post
    this.#onOutput = options.onOutput ?? (() => {})
  }

  /** When the guest was told to stop, on the board's clock. A boot or a snapshot, which runs no guest code, is let finish. */
  get interruptedMillis(): number | undefined {
    return isTurn(this.#pending) ? this.#interruptedMillis : undefined
  }

  /** Settles at once if the machine is gone. The caller never overlaps operations. */
  request(operation: Operation, settle: Settle): void {
    if (this.#gone !== undefined) {
      settle(this.#gone)
      return
    }
    if (this.#pending !== undefined) throw new Error("operations of one machine never overlap")
    this.#pending = { kind: operation.kind, streamed: [], settle }
    this.#send(operation)
  }

  /**
   * Gives the machine up and stops its guest. `stopped` is called when no guest code runs any more: at once, unless the
   * worker is in the middle of it.
   */
  interrupt(stopped: () => void): void {
    this.#stop("an operation was interrupted")
    const runs = this.#pending !== undefined && this.#board.execution()?.slot === this.slot
    if (this.#pending !== undefined) this.#pending.settle = runs ? stopped : ignore
    if (!runs) stopped()
  }

  /** Gives the machine up and its place back. Does nothing the second time. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    const pending = this.#gone === undefined ? this.#pending : undefined
    const gone = this.#stop("its scope was closed")
    this.#send({ kind: "close" })
    if (pending === undefined) return
    const { settle } = pending
    pending.settle = ignore
    settle(gone)
  }

  /** The worker's answer to the pending operation. */
  reply(result: Result): void {
    const pending = this.#pending
    this.#pending = undefined
    if (pending === undefined) return
    if (result.kind === "broken") this.#gone ??= { kind: "lost", detail: result.detail }
    if (result.kind === "turn") this.#emit(result.rest ?? result.turn.output)
    const gone = this.#gone
    if (result.kind === "turn" && result.turn._tag === "Failed" && result.turn.fatal) {
      this.#gone ??= { kind: "lost", detail: "a fatal turn ended it" }
    }
    pending.settle(gone ?? result)
  }

  /** Output of a turn that goes on. */
  stream(output: ReadonlyArray<Output>): void {
    this.#pending?.streamed.push(...output)
    this.#emit(output)
  }

  /** The worker has ended. The machine whose guest ran at that moment is at fault, if any is. */
  end(gone: Gone, fault: { readonly message: string; readonly cpuMillis: number } | undefined): void {
    const pending = this.#pending
    this.#pending = undefined
    this.#gone ??= gone
    if (pending === undefined) return
    pending.settle(
      fault === undefined || !isTurn(pending)
        ? this.#gone
        : { kind: "turn", turn: unresponsive(fault.message, fault.cpuMillis, pending.streamed) }
    )
  }

  #send(operation: Operation): void {
    this.#post({ ...operation, slot: this.slot, machine: this.#machine })
  }

  #stop(detail: string): Gone {
    this.#interruptedMillis ??= now()
    this.#board.interrupt(this.slot, this.#machine)
    this.#gone ??= { kind: "lost", detail }
    return this.#gone
  }

  /** What the caller's function throws loses this machine, and must not reach the worker's other machines. */
  #emit(output: ReadonlyArray<Output>): void {
    if (this.#gone !== undefined) return
    try {
      for (const piece of output) this.#onOutput(piece)
    } catch (error) {
      this.#stop(`its output could not be handed on: ${error}`)
    }
  }
}
