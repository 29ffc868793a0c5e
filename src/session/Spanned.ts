import * as Effect from "effect/Effect"

/**
 * A span of that name, without the place where it was asked for: a line of ours, and to take it down costs more than a short
 * operation.
 */
export const spanned =
  (name: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withSpan(effect, name, { captureStackTrace: false })
