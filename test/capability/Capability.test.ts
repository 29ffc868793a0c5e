import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Capability from "../../src/capability/Capability.ts"
import { malformed } from "./constraints.ts"

const broken = (plain: unknown) => malformed(plain, Capability.decode)
const brokenList = (...plain: ReadonlyArray<unknown>) => malformed(plain, () => Capability.decodeList(plain))

describe("approvers", () => {
  const asks = (...approvers: ReadonlyArray<string>) =>
    Capability.make({ methods: "bank/pay", mode: "ask", ...(approvers.length === 0 ? {} : { approvers }) })

  it("are names, 1 to 64 of them, of a capability that asks", () => {
    assert.deepStrictEqual(asks("ann", "bob").approvers, ["ann", "bob"])
    for (const approvers of [[], ["ann", ""], ["x".repeat(257)], "ann", Array.from({ length: 65 }, (_, n) => `${n}`)]) {
      assert.match(broken({ methods: "bank/pay", mode: "ask", approvers }), /approvers/)
    }
    assert.match(broken({ methods: "bank/pay", approvers: ["ann"] }), /approvers.*goes with the mode "ask"/)
  })

  it("of a capability within another are some of the other's", () => {
    assert.isTrue(Capability.isSubsetOf(asks("ann"), asks("ann", "bob")))
    assert.isTrue(Capability.isSubsetOf(asks("ann"), asks()))
    assert.isTrue(Capability.isSubsetOf(asks("ann"), Capability.make({ methods: "bank/pay" })))
    assert.isFalse(Capability.isSubsetOf(asks("ann", "eve"), asks("ann", "bob")))
    assert.isFalse(Capability.isSubsetOf(asks(), asks("ann")))
    assert.isFalse(Capability.isSubsetOf(Capability.make({ methods: "bank/pay" }), asks("ann")))
  })

  it("do not change what a budget is kept under, and stay when a constraint is added", () => {
    assert.strictEqual(Capability.key(asks("ann")), Capability.key(asks()))
    assert.deepStrictEqual(Capability.restrict(asks("ann"), { amount: { le: 1 } }).approvers, ["ann"])
  })
})

describe("making", () => {
  it("reads methods in every spelling, and fills in the mode", () => {
    const one = Capability.make({ methods: "stripe.charges.*" })
    assert.deepStrictEqual({ ...one }, { methods: ["stripe/charges/*"], mode: "auto" })
    const more = Capability.make({ methods: ["a/b", "c.**"], mode: "ask", maxCalls: 0, expiresMillis: 5, name: "x y" })
    assert.deepStrictEqual(
      { ...more },
      { methods: ["a/b", "c/**"], mode: "ask", maxCalls: 0, expiresMillis: 5, name: "x y" }
    )
  })

  it("is plain data when written, and the same when read again", () => {
    const plain = {
      methods: "a/*",
      where: { "/b/c": { in: [1, null] }, or: [{ d: { exists: true } }] },
      maxCalls: 3
    } as const
    const made = Capability.make(plain)
    const text = JSON.stringify(Schema.encodeSync(Capability.Capability)(made))
    assert.deepStrictEqual(JSON.parse(text), { ...plain, methods: ["a/*"], mode: "auto" })
    const again = Result.getOrThrow(Capability.decode(JSON.parse(text)))
    assert.deepStrictEqual({ ...again }, { ...made })
    assert.strictEqual(Capability.key(again), Capability.key(made))
  })

  it("is a copy that later changes do not reach", () => {
    const currencies = ["USD"]
    const made = Capability.make({ methods: "a", where: { currency: { in: currencies } } })
    currencies.push("EUR")
    assert.deepStrictEqual(made.where, { currency: { in: ["USD"] } })
  })

  it("C20 unknown, misspelt and missing fields are refused, with what is allowed", () => {
    assert.include(
      broken({ methods: "a", max_calls: 3 }),
      "max_calls: is no field; those are name, methods, where, maxCalls"
    )
    assert.include(broken({}), "methods: names no method")
    assert.include(broken({ methods: [] }), "methods: names no method")
    assert.include(broken({ methods: "" }), "methods[0]: names no method")
    assert.include(broken({ methods: 5 }), "methods: expected a method pattern")
    assert.include(broken({ methods: ["a", "b//c"] }), 'methods[1]: "b//c" has an empty segment')
    assert.include(broken({ methods: "a", mode: "deny" }), 'mode: Expected "auto" | "ask"')
    assert.include(broken({ methods: "a", where: null }), "where: expected an object of parameters")
    assert.include(broken({ methods: "a", where: { amount: { most: 5 } } }), "where.amount.most: is no operator")
    assert.include(broken({ methods: "a", expiresMillis: "tomorrow" }), "milliseconds since the epoch")
    assert.include(broken("stripe/*"), "expected an object with methods")
    assert.throws(() => Capability.make({ methods: "a//b" }), /malformed capability: methods\[0\]/)
  })

  it("C20 a field that is undefined is refused: it would lift a limit", () => {
    assert.include(broken({ methods: "a", maxCalls: undefined }), "maxCalls: is undefined")
    assert.include(broken({ methods: "a", where: undefined }), "where: is undefined")
  })

  it("C21 a number of calls is whole and not negative", () => {
    for (const maxCalls of [-1, 1.5, 2 ** 53, "3", null, true]) {
      assert.include(broken({ methods: "a", maxCalls }), "maxCalls: expected a whole number of calls, 0 or more")
    }
    for (const maxCalls of [Number.NaN, Number.POSITIVE_INFINITY, 3n]) {
      assert.include(broken({ methods: "a", maxCalls }), "maxCalls: is not a JSON value")
    }
    assert.strictEqual(Capability.make({ methods: "a", maxCalls: 0 }).maxCalls, 0)
  })

  it("names say nothing to an object, and cannot be taken for a derived key", () => {
    for (const name of [
      "",
      "a#b",
      "constructor",
      "toString",
      "__proto__",
      "hasOwnProperty",
      " a",
      "a/b",
      "a".repeat(65),
      "é"
    ]) {
      assert.include(broken({ methods: "a", name }), "name: ")
    }
    for (const name of ["a", "refunds up to 100", "a.b-c_d", "0"]) {
      assert.strictEqual(Capability.key(Capability.make({ methods: "a", name })), name)
    }
  })
})

