import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Approvals, Capability, Home, Session, Sessions, Tool, Toolkit } from "../../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-redaction-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const card = "4111 1111 1111 1111"

const pay = Tool.make("bank.pay", {
  description: "pays",
  input: Schema.Struct({ card: Schema.String }),
  output: Schema.String,
  readOnly: false,
  execute: ({ card }) => Effect.succeed(`paid with ${card}`)
})

describe("what a policy redacts", () => {
  it.live("is out of what a guest prints, and not out of inputs of calls, the inbox, nor results", () =>
    Effect.gen(function* () {
      const policy = join(root, "cards.policy.yaml")
      const rules = "defaults: { tools: allow }\noutput:\n  redact: [credit-card]\n"
      writeFileSync(policy, `version: 1\nname: cards\n${rules}`)
      yield* Effect.gen(function* () {
        const toolkit = yield* Toolkit.make([pay])
        const session = yield* Session.open({
          toolkit,
          capabilities: [Capability.make({ methods: "bank/pay", mode: "ask" })],
          id: "s"
        })
        const paused = yield* session.run(`console.log("${card}"); await bank.pay({ card: "${card}" })`)
        assert.strictEqual(paused._tag, "Paused")
        assert.strictEqual(paused.stdout, "[redacted: credit-card]\n")
        const inbox = yield* Approvals.Approvals.use(({ list }) => list())
        assert.deepStrictEqual(
          inbox.requests.map(({ input }) => input),
          [{ card }]
        )
        const ended = yield* session.answer("1.1", { _tag: "Approve" })
        assert.strictEqual(ended._tag === "Completed" ? ended.value : ended._tag, JSON.stringify(`paid with ${card}`))
        const journal = (yield* Sessions.Sessions.use(({ entries }) => entries("s"))).map(({ event }) => event)
        const parked = JSON.stringify(journal.filter(({ _tag }) => _tag === "Parked"))
        assert.include(parked, card)
        assert.include(parked, "[redacted: credit-card]")
      }).pipe(
        Effect.scoped,
        Effect.provide(Home.layer({ directory: join(root, "home"), machines: { threads: 1 }, policy }))
      )
    })
  )
})
