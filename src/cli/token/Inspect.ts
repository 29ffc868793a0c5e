import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as TokenArgument from "./Argument.ts"

/** `caisson token inspect`. */
export const inspect = Command.make(
  "inspect",
  { token: TokenArgument.token },
  Effect.fnUntraced(function* ({ token }) {
    const { json } = yield* root
    const Token = yield* Effect.promise(() => import("../../token/Token.ts"))
    const text = yield* TokenArgument.read(token)
    const inspection = yield* Effect.fromResult(Token.inspect(text))
    const { out } = yield* Screen
    if (json) return yield* out.say(JSON.stringify(inspection))
    const { caveats, grant, id, keyId } = inspection
    const lines = [
      out.paint("yellow", "not verified: this is what it says of itself"),
      `id        ${id}`,
      `key       ${keyId}`,
      `grant     ${out.tame(JSON.stringify(grant))}`,
      ...caveats.map((caveat, index) => `caveat ${String(index + 1).padEnd(2)} ${out.tame(JSON.stringify(caveat))}`)
    ]
    yield* out.say(lines.join("\n"))
  })
).pipe(Command.withDescription("Shows what a token says. It needs no key, and verifies nothing"))
