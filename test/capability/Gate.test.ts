import { assert, describe, it } from "@effect/vitest"
import * as Budget from "../../src/capability/Budget.ts"
import * as Capability from "../../src/capability/Capability.ts"
import type { Denial } from "../../src/capability/Denial.ts"
import * as Gate from "../../src/capability/Gate.ts"

const nothing: Budget.Spent = {}

const call = (method: string, input: unknown = {}, nowMillis = 0): Gate.Call => ({ method, input, nowMillis })

/** Calls one after the other, with what each costs. */
const run = (
  capabilities: ReadonlyArray<Capability.Capability>,
  calls: ReadonlyArray<Gate.Call>,
  start: Budget.Spent = nothing
) => {
  let spent = start
  const verdicts = calls.map((call) => {
    const verdict = Gate.decide(capabilities, spent, call)
    if (verdict._tag !== "Deny") spent = Budget.spend(spent, verdict.capability)
    return verdict
  })
  return { verdicts, spent }
}

/** How many calls are left, by key, of those whose number is limited. */
const remaining = (capabilities: ReadonlyArray<Capability.Capability>, spent: Budget.Spent) => {
  const limited = capabilities.filter(({ maxCalls }) => maxCalls !== undefined)
  return Object.fromEntries(limited.map((capability) => [Capability.key(capability), Budget.left(capability, spent)]))
}

const told = (verdict: Gate.Verdict): string =>
  verdict._tag === "Deny" ? verdict.denial.reason : `${verdict._tag} ${verdict.capability}`

const denial = (capabilities: ReadonlyArray<Capability.Capability>, made: Gate.Call, spent = nothing): Denial => {
  const verdict = Gate.decide(capabilities, spent, made)
  assert.strictEqual(verdict._tag, "Deny")
  if (verdict._tag !== "Deny") throw new TypeError("not denied")
  return verdict.denial
}

