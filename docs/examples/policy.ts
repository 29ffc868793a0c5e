/**
 * What an operator's file makes of an agent's calls: `payments.policy.yaml` beside this program.
 *
 * The session's own capabilities allow everything here. The policy still denies, asks and redacts.
 */
import assert from "node:assert/strict"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Policy, PolicyFile } from "caisson"
import { Caisson, tool } from "caisson/promise"
import { Effect } from "effect"

const file = fileURLToPath(new URL("payments.policy.yaml", import.meta.url))

const refund = tool("bank.refund", {
  description: "Pays money back",
  input: {
    type: "object",
    properties: { amount: { type: "number" }, currency: { type: "string" } },
    required: ["amount", "currency"],
    additionalProperties: false
  },
  execute: ({ amount, currency }: { amount: number; currency: string }) => `refunded ${amount} ${currency}`
})
const customers = tool("crm.customers.list", {
  description: "Lists customers",
  input: { type: "object", properties: {}, additionalProperties: false },
  readOnly: true,
  execute: () => ["Ann", "Bob"]
})
const grants = { tools: [refund, customers], capabilities: [{ methods: "**" }] }

await using caisson = await Caisson.open({ policy: file })
await using session = await caisson.session({ ...grants, metadata: { tenant: "acme" } })

const said = await session.run(`
  const say = (promise) => promise.catch((error) => error.reason + ": " + error.message)
  const small = await say(bank.refund(50, "EUR"))
  const huge = await say(bank.refund(20000, "EUR"))
  console.log("the key is bk_live_0123456789abcdefghij")
  const names = await crm.customers.list()
  ;[small, huge, names]`)
console.log(said.value, said.stdout)
assert.deepEqual(said.value, [
  "refunded 50 EUR",
  "PolicyDenied: nobody refunds more than 10 000 at once",
  ["Ann", "Bob"]
])
assert.equal(said.stdout, "the key is [redacted: bank-key]\n")

// A large refund waits for somebody, with the rule's reason as the question.
const paused = await session.run(`await bank.refund(500, "EUR")`)
const [call] = paused.calls
console.log(paused.status, call?.reason)
assert.equal(call?.reason, "a refund of more than 100 needs somebody of the finance team")

// Conditions are about who asks: metadata of a session are its labels, and its tenant.
await using other = await caisson.session({ ...grants, metadata: { tenant: "sandbox", env: "test" } })
const tested = await other.run("await crm.customers.list().catch((error) => error.reason)")
assert.equal(tested.value, "PolicyDenied")

// The policy alone, for whoever decides on something else than calls of a guest.
const policy = await Effect.runPromise(PolicyFile.read(file).pipe(Effect.provide(NodeServices.layer)))
const verdict = Policy.decide(
  policy,
  { _tag: "Command", script: "cd /srv && find . -name '*.log' -exec rm -fr {} +" },
  {}
)
console.log(verdict)
assert.deepEqual([verdict.effect, verdict.rule], ["deny", "destruction"])
