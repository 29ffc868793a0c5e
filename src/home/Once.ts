import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"

/** Does something for the first who asks, and gives all others what came of it. If it fails, the next one does it again. */
export const once = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const lock = Semaphore.makeUnsafe(1)
  let done: { readonly value: A } | undefined
  return lock.withPermit(
    Effect.suspend(() =>
      done === undefined
        ? Effect.tap(effect, (value) => Effect.sync(() => (done = { value })))
        : Effect.succeed(done.value)
    )
  )
}
