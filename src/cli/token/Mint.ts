import * as Clock from "effect/Clock"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { GrantInput } from "../../token/Grant.ts"
import * as Flags from "../Flags.ts"
import { UsageError } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as TokenTerms from "./Terms.ts"

/** How long a token is accepted if nothing is said: short enough that one which gets lost does little harm. */
const defaultMillis = 3_600_000

const expiring = (grant: GrantInput) =>
  grant.expiresMillis === undefined
    ? Effect.map(Clock.currentTimeMillis, (now): GrantInput => {
        const beginMillis = Math.max(now, grant.notBeforeMillis ?? 0)
        return { ...grant, expiresMillis: beginMillis + defaultMillis }
      })
    : Effect.succeed(grant)

const unending = (grant: GrantInput) => {
  if (grant.expiresMillis === undefined) return Effect.succeed(grant)
  const message = "--forever contradicts --expires, or expiresMillis of --grant: leave out one of them"
  return Effect.fail(new UsageError({ reason: "Contradiction", message }))
}

/** `caisson token mint`. */
export const mint = Command.make(
  "mint",
  {
    ...TokenTerms.flags,
    grant: Flags.text("grant", "FILE", "A JSON file with more fields of the grant"),
    forever: Flags.toggle("forever", "Accepted until it is revoked (default: for an hour, from --not-before on)")
  },
  Effect.fnUntraced(function* ({ forever, grant, ...flags }) {
    const { home, json } = yield* root
    const Token = yield* Effect.promise(() => import("../../token/Token.ts"))
    const KeyFile = yield* Effect.promise(() => import("../../token/KeyFile.ts"))
    const stated = yield* TokenTerms.toTerms(flags, "grant", grant)
    const granted = yield* forever ? unending(stated) : expiring(stated)
    const ring = yield* KeyFile.load(home)
    const { id, text } = yield* Effect.fromResult(Token.mint(ring, granted))
    const { notes, out } = yield* Screen
    const { expiresMillis } = granted
    const expiresAt = expiresMillis === undefined ? undefined : new Date(expiresMillis).toISOString()
    if (json) return yield* out.say(JSON.stringify({ id, keyId: ring.signing.id, expiresAt, token: text }))
    yield* notes.say(
      `${id}, signed with ${ring.signing.id}, ${expiresAt === undefined ? "without end" : `until ${expiresAt}`}`
    )
    yield* out.say(text)
  })
).pipe(
  Command.withDescription("Makes a token that gives what is stated and nothing else, and prints it"),
  Command.withExamples([
    {
      command: "caisson token mint --capability 'bank.refund ask max=3' --expires 30m",
      description: "Three refunds, each approved"
    },
    {
      command: "caisson token mint --allow-read /workspace --network '*.example.org:443'",
      description: "Files and hosts"
    },
    {
      command: "caisson token mint --grant grant.json --session monday --once",
      description: "What a file states, once, for one session"
    }
  ])
)
