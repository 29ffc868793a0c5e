import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Output } from "../machine/Turn.ts"

/** What a listener that is too slow may lag behind before it misses the oldest. */
const laggingMax = 1_024

/** A session's console output on its way to whoever listens. */
export interface Outputs {
  readonly publish: (output: Output) => void
  /** From now on, until the session is let go. */
  readonly stream: Stream.Stream<Output>
  /** Listeners get what is on its way to them, and that was all. */
  readonly end: Effect.Effect<void>
}

export const make = (): Outputs => {
  const listeners = new Set<Queue.Queue<Output, Cause.Done>>()
  let hasEnded = false

  const join = (listener: Queue.Queue<Output, Cause.Done>) =>
    Effect.acquireRelease(
      Effect.sync(() => (hasEnded ? Queue.endUnsafe(listener) : listeners.add(listener))),
      () => Effect.sync(() => listeners.delete(listener))
    )

  return {
    publish: (output) => {
      for (const listener of listeners) Queue.offerUnsafe(listener, output)
    },
    stream: Stream.callback(join, { bufferSize: laggingMax, strategy: "sliding" }),
    end: Effect.sync(() => {
      hasEnded = true
      for (const listener of listeners) Queue.endUnsafe(listener)
    })
  }
}
