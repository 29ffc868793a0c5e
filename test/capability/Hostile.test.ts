import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Attenuation from "../../src/capability/Attenuation.ts"
import * as Budget from "../../src/capability/Budget.ts"
import * as Capability from "../../src/capability/Capability.ts"
import * as Constraint from "../../src/capability/Constraint.ts"
import * as Gate from "../../src/capability/Gate.ts"
import { constraint, errs, fails, malformed, passes } from "./constraints.ts"
import { constraints } from "./samples.ts"

const nested = (levels: number, wrap: (inner: object) => object): object => {
  let value: object = {}
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

describe("hostile inputs", () => {
  it("B14 nothing is seen through a prototype", () => {
    fails({ a: { eq: 1 } }, Object.create({ a: 1 }))
    fails({ "/toString": { exists: true } }, {}, { a: 1 })
    errs({ "/constructor/name": { eq: "Object" } }, {})
    errs({ "/__proto__/a": { eq: 1 } }, Object.create({ a: 1 }), {})
    passes({ "/__proto__/a": { eq: 1 } }, JSON.parse('{ "__proto__": { "a": 1 } }'))
    passes({ constructor: { eq: 1 } }, { constructor: 1 })
    passes({ a: { eq: 1 } }, Object.assign(Object.create(null), { a: 1 }))
  })

  it("B14 a prototype that was tampered with changes nothing", () => {
    const capabilities = Capability.list([{ name: "n", methods: "m", maxCalls: 1, where: { a: { le: 1 } } }])
    Object.assign(Object.prototype, { a: 0, n: -100, maxCalls: 1_000 })
    try {
      const refused = Gate.decide(capabilities, {}, { method: "m", input: {}, nowMillis: 0 })
      assert.strictEqual(refused._tag, "Deny")
      assert.deepStrictEqual(
        capabilities.map((capability) => Budget.left(capability, {})),
        [1]
      )
      assert.strictEqual(Budget.left(Capability.make({ methods: "m", maxCalls: 0 }), {}), 0)
    } finally {
      for (const name of ["a", "n", "maxCalls"]) Reflect.deleteProperty(Object.prototype, name)
    }
  })

  it("B14 accessors are not called, and what throws when it is looked at is refused", () => {
    let reads = 0
    const twoFaced = Object.defineProperty({}, "a", { enumerable: true, get: () => (reads++ === 0 ? 1 : 1_000_000) })
    errs({ a: { le: 10 } }, twoFaced)
    errs({ a: { notExists: true } }, twoFaced)
    assert.strictEqual(reads, 0)
    const angry = new Proxy({}, { getPrototypeOf: () => assert.fail("looked at") })
    errs({ a: { notExists: true } }, angry)
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    errs({ a: { le: 10 } }, proxy, { a: proxy })
    fails({ or: [{ a: { le: 10 } }, { a: { eq: "x" } }] }, proxy, { a: proxy })
  })

  it("B14 values with conversions of their own are not converted", () => {
    const one = { valueOf: () => 1, toString: () => "x", [Symbol.toPrimitive]: () => 1 }
    for (const checks of [{ eq: 1 }, { le: 5 }, { in: [1, "x"] }, { ne: 5 }, { startsWith: "x" }, { path: "/" }]) {
      errs(
        { a: checks },
        { a: one },
        { a: [1] },
        { a: ["x"] },
        { a: new Number(1) },
        { a: new String("x") },
        { a: Symbol("x") }
      )
    }
    errs({ a: { length: { le: 5 } } }, { a: { length: 1 } }, { a: new Uint8Array(1) }, { a: () => 1 })
  })

  it("B14 inputs may be as deep, as long and as circular as they like", () => {
    const deep = nested(100_000, (a) => ({ a }))
    fails({ "/a/a/a": { eq: 1 } }, deep)
    passes({ "/a/a/a": { exists: true } }, deep)
    const circular: Record<string, unknown> = { a: 1 }
    circular["self"] = circular
    passes({ "/self/self/self/a": { eq: 1 } }, circular)
    const long = "z".repeat(1_000_000)
    passes({ a: { ne: "admin", contains: "z", length: { ge: 5 } } }, { a: long })
    errs({ a: { ne: "admin" } }, { a: "\u200b".repeat(1_000_000) })
    errs({ a: { path: "/" } }, { a: `/${"../".repeat(300_000)}` })
    errs({ a: { eq: 1 } }, { a: Array.from({ length: 100_000 }, () => 1) })
  })

  it.prop(
    "B14 deciding never throws, and allows nothing that the constraint does not",
    [constraints, Schema.Unknown, Schema.String, Schema.Record(Schema.String, Schema.Number), Schema.Number],
    ([where, input, method, spent, nowMillis]) => {
      const capabilities = Capability.list([{ name: "any", methods: "**", where, maxCalls: 1, expiresMillis: 1_000 }])
      const verdict = Gate.decide(capabilities, spent, { method, input, nowMillis })
      if (verdict._tag === "Deny") return
      assert.isTrue(Result.isSuccess(Constraint.check(where, input)))
      assert.isBelow(nowMillis, 1_000)
      assert.match(method, /^[\w$./-]*$/)
    },
    { arbitrary: { runs: 1_000 } }
  )
})

describe("hostile capabilities", () => {
  const broken = (plain: unknown) => malformed(plain, Capability.decode)

  it("C20 constraints of any depth are read or refused, and never overflow", () => {
    const levels = (count: number) => nested(count, (not) => ({ not }))
    assert.isTrue(Result.isSuccess(Constraint.decode(levels(40))))
    assert.include(malformed(levels(41)), "has more than 40 levels")
    assert.include(malformed(levels(100_000)), "has more than 40 levels")
    assert.include(malformed(nested(100_000, (part) => ({ and: [part] }))), "has more than 40 levels")
    const circular: Record<string, unknown> = {}
    circular["not"] = circular
    assert.include(malformed(circular), "has more than 40 levels")
    const deepest = constraint(levels(40))
    assert.isTrue(Attenuation.isSubsetOf(deepest, deepest))
    passes(deepest, {})
  })

  it("C20 constraints of any size are read or refused", () => {
    const values = (length: number) => ({ a: { in: Array.from({ length }, (_, index) => index) } })
    assert.isTrue(Result.isSuccess(Constraint.decode(values(1_000))))
    assert.include(malformed(values(1_100)), "has more than 1024 values")
    assert.include(malformed({ a: { in: Array.from({ length: 1e5 }) } }), "has more than 1024 values")
    assert.include(malformed({ a: { eq: "x".repeat(5_000) } }), "more than 4096 characters")
    const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(4_000).slice(0, 4_000))
    assert.include(malformed({ a: { in: texts } }), "has more than 65536 characters")
  })

  it("C20 only plain data is data", () => {
    assert.include(broken({ methods: "a", where: new Map([["a", { eq: 1 }]]) }), "where: is not a plain object")
    assert.include(broken({ methods: "a", where: { a: new Date(0) } }), "where.a: is not a plain object")
    assert.include(broken({ methods: "a", where: Object.create({ a: { eq: 1 } }) }), "where: is not a plain object")
    assert.include(broken(Object.create({ methods: "a" })), "is not a plain object")
    const accessor = Object.defineProperty({ methods: "a" }, "maxCalls", { enumerable: true, get: () => 1 })
    assert.include(broken(accessor), "maxCalls: is not a plain property")
    const hidden = Object.defineProperty({ methods: "a" }, "where", { value: { a: { eq: 1 } } })
    assert.include(broken(hidden), "where: is not a plain property")
    assert.include(broken({ methods: "a", [Symbol("where")]: {} }), "is not a plain property")
    assert.include(broken({ methods: "a", where: { a: { eq: () => 1 } } }), "where.a.eq: is not a JSON value")
    assert.include(broken({ methods: new Array(2) }), "methods[0]: is undefined")
  })

  it("C20 a check of __proto__ is not lost on the way", () => {
    assert.include(malformed(JSON.parse('{ "__proto__": { "eq": 1 } }')), 'a parameter of this name is "/__proto__"')
    const literal = { __proto__: { a: { eq: 1 } } }
    assert.include(malformed(literal), "is not a plain object")
    fails({ "/__proto__": { eq: 1 } }, {}, JSON.parse('{ "__proto__": 2 }'))
  })

  it("C20 what is wrong is told without telling values", () => {
    const message = broken({
      methods: "a",
      where: { pin: { eq: { secret: "1234" } } },
      name: "1234#",
      maxCalls: "1234"
    })
    assert.notInclude(message, "1234")
    assert.include(message, "where.pin.eq")
  })
})
