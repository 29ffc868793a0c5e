/**
 * A permission that is handed on twice, and gets smaller each time.
 *
 * The host mints a token for a team. The team narrows it for an agent, without any key. The agent's code runs under the
 * session's own capabilities, the token's grant and the caveat, all three of them, until the token is revoked.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Admission, KeyFile, Revocations, Token } from "caisson"
import { Caisson, tool } from "caisson/promise"
import { Effect, Result } from "effect"

const directory = mkdtempSync(join(tmpdir(), "caisson-tokens-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const refund = tool("bank.refund", {
  description: "Pays money back",
  input: {
    type: "object",
    properties: { amount: { type: "number" } },
    required: ["amount"],
    additionalProperties: false
  },
  execute: ({ amount }: { amount: number }) => `refunded ${amount}`
})

const grants = { tools: [refund], capabilities: [{ methods: "bank/**" }] }

// The host: it has the keys.
const keys = await Effect.runPromise(KeyFile.add(directory))
const team = Result.getOrThrow(
  Token.mint(keys, {
    use: "session",
    capabilities: [{ methods: "bank/*", where: { amount: { le: 500 } }, maxCalls: 10 }],
    memoryMebibytes: 32,
    expiresMillis: Date.now() + 3_600_000
  })
)

// The team: it has the token, and nothing else.
const agent = Result.getOrThrow(
  Token.attenuate(team.text, {
    session: "agent-7",
    capabilities: [{ methods: "bank/refund", where: { amount: { le: 50 } }, maxCalls: 2 }]
  })
)

// The host again: it verifies the token before anything is done for who presents it.
await using caisson = await Caisson.open({ directory })
await using session = await caisson.session({ ...grants, id: "agent-7", token: agent.text })

const code = (amount: number) => `await bank.refund(${amount}).catch((error) => error.reason)`
const outcomes = async (...amounts: ReadonlyArray<number>) => {
  const values: Array<unknown> = []
  for (const amount of amounts) values.push((await session.run(code(amount))).value)
  return values
}

const narrowed = await outcomes(20, 60, 30, 10)
console.log(narrowed)
assert.deepEqual(narrowed, ["refunded 20", "ConstraintFailed", "refunded 30", "BudgetExhausted"])

// It is bound to its session, and a token that was changed is no token.
const why = (token: string, id: string) =>
  caisson.session({ ...grants, id, token }).then(
    () => "accepted",
    (error: { readonly _tag: string; readonly reason: { readonly _tag: string } }) =>
      `${error._tag} ${error.reason._tag}`
  )
assert.equal(await why(agent.text, "agent-8"), "TokenError WrongSession")
assert.equal(
  await why(
    team.text.replace(/.$/, (last) => (last === "A" ? "E" : "A")),
    "agent-8"
  ),
  "TokenError WrongSignature"
)

// Whoever revokes a token revokes all that was narrowed from it, also where it is in use.
const revoke = Revocations.Revocations.use(({ revoke }) => revoke({ id: team.id, revokedMillis: Date.now() }))
await Effect.runPromise(Effect.provide(revoke, Admission.layerHome(directory)))
const revoked = await outcomes(1)
console.log(revoked)
assert.deepEqual(revoked, ["Revoked"])
