import * as Effect from "effect/Effect"

/**
 * Work of the host on files, as an effect. One that is interrupted tells the work to stop and waits until it has: nobody removes
 * files while something still writes to them.
 */
export const settled = <A, E>(work: (signal: AbortSignal) => Promise<A>, failure: (cause: unknown) => E) =>
  Effect.callback<A, E>((resume, signal) => {
    const working = work(signal).then(
      (value) => resume(Effect.succeed(value)),
      (cause: unknown) => resume(Effect.fail(failure(cause)))
    )
    return Effect.promise(() => working)
  })
