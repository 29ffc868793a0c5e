import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Malformed, TokenError, TooLarge } from "./TokenError.ts"

const idPattern = /^(tok|cav)_[0-9a-f]{24}$/

export interface Revocation {
  /** Of a token, or of a caveat. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly revokedMillis: number
}

/** How many revocations a store takes. */
export const revocationsMax = 1_000_000

/** Fails if the text is no id that can be revoked. */
export const checkId = (id: string): Effect.Effect<void, TokenError> => {
  if (idPattern.test(id)) return Effect.void
  const detail = "expected tok_ or cav_ and 24 hexadecimal digits"
  return Effect.fail(new TokenError({ reason: new Malformed({ where: "id", detail }) }))
}

export const tooMany = (): TokenError =>
  new TokenError({
    reason: new TooLarge({ what: "revocations", size: revocationsMax + 1, sizeMax: revocationsMax })
  })

/**
 * The tokens, and the caveats, that are not accepted any more. What is narrowed from one of them is not either, since it has
 * its id among its own.
 */
export class Revocations extends Context.Service<
  Revocations,
  {
    /** Revokes from now on, for good. Doing so again changes nothing. */
    readonly revoke: (revocation: Revocation) => Effect.Effect<void, TokenError>
    /** Which ids are revoked by now: all that anybody has revoked before. */
    readonly current: Effect.Effect<(id: string) => boolean, TokenError>
  }
>()("caisson/token/Revocations") {}

/** Revocations that end with their layer. */
export const layerMemory: Layer.Layer<Revocations> = Layer.sync(Revocations, () => {
  const revoked = new Set<string>()
  return {
    revoke: Effect.fnUntraced(function* ({ id }) {
      yield* checkId(id)
      if (revoked.size >= revocationsMax && !revoked.has(id)) return yield* tooMany()
      revoked.add(id)
    }),
    current: Effect.succeed((id: string) => revoked.has(id))
  }
})
