import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SingleUse } from "./Authority.ts"
import { AlreadyUsed, TokenError, TooLarge } from "./TokenError.ts"

/** How many uses a store remembers. When they are all still needed, further ones are refused. */
export const usesMax = 100_000

/**
 * How long a use is remembered beyond the time when its token expires: clocks are set back, and those of two hosts differ.
 * In milliseconds.
 */
export const keptMillis = 86_400_000

export const alreadyUsed = (id: string): TokenError => new TokenError({ reason: new AlreadyUsed({ id }) })

export const tooManyUses = (): TokenError =>
  new TokenError({ reason: new TooLarge({ what: "single uses", size: usesMax + 1, sizeMax: usesMax }) })

/** Whether a use can be forgotten. */
export const isOver = (expiresMillis: number | undefined, nowMillis: number): boolean =>
  expiresMillis !== undefined && nowMillis >= expiresMillis + keptMillis

/** Which tokens that are good for one use have been used. */
export class Nonces extends Context.Service<
  Nonces,
  {
    /** Uses something up. Of several that try, at once or later, in any process, one succeeds; the others fail with `AlreadyUsed`. */
    readonly use: (use: SingleUse, nowMillis: number) => Effect.Effect<void, TokenError>
    readonly isUsed: (use: SingleUse) => Effect.Effect<boolean, TokenError>
  }
>()("caisson/token/Nonces") {}

/** Uses that are forgotten with their layer: for one process, which accepts no token that an earlier one has seen. */
export const layerMemory: Layer.Layer<Nonces> = Layer.sync(Nonces, () => {
  const uses = new Map<string, number | undefined>()
  const forget = (nowMillis: number) => {
    for (const [id, expiresMillis] of uses) if (isOver(expiresMillis, nowMillis)) uses.delete(id)
  }
  return {
    use: ({ expiresMillis, id }, nowMillis) =>
      Effect.suspend(() => {
        if (uses.has(id)) return Effect.fail(alreadyUsed(id))
        if (uses.size >= usesMax) forget(nowMillis)
        if (uses.size >= usesMax) return Effect.fail(tooManyUses())
        uses.set(id, expiresMillis)
        return Effect.void
      }),
    isUsed: ({ id }) => Effect.sync(() => uses.has(id))
  }
})
