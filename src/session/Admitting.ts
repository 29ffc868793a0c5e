/** Verifies the tokens that are presented for sessions, and tells the witness of each that is refused. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { Admission } from "../token/Admission.ts"
import * as Authority from "../token/Authority.ts"
import type { Circumstances } from "../token/Circumstances.ts"
import * as Token from "../token/Token.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { JournalError } from "./journal/Journal.ts"
import { invalid } from "./RunOptions.ts"
import type { SessionError } from "./SessionError.ts"
import { Witness } from "./Witness.ts"

/** Verifies a token for a use, and uses it up if it is good for one. */
export type Admit = (
  text: string,
  circumstances: Circumstances & { readonly session: string }
) => Effect.Effect<Authority.Authority, TokenError | SessionError | JournalError>

const verifiesNone = invalid("token", "nothing: this process verifies no tokens")

/** The id that a token says it has. */
const claimedId = (token: string) =>
  Result.match(Token.inspect(token), { onFailure: () => undefined, onSuccess: ({ grant }) => grant.id })

/** The limits that a token says it has: nothing to rely on before it is verified. */
export const claimedLimits = (token: string): Authority.Limits =>
  Token.inspect(token).pipe(
    Result.flatMap(({ caveats, grant, keyId }) =>
      Authority.of(
        keyId,
        grant,
        caveats.map((caveat) => ({ id: "", caveat }))
      )
    ),
    Result.match({ onFailure: () => ({}), onSuccess: ({ limits }) => limits })
  )

/** `check` uses up no token that is for a single use. */
export const make = Effect.fnUntraced(function* (audience: string | undefined) {
  const witness = yield* Witness
  const admission = yield* Effect.serviceOption(Admission)
  return (way: "admit" | "check"): Admit =>
    (token, circumstances) => {
      if (Option.isNone(admission)) return Effect.fail(verifiesNone)
      return Effect.tapError(admission.value[way](token, { audience, ...circumstances }), ({ reason }) =>
        witness.notice({
          _tag: "TokenRefused",
          session: circumstances.session,
          token: claimedId(token),
          reason: reason._tag
        })
      )
    }
})
