/** The same as `promise-quick-start.ts`, written with Effect. */
import assert from "node:assert/strict"
import { Capability, Home, Session, Tool, Toolkit, Value } from "caisson"
import { Effect, Schema } from "effect"

const charge = Tool.make("payments.charge", {
  description: "Charges a customer",
  input: Schema.Struct({
    customer: Schema.String,
    amount: Schema.Int.annotate({ description: "in cents" })
  }),
  output: Schema.Struct({ receipt: Schema.String, key: Schema.String }),
  execute: ({ amount, customer }, { idempotencyKey }) =>
    Effect.succeed({ receipt: `${customer}: ${amount}`, key: idempotencyKey })
})

const program = Effect.gen(function* () {
  const session = yield* Session.open({
    id: "shop",
    toolkit: yield* Toolkit.make([charge]),
    capabilities: Capability.list([
      { methods: "payments/charge", where: { amount: { gt: 0, le: 5_000 } }, maxCalls: 10 },
      { methods: "payments/charge", where: { amount: { gt: 0, le: 50_000 } }, mode: "ask", description: "more than 50" }
    ])
  })

  const paused = yield* session.run(`
    const small = await payments.charge({ customer: "ann", amount: 1200 })
    const receipts = [small.receipt, (await payments.charge({ customer: "bob", amount: 20_000 })).receipt]
    receipts.join(", ")`)
  assert.ok(paused._tag === "Paused")
  const [question] = paused.calls
  assert.ok(question)
  yield* Effect.log(`${question.method} ${question.input}: ${question.reason}`)

  const done = yield* session.answer(question.id, { _tag: "Approve", by: "eve@example.com" })
  assert.ok(done._tag === "Completed")
  return yield* Effect.fromResult(Value.decode(done.value))
})

const value = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Home.layerMemory())))
assert.equal(value, "ann: 1200, bob: 20000")
console.log(value)
