/**
 * The one way in for tokens: a token is verified, found not to be revoked, and used up if it is good for one use, before
 * anything is done for whoever presents it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Authority, SingleUse } from "./Authority.ts"
import type { Circumstances } from "./Circumstances.ts"
import * as KeyFile from "./KeyFile.ts"
import type { KeyRing } from "./KeyRing.ts"
import * as NonceDirectory from "./NonceDirectory.ts"
import { alreadyUsed, Nonces, layerMemory as noncesInMemory } from "./Nonces.ts"
import * as RevocationFile from "./RevocationFile.ts"
import { Revocations, layerMemory as revocationsInMemory } from "./Revocations.ts"
import * as Token from "./Token.ts"
import * as TokenDirectory from "./TokenDirectory.ts"
import type { TokenError } from "./TokenError.ts"

/** Decides on tokens with the keys, revocations and single uses of now. */
export class Admission extends Context.Service<
  Admission,
  {
    /** What a token gives. Uses it up if it is good for one use: to be asked once, before a machine is taken. */
    readonly admit: (text: string, circumstances: Circumstances) => Effect.Effect<Authority, TokenError>
    /** What a token would give. Changes nothing. */
    readonly check: (text: string, circumstances: Circumstances) => Effect.Effect<Authority, TokenError>
  }
>()("caisson/token/Admission") {}

/** Admission with a key ring that is asked for each time, so that a rotation needs no restart. */
export const layer = (keys: Effect.Effect<KeyRing, TokenError>): Layer.Layer<Admission, never, Revocations | Nonces> =>
  Layer.effect(
    Admission,
    Effect.gen(function* () {
      const revocations = yield* Revocations
      const nonces = yield* Nonces

      const verify = Effect.fnUntraced(function* (text: string, circumstances: Circumstances) {
        const ring = yield* keys
        const isRevoked = yield* revocations.current
        const nowMillis = yield* Clock.currentTimeMillis
        return yield* Effect.fromResult(Token.verify(ring, text, { ...circumstances, nowMillis, isRevoked }))
      })

      const checkUse = (use: SingleUse) =>
        Effect.flatMap(nonces.isUsed(use), (isUsed) => (isUsed ? Effect.fail(alreadyUsed(use.id)) : Effect.void))

      const check = Effect.fn("Admission.check")(function* (text: string, circumstances: Circumstances) {
        const authority = yield* verify(text, circumstances)
        yield* Effect.forEach(authority.singleUses, checkUse, { discard: true })
        return authority
      })

      const admit = Effect.fn("Admission.admit")(function* (text: string, circumstances: Circumstances) {
        // All are looked at before one is used up: a child that is refused must not cost its parent the use.
        const authority = yield* check(text, circumstances)
        const nowMillis = yield* Clock.currentTimeMillis
        yield* Effect.forEach(authority.singleUses.toReversed(), (use) => nonces.use(use, nowMillis), { discard: true })
        return authority
      })

      return { admit, check }
    })
  )

/** Admission, revocations and single uses as a home keeps them, with its keys or those of `CAISSON_TOKEN_KEYS`. */
export const layerHome = (home: string): Layer.Layer<Admission | Revocations | Nonces> => {
  const { revocations, uses } = TokenDirectory.of(home)
  return layer(KeyFile.load(home)).pipe(
    Layer.provideMerge(Layer.merge(RevocationFile.layer(revocations), NonceDirectory.layer(uses)))
  )
}

/** Admission with the keys of `CAISSON_TOKEN_KEYS`. Revocations and single uses end with the layer. */
export const layerMemory: Layer.Layer<Admission | Revocations | Nonces> = layer(KeyFile.load(undefined)).pipe(
  Layer.provideMerge(Layer.merge(revocationsInMemory, noncesInMemory))
)
