/**
 * A model is shown what it may call, writes code against that, is told what went wrong, and tries again.
 *
 * The model here is a stand-in with two fixed replies; the prompts, the errors and the runs are real.
 */
import assert from "node:assert/strict"
import { Capability, Declarations, Home, Session, Tool, Toolkit, Value } from "caisson"
import { Effect, Schema } from "effect"

const Order = Schema.Struct({ id: Schema.String, total: Schema.Finite, status: Schema.Literals(["open", "paid"]) })

const tools = [
  Tool.make("orders.list", {
    description: "All orders of a customer",
    input: Schema.Struct({ customer: Schema.String }),
    output: Schema.Array(Order),
    readOnly: true,
    execute: ({ customer }) =>
      Effect.succeed([
        { id: `${customer}-1`, total: 40, status: "paid" as const },
        { id: `${customer}-2`, total: 60, status: "open" as const }
      ])
  }),
  Tool.make("orders.remind", {
    description: "Sends a reminder",
    input: Schema.Struct({ order: Schema.String, tone: Schema.Literals(["kind", "firm", "threatening"]) }),
    output: Schema.Struct({ sent: Schema.Boolean }),
    execute: () => Effect.succeed({ sent: true })
  })
]

const capabilities = Capability.list([
  { methods: "orders/list" },
  { methods: "orders/remind", where: { tone: { in: ["kind", "firm"] } }, maxCalls: 5 }
])

/** Looks at the prompt only as far as a stand-in can. */
const model = (prompt: string): string =>
  prompt.includes("ConstraintFailed")
    ? `const open = (await orders.list({ customer: "ann" })).filter((order) => order.status === "open");
       const sent = await Promise.all(open.map(({ id }) => orders.remind({ order: id, tone: "firm" })));
       ({ open: open.length, sent: sent.length })`
    : `const reminder = { order: "ann-2", tone: "threatening" };
       await orders.remind(reminder)`

const attemptsMax = 3

const program = Effect.gen(function* () {
  const toolkit = yield* Toolkit.make(tools)
  const session = yield* Session.open({ toolkit, capabilities, limits: { cpuRunMillis: 1_000, wallMillis: 10_000 } })
  const declarations = Declarations.render(toolkit.infos, capabilities)
  console.log(declarations)

  let prompt = `Remind ann of what she owes. You may call:\n${declarations}`
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const result = yield* session.run(model(prompt))
    if (result._tag === "Completed") return yield* Effect.fromResult(Value.decode(result.value))
    if (result._tag === "Paused") return yield* Effect.die("nothing here asks")
    const { line, message, name, reason } = result.error
    const complaint = `line ${line}: ${name} (${reason}): ${message}`
    console.log(`attempt ${attempt}: ${complaint}\n`)
    prompt += `\nYour code failed. ${complaint}\nYou printed: ${result.stdout}`
  }
  return yield* Effect.die("the model did not get it right")
})

const value = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(Home.layerMemory())))
console.log(value)
assert.deepEqual(value, { open: 1, sent: 1 })
