import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Semaphore from "effect/Semaphore"
import { type AgentError, violation } from "./AgentError.ts"
import { chunkBytesMax } from "./wire/Frame.ts"
import * as Window from "./wire/Window.ts"

/** The bytes of one lane to the guest. A writer waits until the guest has taken enough of what was sent before. */
export class Outbound {
  readonly #send: (piece: Uint8Array) => Effect.Effect<void, AgentError>
  readonly #writers = Semaphore.makeUnsafe(1)
  readonly #room = Latch.makeUnsafe(true)
  #sending = Window.sendingFrom(0)
  #failure: AgentError | undefined

  constructor(send: (piece: Uint8Array) => Effect.Effect<void, AgentError>) {
    this.#send = send
  }

  /** Sends all of the bytes, those of different writers one after the other. */
  write(bytes: Uint8Array): Effect.Effect<void, AgentError> {
    return this.#writers.withPermits(1)(this.#writeAll(bytes))
  }

  credit(taken: number): Effect.Effect<void, AgentError> {
    const sending = Window.credit(this.#sending, taken)
    if (sending === undefined) return violation("a credit for bytes that were not sent")
    this.#sending = sending
    return Effect.asVoid(this.#room.open)
  }

  /** Ends the waiting of writers. */
  fail(error: AgentError): Effect.Effect<void> {
    this.#failure = error
    return Effect.asVoid(this.#room.open)
  }

  readonly #writeAll = Effect.fnUntraced({ self: this }, function* (this: Outbound, bytes: Uint8Array) {
    for (let at = 0; at < bytes.length; ) {
      if (this.#failure !== undefined) return yield* this.#failure
      const room = Math.min(Window.room(this.#sending), chunkBytesMax)
      if (room === 0) {
        this.#room.closeUnsafe()
        yield* this.#room.await
        continue
      }
      const piece = bytes.subarray(at, at + room)
      at += piece.length
      this.#sending = Window.send(this.#sending, piece.length)
      yield* this.#send(piece)
    }
  })
}
