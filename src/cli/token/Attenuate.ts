import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as TokenArgument from "./Argument.ts"
import * as TokenTerms from "./Terms.ts"

/** `caisson token attenuate`. */
export const attenuate = Command.make(
  "attenuate",
  {
    token: TokenArgument.token,
    ...TokenTerms.flags,
    caveat: Flags.text("caveat", "FILE", "A JSON file with more fields of the caveat")
  },
  Effect.fnUntraced(function* ({ caveat, token, ...flags }) {
    const { json } = yield* root
    const Token = yield* Effect.promise(() => import("../../token/Token.ts"))
    const parent = yield* TokenArgument.read(token)
    const terms = yield* TokenTerms.toTerms(flags, "caveat", caveat)
    const { id, text } = yield* Effect.fromResult(Token.attenuate(parent, terms))
    const { notes, out } = yield* Screen
    if (json) return yield* out.say(JSON.stringify({ id, token: text }))
    yield* notes.say(id)
    yield* out.say(text)
  })
).pipe(
  Command.withDescription(
    "Makes a token that gives less, and prints it. It needs no key. What is stated must hold as well; what is not is as it was, but that " +
      "--allow-read and --allow-write leave only what they name together. Without a flag it gives the same, and can be revoked by itself"
  ),
  Command.withExamples([
    {
      command: "caisson token attenuate - --capability 'bank.refund max=1' --expires 5m <token",
      description: "One refund, soon"
    },
    { command: "caisson token attenuate - --network none --once <token", description: "Without the network, once" }
  ])
)
