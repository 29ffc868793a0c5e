import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { Capability, type CapabilityInput } from "../../src/capability/Capability.ts"
import type { Answer } from "../../src/session/Answer.ts"
import type { Session } from "../../src/session/Session.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { decide, eventsOf, refusedAnswer, whyOf } from "./decisions.ts"
import { completed, onlyCall } from "./results.ts"
import { makeWorld } from "./world.ts"

const refundBy = (...capabilities: ReadonlyArray<CapabilityInput>) => [
  Capability.make({ methods: "books/*" }),
  ...capabilities.map((capability) => Capability.make(capability))
]

describe("an approval with another input", () => {
  it.effect("runs the handler with that input, and leaves the guest's own call as it was", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("refund:50"))
      const result = yield* session.answer(call, { _tag: "Approve", input: { amount: 20 }, by: "ann" })
      assert.deepStrictEqual(completed(result), { before: "noted before", receipt: "refunded 20" })
      assert.deepStrictEqual(world.outside.entered, ["note before", "refund 20"])
      const events = yield* eventsOf(world.journal, session.id)
      const [approved] = events.filter((event) => event._tag === "CallApproved")
      assert.deepInclude(approved, { call, input: '{"amount":20}', by: "ann" })
      const asked = events.flatMap((event) => (event._tag === "Parked" ? event.calls : []))
      assert.strictEqual(asked.find(({ id }) => id === call)?.input, '{"amount":50}')
    })
  )

  it.effect("survives its process, and the guest can be rebuilt from the journal alone", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const call = yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), id: "edited" })
          return onlyCall(yield* session.run("refund:50"))
        })
      )
      yield* decide(world.journal, "edited", call, { _tag: "Approve", input: '{"amount":20}' })
      const inNewProcess = <A, E>(use: (session: Session) => Effect.Effect<A, E>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const grants = { ...(yield* world.grants()), rebuild: true }
            return yield* use(yield* (yield* world.process()).resume("edited", grants))
          })
        )
      const result = yield* inNewProcess((session) => session.resume())
      assert.strictEqual(completed(Option.getOrThrow(result)).receipt, "refunded 20")
      assert.strictEqual(completed(yield* inNewProcess((session) => session.run("double:1"))), 2)
      assert.lengthOf(
        world.outside.entered.filter((name) => name === "refund 20"),
        1
      )
    })
  )

  it.effect("is refused where the tool or a capability does not take it, and nothing is recorded", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("refund:50"))
      const edits: ReadonlyArray<readonly [input: unknown, why: string]> = [
        [{ amount: 500 }, "InputDenied"],
        [{ amount: "50" }, "InvalidInput"],
        [{ amount: 5, to: "me" }, "InvalidInput"],
        [{}, "InvalidInput"],
        [null, "InvalidInput"],
        [{ amount: () => 5 }, "NotAValue"],
        [{ amount: 5, note: "x".repeat(1_048_577) }, "TooLarge"]
      ]
      for (const [input, why] of edits) {
        const answer = { _tag: "Approve", input } as const
        assert.strictEqual(yield* refusedAnswer(world.journal, session, call, answer), why)
      }
      assert.deepStrictEqual(world.outside.entered, ["note before"])
      assert.strictEqual(completed(yield* session.answer(call, { _tag: "Approve" })).receipt, "refunded 50")
    })
  )

  it.effect("B11 is taken from the budget of the capability that lets the new input through", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const small = { name: "small", methods: "bank/refund", where: { amount: { le: 10 } }, mode: "ask", maxCalls: 5 }
      const large = { name: "large", methods: "bank/refund", where: { amount: { le: 100 } }, mode: "ask", maxCalls: 1 }
      const capabilities = refundBy(small as CapabilityInput, large as CapabilityInput)
      const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), capabilities })
      const first = onlyCall(yield* session.run("refund:5"))
      // Its own budget, of which it is itself a part, does not stand in its way.
      assert.strictEqual(
        completed(yield* session.answer(first, { _tag: "Approve", input: { amount: 90 } })).receipt,
        "refunded 90"
      )
      assert.deepInclude(session.state().spent, { small: 1, large: 1 })
      const second = onlyCall(yield* session.run("refund:6"))
      const before = yield* world.journal.decisions(session.id)
      const error = yield* Effect.flip(session.answer(second, { _tag: "Approve", input: { amount: 90 } }))
      assert.strictEqual(whyOf(error), "InputDenied")
      assert.include(error.message, "used up")
      assert.deepStrictEqual(yield* world.journal.decisions(session.id), before)
    })
  )

  it.effect("stays within the budget of the one call that it edits", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const capabilities = refundBy({
        methods: "bank/refund",
        where: { amount: { le: 100 } },
        mode: "ask",
        maxCalls: 1
      })
      const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), capabilities })
      const call = onlyCall(yield* session.run("refund:5"))
      const edited = yield* session.answer(call, { _tag: "Approve", input: { amount: 7 } })
      assert.strictEqual(completed(edited).receipt, "refunded 7")
      assert.deepStrictEqual(Object.values(session.state().spent), [1, 1])
    })
  )
})

