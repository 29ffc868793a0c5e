import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Capability } from "../../src/capability/Capability.ts"
import * as Pattern from "../../src/capability/Pattern.ts"
import type { Layer } from "../../src/session/Authority.ts"
import * as Judgement from "../../src/session/Judgement.ts"
import * as Question from "../../src/session/Question.ts"

const method = Result.getOrThrow(Pattern.method("bank/pay"))

const layer = (id: string, mode: "auto" | "ask", approvers?: ReadonlyArray<string>): Layer => ({
  id,
  name: id === "" ? "session" : id,
  capabilities: [Capability.make({ methods: "bank/*", mode, ...(approvers === undefined ? {} : { approvers }) })],
  ids: [],
  expiresMillis: Number.POSITIVE_INFINITY,
  session: undefined
})

const approversOf = (...layers: ReadonlyArray<Layer>) => {
  const context = { template: "javascript", tenant: undefined, labels: {} }
  const rules = { layers, policy: undefined, context, isRevoked: () => false, stance: "open", session: "s" } as const
  const judgement = Judgement.judge(rules, {}, { method, input: {}, nowMillis: 0 })
  assert(judgement._tag === "Ask", judgement._tag)
  return judgement.approvers
}

describe("who may decide on a call that several layers ask about", () => {
  it("is whom each of them names, and with one that names nobody in particular the others' people", () => {
    assert.isUndefined(approversOf(layer("", "ask")))
    assert.deepStrictEqual(approversOf(layer("", "ask", ["ann", "bob"]), layer("token", "ask", ["bob", "eve"])), [
      "bob"
    ])
    assert.deepStrictEqual(approversOf(layer("", "ask"), layer("token", "ask", ["eve"])), ["eve"])
    assert.deepStrictEqual(approversOf(layer("", "auto"), layer("token", "ask", ["eve"])), ["eve"])
    assert.deepStrictEqual(approversOf(layer("", "ask", ["ann"]), layer("token", "auto")), ["ann"])
  })

  it("is nobody where they name different people, and then nobody can let it through", () => {
    const approvers = approversOf(layer("", "ask", ["ann"]), layer("token", "ask", ["eve"]))
    assert.deepStrictEqual(approvers, [])
    for (const by of ["ann", "eve", undefined]) assert.isFalse(Question.mayDecide(approvers, by))
    for (const by of ["ann", undefined]) assert.isTrue(Question.mayDecide(undefined, by))
  })
})