describe("deciding", () => {
  it("B1 without capabilities every call is denied", () => {
    assert.strictEqual(told(Gate.decide([], nothing, call("stripe/charges/create"))), "NoCapability")
    assert.strictEqual(told(Gate.decide([], nothing, call(""))), "NoCapability")
  })

  it("B1 what no pattern covers is denied", () => {
    const capabilities = Capability.list([{ methods: "stripe/*" }])
    for (const method of [
      "stripe",
      "stripe/a/b",
      "Stripe/a",
      "x",
      "",
      "stripe/",
      "stripe//a",
      "stripe/*",
      "**",
      "stripe/a\0"
    ]) {
      assert.strictEqual(told(Gate.decide(capabilities, nothing, call(method))), "NoCapability", method)
    }
  })

  it("A-03 a call passes only under its constraint, in either spelling of its method", () => {
    const capabilities = Capability.list([{ name: "pay", methods: "bank.pay", where: { amount: { le: 100 } } }])
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("bank.pay", { amount: 100 }))), "Allow pay")
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("bank/pay", { amount: 100 }))), "Allow pay")
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("bank/pay", { amount: 101 }))), "ConstraintFailed")
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("bank/pay"))), "ConstraintFailed")
  })

  it("A-04 500 of a family of payments passes, 50 000 does not", () => {
    const capabilities = Capability.list([
      {
        name: "charges",
        methods: "stripe/charges/*",
        where: { amount: { le: 10_000 }, currency: { in: ["USD", "EUR"] } },
        maxCalls: 100
      }
    ])
    const create = (amount: number, currency: string) => call("stripe/charges/create", { amount, currency })
    const { spent, verdicts } = run(capabilities, [create(500, "EUR"), create(50_000, "EUR"), create(500, "GBP")])
    assert.deepStrictEqual(verdicts.map(told), ["Allow charges", "ConstraintFailed", "ConstraintFailed"])
    assert.deepStrictEqual(remaining(capabilities, spent), { charges: 99 })
    assert.include(
      denial(capabilities, create(50_000, "EUR")).message,
      '"amount" must be at most 10000; found a number'
    )
  })

  it("covers each of its methods", () => {
    const capabilities = Capability.list([{ name: "some", methods: ["bank/pay", "math/*"] }])
    const methods = ["bank/pay", "math.add", "bank/close", "math"]
    assert.deepStrictEqual(
      methods.map((method) => told(Gate.decide(capabilities, nothing, call(method)))),
      ["Allow some", "Allow some", "NoCapability", "NoCapability"]
    )
  })

  it("asks where a capability asks, with its description as the question", () => {
    const capabilities = Capability.list([
      { name: "refund", methods: "bank/refund", mode: "ask", description: "Pay the customer back?" },
      { name: "other", methods: "bank/*", mode: "ask" }
    ])
    assert.deepStrictEqual(Gate.decide(capabilities, nothing, call("bank/refund")), {
      _tag: "Ask",
      capability: "refund",
      reason: "Pay the customer back?"
    })
    assert.deepStrictEqual(Gate.decide(capabilities, nothing, call("bank/close")), {
      _tag: "Ask",
      capability: "other",
      reason: "bank/close needs approval"
    })
  })

  it("asks those whom the capability names", () => {
    const capabilities = Capability.list([{ name: "refund", methods: "bank/refund", mode: "ask", approvers: ["ann"] }])
    const verdict = Gate.decide(capabilities, nothing, call("bank/refund"))
    assert.deepStrictEqual(verdict._tag === "Ask" && verdict.approvers, ["ann"])
  })

  it("B6 the first capability that fits and has calls left is used", () => {
    const capabilities = Capability.list([
      { name: "exact", methods: "bank/pay", maxCalls: 2 },
      { name: "broad", methods: "bank/*", maxCalls: 10 }
    ])
    const { spent, verdicts } = run(capabilities, [call("bank/pay"), call("bank/pay"), call("bank/pay")])
    assert.deepStrictEqual(verdicts.map(told), ["Allow exact", "Allow exact", "Allow broad"])
    assert.deepStrictEqual(remaining(capabilities, spent), { exact: 0, broad: 9 })
  })

  it("B6 what does not fit falls through, also to a capability that asks", () => {
    const capabilities = Capability.list([
      { name: "small", methods: "bank/pay", where: { amount: { le: 10 } }, expiresMillis: 1_000 },
      { name: "large", methods: "bank/pay", mode: "ask" }
    ])
    const calls = [
      call("bank/pay", { amount: 5 }),
      call("bank/pay", { amount: 50 }),
      call("bank/pay", { amount: 5 }, 1_000)
    ]
    assert.deepStrictEqual(run(capabilities, calls).verdicts.map(told), ["Allow small", "Ask large", "Ask large"])
  })

  it("B7 a denial names parameter, limit and type, and not the value", () => {
    const capabilities = Capability.list([
      { methods: "a", where: { "/card/number": { startsWith: "4" }, pin: { le: 9 } } }
    ])
    const secret = "5555-secret-4444"
    const failed = denial(capabilities, call("a", { card: { number: secret }, pin: 1 }))
    assert.deepStrictEqual([failed.parameter, failed.operator, failed.limit], ["/card/number", "startsWith", "4"])
    assert.strictEqual(
      failed.message,
      'a is refused: "/card/number" must be a text that starts with "4"; found a string'
    )
    const numeric = denial(capabilities, call("a", { card: { number: "4" }, pin: 123_456 }))
    assert.strictEqual(numeric.message, 'a is refused: "pin" must be at most 9; found a number')
    for (const made of [failed, numeric]) assert.notMatch(JSON.stringify(made), /secret|123456/)
  })

  it("B7 of several constraints that fail, the first is told", () => {
    const capabilities = Capability.list([
      { methods: "m", where: { first: { le: 1 }, second: { le: 1 } } },
      { methods: "*", where: { third: { le: 1 } } }
    ])
    const failed = (input: unknown) => denial(capabilities, call("m", input)).parameter
    assert.strictEqual(failed({ first: 2, second: 2, third: 2 }), "/first")
    assert.strictEqual(failed({ first: 1, second: 2, third: 2 }), "/second")
  })

  it("B7 denials of combinations name their parts, and no value", () => {
    const where = { or: [{ a: { eq: 1 } }, { b: { le: 2 } }], not: { c: { eq: "x" } } }
    const capabilities = Capability.list([{ methods: "m", where }])
    const alternatives = denial(capabilities, call("m", { a: 777, b: 888, c: "y" }))
    assert.strictEqual(
      alternatives.message,
      'm is refused: "a" must be equal to 1; found a number, or "b" must be at most 2; found a number'
    )
    const negated = denial(capabilities, call("m", { a: 1, c: "x" }))
    assert.strictEqual(negated.message, 'm is refused: "c" must not be equal to "x"; found a string')
    assert.strictEqual(negated.operator, "not eq")
  })

  it("B8 each reason for a denial has its code, and the nearest one is told", () => {
    const expired = { name: "expired", methods: "m", expiresMillis: 10 }
    const used = { name: "used", methods: "m", maxCalls: 0 }
    const strict = { name: "strict", methods: "m", where: { a: { eq: 1 } } }
    const reason = (...items: ReadonlyArray<Capability.CapabilityInput>) =>
      denial(Capability.list(items), call("m", { a: 2 }, 10)).reason
    assert.strictEqual(reason({ methods: "other" }), "NoCapability")
    assert.strictEqual(reason(strict), "ConstraintFailed")
    assert.strictEqual(reason(expired), "Expired")
    assert.strictEqual(reason(used), "BudgetExhausted")
    assert.strictEqual(reason({ methods: "other" }, strict), "ConstraintFailed")
    assert.strictEqual(reason(strict, expired), "Expired")
    assert.strictEqual(reason(expired, strict), "Expired")
    assert.strictEqual(reason(used, expired, strict), "BudgetExhausted")
    assert.strictEqual(reason(strict, expired, used), "BudgetExhausted")
    assert.strictEqual(reason({ ...strict, maxCalls: 0, expiresMillis: 10 }), "ConstraintFailed")
    assert.strictEqual(reason({ ...expired, maxCalls: 0 }), "Expired")
  })

  it("B8 an expiry counts from its millisecond on, and a clock that tells no time expires all", () => {
    const capabilities = Capability.list([{ name: "n", methods: "m", expiresMillis: 10 }])
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("m", {}, 9))), "Allow n")
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("m", {}, 10))), "Expired")
    assert.strictEqual(told(Gate.decide(capabilities, nothing, call("m", {}, Number.NaN))), "Expired")
  })
})

