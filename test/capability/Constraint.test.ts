import { assert, describe, it } from "@effect/vitest"
import * as Constraint from "../../src/capability/Constraint.ts"
import { constraint, errs, fails, malformed, passes, violation } from "./constraints.ts"

const each = (values: ReadonlyArray<unknown>) => values.map((a) => ({ a }))

describe("operators", () => {
  it("C1 orderings hold up to their limits", () => {
    passes({ a: { lt: 5 } }, ...each([4, 4.999, -1e308]))
    fails({ a: { lt: 5 } }, ...each([5, 6]))
    passes({ a: { le: 5 } }, ...each([4, 5]))
    fails({ a: { le: 5 } }, ...each([5.001, 6]))
    passes({ a: { gt: 5 } }, ...each([6, 5.001]))
    fails({ a: { gt: 5 } }, ...each([5, 4]))
    passes({ a: { ge: 5 } }, ...each([5, 6]))
    fails({ a: { ge: 5 } }, ...each([4.999, 4]))
  })

  it("C2 eq and ne compare values of one type", () => {
    passes({ a: { eq: "x" } }, { a: "x" })
    fails({ a: { eq: "x" } }, ...each(["y", "xx"]))
    passes({ a: { ne: "x" } }, ...each(["y", "xx", ""]))
    fails({ a: { ne: "x" } }, { a: "x" })
    passes({ a: { eq: 0 } }, ...each([0, -0]))
    passes({ a: { eq: true } }, { a: true })
    fails({ a: { ne: false } }, { a: false })
    errs({ a: { eq: 1 } }, ...each(["1", true, null, [1], {}]))
    errs({ a: { ne: 1 } }, ...each(["1", true, null, [1], {}]))
  })

  it("C3 in and notIn look for one of several values", () => {
    passes({ a: { in: ["USD", "EUR"] } }, ...each(["USD", "EUR"]))
    fails({ a: { in: ["USD", "EUR"] } }, { a: "GBP" })
    passes({ a: { in: [1, "x", null, true] } }, ...each([1, "x", null, true]))
    passes({ a: { notIn: [1, 2] } }, ...each([0, 3]))
    fails({ a: { notIn: [1, 2] } }, ...each([1, 2]))
    errs({ a: { notIn: [1, 2] } }, ...each(["1", "3"]))
  })

  it("C4 affixes are of texts", () => {
    passes({ a: { startsWith: "SELECT " } }, { a: "SELECT 1" })
    fails({ a: { startsWith: "SELECT " } }, ...each([" SELECT 1", "select 1", ""]))
    passes({ a: { endsWith: ".md" } }, { a: "x.md" })
    fails({ a: { endsWith: ".md" } }, { a: "x.md " })
    passes({ a: { contains: "b" } }, { a: "abc" })
    fails({ a: { contains: "b" } }, { a: "ac" })
    for (const operator of ["startsWith", "endsWith", "contains"]) {
      errs({ a: { [operator]: "b" } }, ...each([1, null, ["b"], { b: 1 }, true]))
      assert.strictEqual(violation({ a: { [operator]: "b" } }, { a: ["b"] })?.foundType, "array")
    }
  })

  it("C5 exists and notExists ask whether there is a value", () => {
    passes({ a: { exists: true } }, ...each([1, null, "", false, []]))
    fails({ a: { exists: true } }, {}, { a: undefined }, { b: 1 })
    passes({ a: { notExists: true } }, {}, { a: undefined }, { b: 1 })
    fails({ a: { notExists: true } }, ...each([1, null, ""]))
    passes({ not: { a: { notExists: true } } }, { a: 1 })
  })

  it("C6 a missing parameter fails every operator but notExists", () => {
    const all = [
      ...[{ lt: 1 }, { le: 1 }, { gt: 1 }, { ge: 1 }, { eq: 1 }, { ne: 1 }, { in: [1] }, { notIn: [1] }],
      ...[{ startsWith: "x" }, { endsWith: "x" }, { contains: "x" }, { exists: true }],
      ...[{ length: { le: 3 } }, { path: "/x" }]
    ]
    for (const checks of all) {
      errs({ a: checks }, {}, { b: 1 }, { a: undefined }, undefined)
      const why = violation({ a: checks }, {})
      assert.strictEqual(why?.foundType, "missing")
      assert.match(why?.text ?? "", /^"a" must be .*; it is missing$/)
    }
  })

  it("length counts code points, and the items of arrays", () => {
    passes({ a: { length: { le: 2 } } }, ...each(["", "ab", "😀😀", [1, 2]]))
    fails({ a: { length: { le: 2 } } }, ...each(["abc", "😀😀😀", [1, 2, 3]]))
    passes({ a: { length: { gt: 0, lt: 3 } } }, ...each(["a", [[], []]]))
    fails({ a: { length: { ge: 1 } } }, ...each(["", []]))
    errs({ a: { length: { ge: 0 } } }, ...each([5, null, { length: 1 }, true]))
  })

  it("C14 null is a value, and not a missing one", () => {
    passes({ a: { eq: null } }, { a: null })
    errs({ a: { eq: null } }, {}, { a: 0 }, { a: undefined })
    errs({ a: { le: 5 } }, { a: null })
    assert.strictEqual(violation({ a: { le: 5 } }, { a: null })?.foundType, "null")
    fails({ a: { notExists: true } }, { a: null })
  })

  it("C15 booleans are no numbers, and numbers no booleans", () => {
    errs({ a: { le: 5 } }, ...each([true, false]))
    errs({ a: { eq: 1 } }, { a: true })
    errs({ a: { in: [0, 1] } }, ...each([true, false]))
    errs({ a: { eq: true } }, { a: 1 })
  })

  it("C16 numbers that are not finite satisfy no ordering and no comparison", () => {
    const odd = each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
    for (const checks of [{ lt: 5 }, { le: 5 }, { gt: 5 }, { ge: 5 }, { eq: 5 }, { ne: 5 }, { notIn: [5] }]) {
      errs({ a: checks }, ...odd)
    }
    assert.strictEqual(violation({ a: { le: 5 } }, { a: Number.NaN })?.foundType, "non-finite number")
  })

  it("C16 a bigint counts as the number that it is, if it is one exactly", () => {
    passes({ a: { le: 5 } }, ...each([5n, -3n]))
    fails({ a: { le: 5 } }, { a: 6n })
    passes({ a: { eq: 5 } }, { a: 5n })
    fails({ a: { ne: 5 } }, { a: 5n })
    errs({ a: { ge: 5 } }, ...each([10n ** 30n, 2n ** 53n, -(2n ** 70n)]))
  })

  it("C17 a path is judged by where it leads", () => {
    const folder = { a: { path: "/workspace" } }
    passes(
      folder,
      ...each(["/workspace", "/workspace/", "/workspace/a/b.txt", "/./workspace//a", "/tmp/../workspace/a"])
    )
    passes(folder, ...each(["/workspace/100%/é", "/workspace/..a", "/workspace/a..b"]))
    fails(folder, ...each(["/", "/workspaces", "/workspace/../etc", "/workspace/a/../../etc", "/WORKSPACE/a", "//etc"]))
    errs(folder, ...each(["workspace/a", "", "./workspace", "~/workspace", "C:/workspace", "file:///workspace"]))
    errs(folder, ...each(["/..", "/workspace/../../workspace/a"]))
    errs(
      folder,
      ...each(["/workspace/%2e%2e/etc", "/workspace/%2F", "/workspace\\..\\etc", "/workspace/a\0", "/workspace/\n"])
    )
    errs(
      folder,
      ...each(["/workspace/\u2024\u2024/etc", "/workspace/．．/etc", "/workspace/a／b", "/workspace/\ud800"])
    )
    errs(
      folder,
      ...each([`/workspace/${"a".repeat(5_000)}`, 5, null, ["/workspace"], { toString: () => "/workspace" }])
    )
  })

  it("C18 what a deny-list names is not let through in another guise", () => {
    for (const checks of [{ ne: "admin" }, { notIn: ["root", "admin"] }]) {
      passes({ a: checks }, ...each(["guest", "josé", "administrator", "日本"]))
      fails({ a: checks }, { a: "admin" })
      errs(
        { a: checks },
        ...each(["ADMIN", "Admin", "аdmin", "ａｄｍｉｎ", "ad\u200bmin", "admin ", "ádmin", "admin\0", "ⓐdmin"])
      )
      errs({ a: checks }, ...each([["admin"], ["guest"], { toString: () => "admin" }, new String("guest"), 5]))
    }
    errs({ a: { eq: "admin" } }, { a: "Admin" })
  })
})