describe("a result that the host gives", () => {
  it.effect("has to be one that the tool could give", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("refund:50"))
      for (const value of [7, null, { by: "hand" }, new Map()]) {
        assert.strictEqual(
          yield* refusedAnswer(world.journal, session, call, { _tag: "Return", value }),
          "InvalidOutput"
        )
      }
      assert.strictEqual(
        completed(yield* session.answer(call, { _tag: "Return", value: "by hand" })).receipt,
        "by hand"
      )
    })
  )

  it.effect("is settled as the tool's schema says, and may be anything where there is none", () =>
    Effect.gen(function* () {
      const toolkit = yield* Toolkit.make([
        Tool.make("bank.look", {
          description: "Looks",
          input: Schema.Struct({}),
          output: Schema.Struct({
            at: Schema.Date,
            pages: Schema.Int.pipe(Schema.withDecodingDefault(Effect.succeed(1)))
          }),
          execute: () => Effect.succeed({ at: new Date(0), pages: 1 })
        }),
        Tool.fromJsonSchema("bank.any", {
          description: "Anything",
          input: { type: "object", properties: {}, additionalProperties: false },
          execute: () => 1
        })
      ])
      const checked = toolkit.checkOutput("bank/look", '{"at":"1970-01-01T00:00:00.000Z"}')
      assert.strictEqual(checked._tag === "Success" && checked.success, '{"at":"1970-01-01T00:00:00.000Z","pages":1}')
      for (const value of ['{"at":"yesterday"}', '{"at":0}', "[", "{}"]) {
        assert.strictEqual(toolkit.checkOutput("bank/look", value)._tag, "Failure", value)
      }
      const map = '{"$":["Map",[[1,2]]]}'
      const rich = toolkit.checkOutput("bank/any", map)
      assert.strictEqual(rich._tag === "Success" && rich.success, map)
      assert.strictEqual(toolkit.checkOutput("bank/none", "1")._tag, "Failure")
    })
  )
})

describe("a question to some only", () => {
  it.effect("takes no answer of anybody else", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const capabilities = refundBy({ methods: "bank/refund", mode: "ask", approvers: ["ann", "bob"] })
      const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), capabilities })
      const call = onlyCall(yield* session.run("refund:50"))
      const answers: ReadonlyArray<Answer> = [
        { _tag: "Approve", by: "eve" },
        { _tag: "Approve" },
        { _tag: "Deny", by: "eve" },
        { _tag: "Return", value: "x", by: "eve" }
      ]
      for (const answer of answers) {
        assert.strictEqual(yield* refusedAnswer(world.journal, session, call, answer), "NotAnApprover")
      }
      assert.strictEqual(completed(yield* session.answer(call, { _tag: "Approve", by: "bob" })).receipt, "refunded 50")
    })
  )

  it.effect("asks those as well whom the new input needs", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const capabilities = refundBy(
        { methods: "bank/refund", where: { amount: { le: 10 } }, mode: "ask" },
        { methods: "bank/refund", where: { amount: { le: 100 } }, mode: "ask", approvers: ["ann"] }
      )
      const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), capabilities })
      const call = onlyCall(yield* session.run("refund:5"))
      const edit = { _tag: "Approve", input: { amount: 50 } } as const
      assert.strictEqual(yield* refusedAnswer(world.journal, session, call, { ...edit, by: "bob" }), "NotAnApprover")
      assert.strictEqual(completed(yield* session.answer(call, { ...edit, by: "ann" })).receipt, "refunded 50")
    })
  )
})
