import * as Clock from "effect/Clock"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as TokenArgument from "./Argument.ts"

const looksLikeId = /^(tok|cav)_/

/** What revokes a token: the id of its last caveat, or its own. One whose signature is wrong could name anybody's. */
const idOf = Effect.fnUntraced(function* (given: string, home: string) {
  if (looksLikeId.test(given)) return given
  const Token = yield* Effect.promise(() => import("../../token/Token.ts"))
  const KeyFile = yield* Effect.promise(() => import("../../token/KeyFile.ts"))
  const text = yield* TokenArgument.read(given)
  const ids = yield* Effect.fromResult(Token.identify(yield* KeyFile.load(home), text))
  return ids.at(-1) ?? ""
})

/** `caisson token revoke`. */
export const revoke = Command.make(
  "revoke",
  {
    given: Argument.String("TOKEN").pipe(
      Argument.withDescription("The token, its id or that of a caveat, or - to read the token from standard input")
    )
  },
  Effect.fnUntraced(function* ({ given }) {
    const { home, json } = yield* root
    const { layerHome } = yield* Effect.promise(() => import("../../token/Admission.ts"))
    const { Revocations } = yield* Effect.promise(() => import("../../token/Revocations.ts"))
    const id = yield* idOf(given, home)
    const revokedMillis = yield* Clock.currentTimeMillis
    yield* Revocations.use(({ revoke }) => revoke({ id, revokedMillis })).pipe(Effect.provide(layerHome(home)))
    const { out } = yield* Screen
    yield* out.say(json ? JSON.stringify({ revoked: id }) : `${id} is revoked, and what was narrowed from it`)
  })
).pipe(
  Command.withDescription(
    "Refuses a token from now on, with all that was narrowed from it; what it was narrowed from goes on being accepted"
  )
)