describe("places", () => {
  it("C8 pointers lead into objects and lists", () => {
    const input = { header: { kind: "x", to: [{ name: "a" }, { name: "b" }] } }
    passes({ "/header/kind": { eq: "x" }, "/header/to/1/name": { eq: "b" } }, input)
    fails({ "/header/to/0/name": { eq: "b" } }, input)
    errs({ "/header/to/2/name": { eq: "b" } }, input)
    errs({ "/header/to/name": { eq: "b" } }, input)
    assert.strictEqual(violation({ "/header/to/1/name": { eq: "c" } }, input)?.parameter, "/header/to/1/name")
  })

  it("C8 indexes are written in one way, and no other property of a list is seen", () => {
    const input = { to: ["a"] }
    for (const step of ["00", "-", "+0", "0.0", "1e0", "-1", "length", "__proto__", ""]) {
      errs({ [`/to/${step}`]: { exists: true } }, input)
      errs({ [`/to/${step}`]: { notExists: true } }, input)
    }
  })

  it("C8 what cannot be looked into is no missing value", () => {
    const strange = [1, "text", null, true, new Map([["b", 1]]), new Date(0), Object.create({ b: 1 }), () => 1]
    errs({ "/a/b": { notExists: true } }, ...each(strange))
    passes({ "/a/b": { notExists: true } }, { a: {} }, {}, { a: undefined })
    const text = violation({ "/a/b/c": { eq: 1 } }, { a: { b: [] } })?.text ?? ""
    assert.match(text, /^"\/a\/b\/c" must be equal to 1; found an array at "\/a\/b"$/)
  })

  it("C19 names with separators are reached by escapes", () => {
    passes({ "/a~1b": { eq: 1 } }, { "a/b": 1 })
    passes({ "a/b": { eq: 1 } }, { "a/b": 1 })
    passes({ "/~0x/y": { eq: 1 } }, { "~x": { y: 1 } })
    passes({ "/~1a": { eq: 1 } }, { "/a": 1 })
    passes({ "/~01": { eq: 1 } }, { "~1": 1 })
    passes({ "a.b": { eq: 1 } }, { "a.b": 1 })
    passes({ "/or": { eq: 1 }, "/and": { eq: 2 }, "/not": { eq: 3 } }, { or: 1, and: 2, not: 3 })
    passes({ "/": { eq: 1 } }, { "": 1 })
  })
})

