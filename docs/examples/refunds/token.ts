/** The agent's token: the operator makes it with a key, and the framework that runs the agent narrows it without one. */
import { KeyFile, Token } from "caisson"
import { Effect, Result } from "effect"

const hourMillis = 3_600_000

/** Signed with the key that `caisson keys new` made: billing and bank, for one session and a day. */
export const mint = (directory: string): Promise<Token.Made> =>
  Effect.runPromise(
    Effect.flatMap(KeyFile.load(directory), (keys) =>
      Effect.fromResult(
        Token.mint(keys, {
          use: "session",
          session: "refunds",
          capabilities: [{ methods: ["billing/**", "bank/**"] }],
          expiresMillis: Date.now() + 24 * hourMillis
        })
      )
    )
  )

/** What this task needs and no more: no accounts, small credit notes, two refunds, an hour. */
export const narrow = (token: Token.Made): Token.Made =>
  Result.getOrThrow(
    Token.attenuate(token.text, {
      capabilities: [
        { methods: ["billing/invoices", "billing/export", "billing/remind"] },
        { methods: "billing/credit", where: { amount: { gt: 0, le: 50 } } },
        { methods: "bank/refunds/create", maxCalls: 2 }
      ],
      expiresMillis: Date.now() + hourMillis
    })
  )
