/** A tool, what a guest may do with it, a run that pauses for a person, and the answer. */
import assert from "node:assert/strict"
import { Caisson, tool } from "caisson/promise"

const charge = tool("payments.charge", {
  description: "Charges a customer",
  input: {
    type: "object",
    properties: { customer: { type: "string" }, amount: { type: "integer", description: "in cents" } },
    required: ["customer", "amount"],
    additionalProperties: false
  },
  execute: async ({ customer, amount }: { customer: string; amount: number }, { idempotencyKey }) => ({
    receipt: `${customer}: ${amount}`,
    key: idempotencyKey
  })
})

await using caisson = await Caisson.open()

await using session = await caisson.session({
  id: "shop",
  tools: [charge],
  capabilities: [
    { methods: "payments/charge", where: { amount: { gt: 0, le: 5_000 } }, maxCalls: 10 },
    { methods: "payments/charge", where: { amount: { gt: 0, le: 50_000 } }, mode: "ask", description: "more than 50" }
  ]
})

// Allowed: the first capability covers it.
const small = await session.run(`
  const small = await payments.charge({ customer: "ann", amount: 1200 })
  small.receipt`)
assert.equal(small.value, "ann: 1200")

// Denied: no capability covers it, and the guest is told why.
const absurd = await session.run(`
  await payments.charge({ customer: "ann", amount: 9_000_000 }).catch((error) => error.reason)`)
assert.equal(absurd.value, "ConstraintFailed")

// Asked: the run is paused in the middle of an expression, for as long as it takes.
const paused = await session.run(`
  const receipts = [small.receipt, (await payments.charge({ customer: "bob", amount: 20_000 })).receipt]
  receipts.join(", ")`)
assert.equal(paused.status, "paused")
const [question] = paused.calls
assert.ok(question)
console.log(`${question.method} ${JSON.stringify(question.input)}: ${question.reason}`)

const done = await session.answer(question.id, { approve: true, by: "eve@example.com" })
assert.equal(done.status, "completed")
console.log(done.value)
