import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { decide, limits, type Policy } from "../../src/policy/Policy.ts"
import type { Context, Subject } from "../../src/policy/Subject.ts"
import { policyOf } from "./policies.ts"

const tool = (method: string, input: unknown = {}): Subject => ({ _tag: "Tool", method, input })
const shell = (script: string): Subject => ({ _tag: "Command", script })
const file = (access: "read" | "write", path: string): Subject => ({ _tag: "File", access, path })
const connect = (host: string, port = 443, ...addresses: ReadonlyArray<string>): Subject => ({
  _tag: "Network",
  host,
  port,
  addresses
})

const told = (policy: Policy, subject: Subject, context: Context = {}): string => {
  const { effect, rule } = decide(policy, subject, context)
  return rule === undefined ? effect : `${effect} ${rule}`
}

describe("deciding", () => {
  it("lets deny go before ask, and ask before allow, in every order", () => {
    const rules = ["deny", "ask", "allow"].map((effect) => `{ id: ${effect}, effect: ${effect}, tools: bank/* }`)
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1]
    ]) {
      assert.strictEqual(
        told(policyOf(`rules: [${order.map((index) => rules[index]).join(", ")}]`), tool("bank/pay")),
        "deny deny"
      )
    }
    assert.strictEqual(told(policyOf(`rules: [${rules[2]}, ${rules[1]}]`), tool("bank/pay")), "ask ask")
    assert.strictEqual(told(policyOf(`rules: [${rules[2]}]`), tool("bank/pay")), "allow allow")
  })

  it("denies what nothing is said about, unless the file states another default", () => {
    const nothing = policyOf("")
    const stated = policyOf("defaults: { tools: ask, commands: allow, files: allow, network: ask }")
    for (const subject of [tool("a"), shell("ls"), file("read", "/a"), connect("x.com")]) {
      assert.strictEqual(told(nothing, subject), "deny")
    }
    assert.strictEqual(told(stated, tool("a")), "ask")
    assert.strictEqual(told(stated, shell("ls")), "allow")
    assert.strictEqual(told(stated, file("write", "/a")), "allow")
    assert.strictEqual(told(stated, connect("x.com")), "ask")
    assert.strictEqual(told(nothing, { _tag: "Code", language: "python", text: "1" }), "allow")
  })

  it("reports what is to be detected without changing what is decided", () => {
    const policy = policyOf(`rules:
  - { id: seen, effect: detect, tools: "bank/**" }
  - { id: also-seen, effect: detect, tools: "**", where: { amount: { gt: 5 } } }
  - { id: pay, effect: allow, tools: bank/pay }`)
    assert.deepStrictEqual(decide(policy, tool("bank/pay", { amount: 9 }), {}), {
      effect: "allow",
      rule: "pay",
      reason: "rule pay allows bank/pay",
      detections: ["also-seen", "seen"]
    })
    assert.deepStrictEqual(decide(policy, tool("bank/look", { amount: 1 }), {}).detections, ["seen"])
    assert.strictEqual(told(policy, tool("bank/look")), "deny")
  })

  it("gives the reason of the rule, and never the value of an argument", () => {
    const policy = policyOf(`rules:
  - { id: small, effect: deny, tools: pay, where: { amount: { gt: 5 } }, reason: only small amounts }`)
    assert.strictEqual(decide(policy, tool("pay", { amount: 6 }), {}).reason, "only small amounts")
    const { reason } = decide(policy, tool("pay", { amount: "my secret" }), {})
    assert.strictEqual(reason, 'only small amounts (in doubt: "amount" must be more than 5; found a string)')
  })

  it("quotes no half of a word, which may be a secret that nobody knows for one then", () => {
    const policy = policyOf("rules: [{ id: gone, effect: deny, commands: rm -rf }]")
    const folder = "x".repeat(60)
    const { reason } = decide(policy, shell(`rm -rf ${folder} ghp_0123456789abcdefghijABCDEFGHIJ012345`), {})
    assert.strictEqual(reason, `rule gone denies rm -rf ${folder} …`)
    const long = "x".repeat(100)
    assert.strictEqual(
      decide(policy, tool(long), {}).reason,
      `no rule is about ${"x".repeat(80)}…, and the default for tools is deny`
    )
  })

  it("takes doubt against a call: what forbids applies, and what allows does not", () => {
    const where = "where: { amount: { gt: 5 }, kind: { eq: refund } }"
    const forbids = policyOf(`
defaults: { tools: allow }
rules: [{ id: r, effect: deny, tools: pay, ${where} }]`)
    assert.strictEqual(told(forbids, tool("pay", { amount: 6, kind: "refund" })), "deny r")
    assert.strictEqual(told(forbids, tool("pay", { amount: "6", kind: "refund" })), "deny r")
    assert.strictEqual(told(forbids, tool("pay", { kind: "refund" })), "deny r")
    assert.strictEqual(told(forbids, tool("pay", { amount: 1, kind: "refund" })), "allow")
    assert.strictEqual(told(forbids, tool("pay", { amount: "6", kind: "other" })), "allow")
    const hostile = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new TypeError("no")
        }
      }
    )
    assert.strictEqual(told(forbids, tool("pay", hostile)), "deny r")
    assert.strictEqual(told(forbids, tool("no such/method")), "deny r")
    const allows = policyOf(`rules: [{ id: r, effect: allow, tools: pay, ${where} }]`)
    assert.strictEqual(told(allows, tool("pay", { amount: 6, kind: "refund" })), "allow r")
    for (const input of [{ amount: "6", kind: "refund" }, { kind: "refund" }, hostile]) {
      assert.strictEqual(told(allows, tool("pay", input)), "deny")
    }
  })

  it("does not let doubt about a milder rule soften the default", () => {
    const policy = policyOf("rules: [{ id: r, effect: ask, tools: pay, where: { amount: { gt: 5 } } }]")
    assert.strictEqual(told(policy, tool("pay", { amount: 6 })), "ask r")
    assert.strictEqual(told(policy, tool("pay", { amount: "6" })), "deny")
    const commands = policyOf("unparsable: ask\nrules: [{ id: r, effect: deny, commands: rm -rf }]")
    assert.strictEqual(told(commands, shell("rm $X")), "deny")
  })

  it("asks each condition of a rule", () => {
    const policy = policyOf(`rules:
  - id: r
    effect: allow
    tools: "**"
    when: { templates: [node, python], tenant: acme, labels: { env: [test, dev], team: blue } }`)
    const met = { template: "node", tenant: "acme", labels: { env: "dev", team: "blue", more: "1" } }
    assert.strictEqual(told(policy, tool("a"), met), "allow r")
    for (const other of [
      {},
      { ...met, template: "go" },
      { ...met, tenant: undefined },
      { ...met, labels: { env: "dev" } },
      { ...met, labels: { env: "prod", team: "blue" } },
      { ...met, labels: Object.create({ env: "dev", team: "blue" }) }
    ]) {
      assert.strictEqual(told(policy, tool("a"), other), "deny")
    }
  })

  it("gives a policy an id that is the same for every order, and another one for every difference", () => {
    const [a, b] = ["{ id: a, effect: deny, tools: x }", "{ effect: ask, id: b, tools: [y1, z] }"]
    const { id } = policyOf(`rules: [${a}, ${b}]`)
    assert.match(id, /^[0-9a-f]{64}$/)
    assert.strictEqual(policyOf(`# comment\nrules:\n- ${b}\n\n- ${a}\ndefaults: { tools: deny }`).id, id)
    assert.strictEqual(policyOf(`rules: [${a}, ${b}]\ncases: [{ name: c, command: ls, expect: deny }]`).id, id)
    for (const other of [
      `rules: [${a}]`,
      `rules: [${a}, ${b.replace("ask", "deny")}]`,
      `rules: [${a}, ${b.replace("z", "z2")}]`,
      `rules: [${a}, ${b}]\ndefaults: { tools: ask }`,
      `rules: [${a}, ${b}]\nunparsable: deny`
    ]) {
      assert.notStrictEqual(policyOf(other).id, id)
    }
  })
})

