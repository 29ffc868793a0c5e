import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type AgentError, violation } from "./AgentError.ts"
import * as Window from "./wire/Window.ts"

type Pieces = Queue.Queue<Uint8Array, AgentError | Cause.Done>

/**
 * The bytes of one lane from the guest. They are credited when they are taken: a guest never has more than a window of them here.
 */
export class Inbound {
  readonly #pieces: Pieces
  readonly #credit: (taken: number) => Effect.Effect<void, AgentError>
  #receiving: Window.Receiving
  #hasEnded = false

  constructor(pieces: Pieces, at: number, credit: (taken: number) => Effect.Effect<void, AgentError>) {
    this.#pieces = pieces
    this.#receiving = Window.receivingFrom(at)
    this.#credit = credit
  }

  static make(at: number, credit: (taken: number) => Effect.Effect<void, AgentError>): Effect.Effect<Inbound> {
    return Effect.map(
      Queue.unbounded<Uint8Array, AgentError | Cause.Done>(),
      (pieces) => new Inbound(pieces, at, credit)
    )
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** How many bytes have come since the lane began, wherever it was taken up. */
  get received(): number {
    return this.#receiving.received
  }

  /** Takes a piece; fails if the guest had no credit for it, or had ended the lane. */
  add(piece: Uint8Array): Effect.Effect<void, AgentError> {
    const receiving = Window.receive(this.#receiving, piece.length)
    if (receiving === undefined || this.#hasEnded) return violation("bytes beyond the window or the end of a lane")
    if (piece.length === 0) return violation("a piece of no bytes")
    this.#receiving = receiving
    return Effect.asVoid(Queue.offer(this.#pieces, piece))
  }

  end(): Effect.Effect<void, AgentError> {
    if (this.#hasEnded) return violation("a lane that ends twice")
    this.#hasEnded = true
    return Effect.asVoid(Queue.end(this.#pieces))
  }

  fail(error: AgentError): Effect.Effect<void> {
    return Effect.asVoid(Queue.fail(this.#pieces, error))
  }

  /** The bytes, once. What is not taken stays, and the guest waits. */
  get stream(): Stream.Stream<Uint8Array, AgentError> {
    return Stream.fromQueue(this.#pieces).pipe(Stream.mapEffect((piece) => Effect.as(this.#take(piece.length), piece)))
  }

  #take(bytes: number): Effect.Effect<void, AgentError> {
    return Effect.suspend(() => {
      this.#receiving = Window.take(this.#receiving, bytes)
      if (this.#hasEnded || !Window.isDue(this.#receiving)) return Effect.void
      this.#receiving = Window.tell(this.#receiving)
      return this.#credit(this.#receiving.taken)
    })
  }
}