describe("budgets", () => {
  const three = Capability.list([
    { name: "pay", methods: "bank/pay", maxCalls: 3 },
    { name: "free", methods: "math/**" }
  ])

  it("B2 the call after the last is denied", () => {
    const { verdicts } = run(
      three,
      Array.from({ length: 5 }, () => call("bank/pay"))
    )
    assert.deepStrictEqual(verdicts.map(told), [
      "Allow pay",
      "Allow pay",
      "Allow pay",
      "BudgetExhausted",
      "BudgetExhausted"
    ])
    assert.strictEqual(
      denial(three, call("bank/pay"), { pay: 3 }).message,
      "all 3 calls allowed for bank/pay are used up"
    )
  })

  it("B3 what is left drops with each call, from one run to the next", () => {
    const first = run(three, [call("bank/pay")])
    assert.deepStrictEqual(remaining(three, first.spent), { pay: 2 })
    const second = run(three, [call("bank/pay"), call("bank/pay")], first.spent)
    assert.deepStrictEqual(remaining(three, second.spent), { pay: 0 })
    assert.strictEqual(told(Gate.decide(three, second.spent, call("bank/pay"))), "BudgetExhausted")
  })

  it("B4 only limited capabilities are listed", () => {
    const { spent } = run(three, [call("math/add"), call("math/add"), call("bank/pay")])
    assert.deepStrictEqual(remaining(three, spent), { pay: 2 })
    assert.deepStrictEqual(spent, { free: 2, pay: 1 })
  })

  it("B5 asking whether a call is allowed costs nothing", () => {
    const capabilities = Capability.list([
      { name: "once", methods: "m", maxCalls: 1, mode: "ask", where: { a: { le: 1 } } }
    ])
    for (let count = 0; count < 3; count++) assert.isTrue(Gate.canCall(capabilities, nothing, call("m", { a: 1 })))
    assert.isFalse(Gate.canCall(capabilities, nothing, call("m", { a: 2 })))
    const { spent } = run(capabilities, [call("m", { a: 1 })])
    assert.isFalse(Gate.canCall(capabilities, spent, call("m", { a: 1 })))
  })

  it("many calls of one moment are never more than the budget", () => {
    const ten = Capability.list([{ name: "ten", methods: "m", maxCalls: 10 }])
    const { spent, verdicts } = run(
      ten,
      Array.from({ length: 50 }, () => call("m"))
    )
    assert.strictEqual(verdicts.filter(({ _tag }) => _tag === "Allow").length, 10)
    assert.deepStrictEqual(spent, { ten: 10 })
  })

  it("B12 a call is paid for when it is decided, and denied calls are free", () => {
    const capabilities = Capability.list([
      { name: "n", methods: "m", maxCalls: 2, where: { a: { le: 1 } }, mode: "ask" }
    ])
    const denied = run(capabilities, [call("m", { a: 5 }), call("m"), call("x")])
    assert.deepStrictEqual(denied.spent, {})
    const asked = run(capabilities, [call("m", { a: 1 }), call("m", { a: 1 }), call("m", { a: 1 })])
    assert.deepStrictEqual(asked.verdicts.map(told), ["Ask n", "Ask n", "BudgetExhausted"])
    assert.deepStrictEqual(asked.spent, { n: 2 })
  })

  it("what was spent survives being written down, and a list in another order", () => {
    const items = [
      { methods: "a", maxCalls: 2 },
      { methods: "b", maxCalls: 5, where: { x: { ge: 1, le: 5 } } }
    ]
    const { spent } = run(Capability.list(items), [call("a"), call("b", { x: 1 }), call("b", { x: 2 })])
    const later = Capability.list([
      { methods: "b", maxCalls: 5, where: { x: { le: 5, ge: 1 } } },
      { methods: "a", maxCalls: 2 }
    ])
    const read: Budget.Spent = JSON.parse(JSON.stringify(spent))
    assert.deepStrictEqual(
      later.map((capability) => Budget.left(capability, read)),
      [3, 1]
    )
  })

  it("counts that are no counts leave nothing", () => {
    for (const count of [Number.NaN, -1, -1e9, 1.5, Number.NEGATIVE_INFINITY, "0", null, {}]) {
      const spent: Budget.Spent = JSON.parse("{}")
      Object.assign(spent, { pay: count })
      assert.strictEqual(remaining(three, spent)["pay"], 0, String(count))
      assert.strictEqual(told(Gate.decide(three, spent, call("bank/pay"))), "BudgetExhausted")
    }
    assert.deepStrictEqual(remaining(three, { pay: 4 }), { pay: 0 })
  })
})