describe("keys", () => {
  const key = (plain: Capability.CapabilityInput) => Capability.key(Capability.make(plain))

  it("stay the same when the same is said in another way", () => {
    const first = key({ methods: ["a/b", "c.*"], where: { x: { ge: 1, le: 5 }, "/y": { in: ["b", "a"] } } })
    const second = key({ methods: ["c/*", "a.b", "a/b"], where: { y: { in: ["a", "b"] }, "/x": { le: 5, ge: 1 } } })
    assert.strictEqual(first, second)
    assert.match(first, /^a\/b\+1#[0-9a-f]{16}$/)
    assert.strictEqual(key({ methods: "a" }), key({ methods: "a", where: {} }))
    assert.strictEqual(key({ methods: "a" }), "a#a8fc4dd683dee2f7")
  })

  it("stay the same when limits and descriptions change, so that what was spent stays spent", () => {
    const before = key({ methods: "a", where: { x: { le: 5 } }, maxCalls: 3, expiresMillis: 10, description: "before" })
    assert.strictEqual(before, key({ methods: "a", where: { x: { le: 5 } }, maxCalls: 5 }))
    assert.strictEqual(key({ methods: "a", name: "n" }), key({ methods: "b", name: "n" }))
  })

  it("differ where methods, constraint or mode differ", () => {
    const keys = [
      key({ methods: "a" }),
      key({ methods: "a", mode: "ask" }),
      key({ methods: "a/*" }),
      key({ methods: "a", where: { x: { le: 5 } } }),
      key({ methods: "a", where: { x: { le: 6 } } }),
      key({ methods: "a", where: { x: { lt: 5 } } }),
      key({ methods: "a", where: { y: { le: 5 } } }),
      key({ methods: "a", where: { not: { x: { le: 5 } } } }),
      key({ methods: "a", where: { or: [{ x: { le: 5 } }, { y: { le: 5 } }] } }),
      key({ methods: "a", where: { and: [{ x: { le: 5 } }, { y: { le: 5 } }] } }),
      key({ methods: "a", where: { x: { eq: 5 } } }),
      key({ methods: "a", where: { x: { eq: "5" } } })
    ]
    assert.strictEqual(new Set(keys).size, keys.length)
  })

  it("are unique in a list", () => {
    assert.include(brokenList({ methods: "a" }, { methods: "a", maxCalls: 3 }), '[1]: has the key "a#')
    assert.include(
      brokenList({ methods: "a", name: "n" }, { methods: "b" }, { methods: "c", name: "n" }),
      '[2]: has the key "n" of [0]'
    )
    assert.include(
      brokenList({ methods: "a" }, { methods: "b", maxCalls: -1 }),
      "[1].maxCalls: expected a whole number"
    )
    assert.include(brokenList({ methods: "a" }, "b"), "[1]: expected an object with methods")
    assert.include(brokenList(...Array.from({ length: 1_025 }, () => ({ methods: "a" }))), "more than 1024 items")
    const list = Capability.list([Capability.make({ methods: "a" }), { methods: "a", mode: "ask" }])
    assert.deepStrictEqual(
      list.map(({ mode }) => mode),
      ["auto", "ask"]
    )
    assert.throws(() => Capability.list([{ methods: "a" }, { methods: "a" }]), /malformed list of capabilities/)
  })
})

describe("narrowing", () => {
  const isSubset = (child: Capability.CapabilityInput, parent: Capability.CapabilityInput) =>
    Capability.isSubsetOf(Capability.make(child), Capability.make(parent))
  const parent = {
    methods: ["stripe/**", "math/*"],
    where: { amount: { le: 100 } },
    maxCalls: 10,
    expiresMillis: 1_000
  }

  it("C10 a narrower capability is within a wider one", () => {
    assert.isTrue(isSubset(parent, parent))
    assert.isTrue(isSubset({ ...parent, methods: "stripe/charges/*" }, parent))
    assert.isTrue(isSubset({ ...parent, where: { amount: { lt: 50 }, currency: { eq: "EUR" } } }, parent))
    assert.isTrue(isSubset({ ...parent, maxCalls: 3, expiresMillis: 999, mode: "ask" }, parent))
    assert.isTrue(isSubset({ methods: "a" }, { methods: "a" }))
  })

  it("C11 what is wider in any field is not", () => {
    assert.isFalse(isSubset({ ...parent, methods: ["math/add", "adyen/*"] }, parent))
    assert.isFalse(isSubset({ ...parent, methods: "math/**" }, parent))
    assert.isFalse(isSubset({ ...parent, where: { amount: { le: 101 } } }, parent))
    assert.isFalse(isSubset({ ...parent, where: {} }, parent))
    assert.isFalse(isSubset({ ...parent, maxCalls: 11 }, parent))
    assert.isFalse(isSubset({ ...parent, expiresMillis: 1_001 }, parent))
    assert.isFalse(isSubset(parent, { ...parent, mode: "ask" }))
    const { expiresMillis, maxCalls, where, ...unlimited } = parent
    assert.isFalse(isSubset({ ...unlimited, where, maxCalls }, parent))
    assert.isFalse(isSubset({ ...unlimited, where, expiresMillis }, parent))
    assert.isFalse(isSubset({ ...unlimited, expiresMillis, maxCalls }, parent))
  })

  it("C9 restricting keeps both constraints, and never widens", () => {
    const made = Capability.make(parent)
    const restricted = Capability.restrict(made, { amount: { ge: 5 }, currency: { eq: "EUR" } })
    assert.isTrue(Capability.isSubsetOf(restricted, made))
    assert.isFalse(Capability.isSubsetOf(made, restricted))
    assert.deepStrictEqual(restricted.where, {
      and: [{ amount: { le: 100 } }, { amount: { ge: 5 }, currency: { eq: "EUR" } }]
    })
    assert.deepStrictEqual({ ...restricted, where: made.where }, { ...made })
    assert.throws(
      () => Capability.restrict(made, JSON.parse('{ "amount": { "lte": 5 } }')),
      /amount.lte: is no operator/
    )
  })

  it("C10 a list is within another if each of its capabilities is, and their calls together are", () => {
    const list = (...items: ReadonlyArray<Capability.CapabilityInput>) => Capability.list(items)
    const parents = list({ methods: "a/*", maxCalls: 10 }, { methods: "b/**" })
    const within = (...items: ReadonlyArray<Capability.CapabilityInput>) =>
      Capability.isListSubsetOf(list(...items), parents)
    assert.isTrue(within())
    assert.isTrue(within({ methods: "b/c" }, { methods: "a/x", maxCalls: 10 }))
    assert.isTrue(within({ methods: "a/x", maxCalls: 4 }, { methods: "a/y", maxCalls: 6 }))
    assert.isFalse(within({ methods: "a/x", maxCalls: 5 }, { methods: "a/y", maxCalls: 6 }))
    assert.isFalse(within({ methods: "a/x" }))
    assert.isFalse(within({ methods: ["a/x", "b/c"], maxCalls: 1 }))
    assert.isFalse(within({ methods: "b/c" }, { methods: "c" }))
    assert.isTrue(within({ methods: "b/c" }, { methods: "b/**", maxCalls: 1_000 }, { methods: "b/d" }))
    assert.isTrue(
      Capability.isListSubsetOf(
        list({ methods: "a", maxCalls: 2 }),
        list({ methods: "a", maxCalls: 1 }, { methods: "*", maxCalls: 2 })
      )
    )
  })
})
