import { assert, describe, it } from "@effect/vitest"
import { tryAll } from "../../src/policy/Case.ts"
import { explain } from "../../src/policy/Explain.ts"
import { decide } from "../../src/policy/Policy.ts"
import { type RecordedCall, replay } from "../../src/policy/Replay.ts"
import { policyOf } from "./policies.ts"

const policy = policyOf(`
rules:
  - { id: small, effect: allow, tools: bank/pay, where: { amount: { le: 100 } } }
  - { id: large, effect: ask, tools: "bank/*", where: { amount: { gt: 100 } } }
  - { id: huge, effect: deny, tools: bank/pay, where: { amount: { gt: 1000 } } }
  - { id: other, effect: deny, tools: mail/* }
  - { id: guests, effect: deny, tools: "**", when: { tenant: guest } }
  - { id: seen, effect: detect, tools: "**" }
  - { id: rm, effect: deny, commands: rm -rf }
cases:
  - { name: small sums, tool: { method: bank.pay, input: { amount: 5 } }, expect: allow, rule: small }
  - { name: large sums, tool: { method: bank.pay, input: { amount: 500 } }, expect: ask, rule: small }
  - { name: guests, tool: { method: bank.pay, input: { amount: 5 } }, context: { tenant: guest }, expect: deny }
  - { name: removal, command: [rm, -r, -f, /], expect: deny, rule: rm }
  - { name: no shell, command: "ls; rm -rf /", expect: allow }`)

describe("an explanation", () => {
  it("says which rule decided, which were about it too, and why the others were not", () => {
    const subject = { _tag: "Tool", method: "bank.pay", input: { amount: 5_000 } } as const
    const { rules, verdict } = explain(policy, subject, { tenant: "acme" })
    assert.deepStrictEqual(verdict, decide(policy, subject, { tenant: "acme" }))
    assert.deepStrictEqual(
      rules.map(({ outcome, rule, why }) => [rule, outcome, why]),
      [
        ["guests", "else", "it is for other tenants"],
        ["huge", "decided", "it is about this"],
        ["large", "matched", "it is about this"],
        ["other", "else", "it is about other methods"],
        ["seen", "detected", "it is about this"],
        ["small", "else", '"amount" must be at most 100; found a number']
      ]
    )
    assert.deepStrictEqual(rules[1]?.position, { line: 7, column: 5 })
  })

  it("says what a script runs, and what cannot be told", () => {
    const { commands, rules, uncertainties } = explain(
      policy,
      { _tag: "Command", script: "sudo rm -rf $X; eval $Y" },
      {}
    )
    assert.deepStrictEqual(commands, ["sudo rm -rf …", "eval …", "rm -rf …", "…"])
    assert.isAbove(uncertainties.length, 0)
    assert.deepStrictEqual(
      rules.map(({ outcome, why }) => [outcome, why]),
      [["decided", 'it is about "rm"']]
    )
    const maybe = explain(policy, { _tag: "Command", script: "rm $X" }, {})
    assert.strictEqual(maybe.rules[0]?.why, 'it depends on words of "rm" that are not written out')
  })
})

describe("the cases of a policy", () => {
  it("are decided on, and pass if the decision and the rule are those expected", () => {
    assert.deepStrictEqual(
      tryAll(policy).map(({ case: { name }, passed, verdict }) => [name, passed, verdict.effect, verdict.rule]),
      [
        ["small sums", true, "allow", "small"],
        ["large sums", false, "ask", "large"],
        ["guests", true, "deny", "guests"],
        ["removal", true, "deny", "rm"],
        ["no shell", false, "deny", "rm"]
      ]
    )
  })
})

describe("a replay", () => {
  const call = (amount: unknown, effect: RecordedCall["effect"], context = {}): RecordedCall => ({
    method: "bank/pay",
    input: { amount },
    effect,
    by: "policy",
    atMillis: 0,
    context
  })

  it("finds the calls that would have been decided otherwise", () => {
    const calls = [
      call(5, "allow"),
      call(500, "allow"),
      call(5_000, "ask"),
      call(5, "ask", { tenant: "guest" }),
      call(501, "allow")
    ]
    const { changes, counts, ...rest } = replay(policy, calls)
    assert.deepStrictEqual(rest, { calls: 5, deniedByOthers: 0 })
    assert.deepStrictEqual(counts, { "allow to ask": 2, "ask to deny": 2 })
    assert.deepStrictEqual(
      changes.map(({ call, verdict }) => [calls.indexOf(call), verdict.effect, verdict.rule]),
      [
        [1, "ask", "large"],
        [2, "deny", "huge"],
        [3, "deny", "guests"],
        [4, "ask", "large"]
      ]
    )
  })

  it("tells the first 1 000 of them, and counts all", () => {
    const { changes, counts } = replay(
      policy,
      Array.from({ length: 1_500 }, () => call(5, "deny"))
    )
    assert.lengthOf(changes, 1_000)
    assert.deepStrictEqual(counts, { "deny to allow": 1_500 })
  })
})