const Drawn = Schema.Array(
  Schema.Struct({
    effect: Schema.Literals(["deny", "ask", "allow", "detect"]),
    tools: Schema.Literals(["bank/pay", "bank/*", "**", "mail/send"]),
    tenant: Schema.Literals(["", "acme", "other"]),
    least: Schema.Literals([0, 5, 10])
  })
).check(Schema.isMaxLength(8))

describe("the order of rules", () => {
  it.prop(
    "says nothing about any decision",
    [Drawn, Schema.Literals([0, 1, 2, 3, 5, 7]), Schema.Literals([-1, 3, 7, 20, "x"])],
    ([drawn, turn, amount]) => {
      const rules = drawn.map(
        ({ effect, least, tenant, tools }, index) =>
          `  - { id: r${index}, effect: ${effect}, tools: "${tools}", where: { amount: { ge: ${least} } }${tenant === "" ? "" : `, when: { tenant: ${tenant} }`} }`
      )
      const text = (order: ReadonlyArray<string>) => (order.length === 0 ? "" : `rules:\n${order.join("\n")}`)
      const [plain, turned, reversed] = [
        rules,
        [...rules.slice(turn), ...rules.slice(0, turn)],
        rules.toReversed()
      ].map((order) => policyOf(text(order)))
      for (const method of ["bank/pay", "bank/look", "mail/send"]) {
        for (const tenant of ["acme", "third"]) {
          const verdict = plain && decide(plain, tool(method, { amount }), { tenant })
          assert.deepStrictEqual(turned && decide(turned, tool(method, { amount }), { tenant }), verdict)
          assert.deepStrictEqual(reversed && decide(reversed, tool(method, { amount }), { tenant }), verdict)
        }
      }
    }
  )
})

describe("ceilings", () => {
  it("are the lowest whose conditions are met", () => {
    const policy = policyOf(`limits:
  - { memoryMebibytes: 256, wallMillis: 60000 }
  - { when: { tenant: free }, memoryMebibytes: 64 }
  - { when: { tenant: big }, memoryMebibytes: 512, outputBytes: 10 }`)
    assert.deepStrictEqual(limits(policy, {}), { memoryMebibytes: 256, wallMillis: 60_000 })
    assert.deepStrictEqual(limits(policy, { tenant: "free" }), { memoryMebibytes: 64, wallMillis: 60_000 })
    assert.deepStrictEqual(limits(policy, { tenant: "big" }), {
      memoryMebibytes: 256,
      wallMillis: 60_000,
      outputBytes: 10
    })
    assert.deepStrictEqual(limits(policyOf("limits: { callsPerRun: 3 }"), {}), { callsPerRun: 3 })
  })

  it("have the names of the machine's limits", async () => {
    const { Limits } = await import("../../src/machine/Limits.ts")
    const { limitNames } = await import("../../src/policy/Policy.ts")
    assert.sameMembers([...limitNames], Object.keys(Limits.fields))
  })
})