describe("combinations", () => {
  it("C7 all of and, any of or", () => {
    passes({ and: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, { a: 1, b: 2 })
    fails({ and: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, { a: 1, b: 3 }, { a: 0, b: 2 })
    passes({ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, { a: 1, b: 3 }, { a: 0, b: 2 }, { a: 1 }, { b: 2 })
    fails({ or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] }, { a: 0, b: 0 }, {})
  })

  it("C7 an empty or refuses, an empty and and an empty constraint allow", () => {
    fails({ or: [] }, {}, { a: 1 }, undefined)
    passes({ and: [] }, {}, undefined)
    passes({}, {}, undefined, null, 5)
    fails({ not: {} }, {})
    assert.strictEqual(violation({ or: [] }, {})?.text, "no alternative is allowed")
  })

  it("C7 several checks and several parameters all hold", () => {
    const both = { a: { ge: 1, le: 3 }, b: { eq: "x" } }
    passes(both, { a: 2, b: "x" })
    fails(both, { a: 0, b: "x" }, { a: 4, b: "x" }, { a: 2, b: "y" })
  })

  it("C7 a not passes only what was judged", () => {
    passes({ not: { a: { eq: 1 } } }, { a: 2 })
    fails({ not: { a: { eq: 1 } } }, { a: 1 })
    errs({ a: { eq: 1 } }, {}, { a: "1" })
    fails({ not: { a: { eq: 1 }, b: { eq: 2 } } }, { a: 1, b: 2 }, { a: 0 }, { b: 0 }, { a: 0, b: "2" })
    passes({ not: { a: { eq: 1 }, b: { eq: 2 } } }, { a: 0, b: 2 }, { a: 1, b: 0 })
    passes({ not: { or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] } }, { a: 0, b: 0 })
    fails({ not: { or: [{ a: { eq: 1 } }, { b: { eq: 2 } }] } }, { a: 0 }, { a: 0, b: "0" }, { a: 1 })
    fails({ not: { not: { a: { eq: 1 } } } }, {}, { a: 2 })
    passes({ not: { not: { a: { eq: 1 } } } }, { a: 1 })
    fails({ not: { not: { a: { eq: 1 }, b: { eq: 2 } } } }, { a: 1 }, { a: 0 }, { a: 1, b: "2" })
    passes({ not: { not: { a: { eq: 1 }, b: { eq: 2 } } } }, { a: 1, b: 2 })
  })

  it("C9 merging keeps both", () => {
    const merged = Constraint.merge(constraint({ a: { le: 10 } }), constraint({ a: { ge: 5 }, b: { exists: true } }))
    passes(merged, { a: 7, b: 1 })
    fails(merged, { a: 11, b: 1 }, { a: 4, b: 1 }, { a: 7 })
    const many = Array.from({ length: 50 }, (_, index) => constraint({ [`p${index}`]: { exists: true } }))
    const all = many.reduce(Constraint.merge)
    fails(all, {})
    passes(all, Object.fromEntries(many.map((_, index) => [`p${index}`, 1])))
  })
})

describe("construction", () => {
  it("C20 unknown operators are refused, with those that there are", () => {
    const message = malformed({ amount: { lte: 5 } })
    assert.include(message, "amount.lte: is no operator; those are lt, le, gt, ge, eq, ne, in")
    for (const operator of ["<=", "matches", "pattern", "regex", "suffix", "toString", "constructor"]) {
      assert.include(malformed({ amount: { [operator]: 5 } }), operator)
    }
    assert.include(malformed({ amount: { length: { eq: 5 } } }), "is none of lt, le, gt, ge")
  })

  it("C20 shorthands, empty checks and limits of the wrong type are refused", () => {
    for (const shorthand of ["<= 5", 5, ["a"], null, true, []]) {
      assert.include(malformed({ amount: shorthand }), "amount: expected an object of operators")
    }
    assert.include(malformed({ amount: {} }), "at least one operator")
    assert.include(malformed({ amount: { length: {} } }), "at least one operator")
    assert.include(malformed({ amount: { le: "5" } }), "amount.le: expected a number")
    assert.include(malformed({ amount: { le: true } }), "amount.le: expected a number")
    assert.include(malformed({ amount: { le: Number.NaN } }), "amount.le: is not a JSON value")
    assert.include(malformed({ a: { startsWith: "" } }), "expected a text that is not empty")
    assert.include(malformed({ a: { startsWith: 1 } }), "a.startsWith: expected a text")
    assert.include(malformed({ a: { in: [] } }), "at least one value")
    assert.include(malformed({ a: { in: "USD" } }), "a.in: expected a list")
    assert.include(malformed({ a: { in: [{}] } }), "a.in[0]: expected a text, a number, a boolean or null")
    assert.include(malformed({ a: { notIn: [1, "1"] } }), "of one type")
    assert.include(malformed({ a: { ne: null } }), "expected a text, a number or a boolean")
    assert.include(malformed({ a: { exists: false } }), "expected true")
    assert.include(malformed({ a: { length: { le: -1 } } }), "whole number")
    assert.include(malformed({ a: { length: { le: 1.5 } } }), "whole number")
    assert.include(malformed({ a: { path: "workspace" } }), "absolute path")
    assert.include(malformed({ a: { path: "/a/%2e" } }), "percent")
  })

  it("C20 malformed combinations and pointers are refused", () => {
    assert.include(malformed({ or: { a: { eq: 1 } } }), "or: expected a list of constraints")
    assert.include(malformed({ and: [5] }), "and[0]: expected an object of parameters")
    assert.include(malformed({ not: [{ a: { eq: 1 } }] }), "not: expected an object")
    assert.include(malformed({ "/a~2": { eq: 1 } }), '["/a~2"]: is neither a parameter')
    assert.include(malformed({ "/a~": { eq: 1 } }), "JSON pointer")
    assert.include(malformed({ "": { eq: 1 } }), "is neither a parameter")
    assert.include(malformed({ [`/${"a/".repeat(40)}`]: { eq: 1 } }), "JSON pointer")
    assert.include(malformed("amount <= 5"), "expected an object of parameters")
  })
})
