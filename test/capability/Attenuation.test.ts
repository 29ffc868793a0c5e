import { assert, describe, it } from "@effect/vitest"
import * as Attenuation from "../../src/capability/Attenuation.ts"
import * as Constraint from "../../src/capability/Constraint.ts"
import { judge } from "../../src/capability/Rule.ts"
import { constraint } from "./constraints.ts"
import { checksOfOneValue, constraints, inputs, variants } from "./samples.ts"

const isSubset = (child: unknown, parent: unknown) => Attenuation.isSubsetOf(constraint(child), constraint(parent))

const within = (parent: unknown, ...children: ReadonlyArray<unknown>) => {
  for (const child of children) assert.isTrue(isSubset(child, parent), JSON.stringify(child))
}
const wider = (parent: unknown, ...children: ReadonlyArray<unknown>) => {
  for (const child of children) assert.isFalse(isSubset(child, parent), JSON.stringify(child))
}

const each = (...checks: ReadonlyArray<unknown>) => checks.map((a) => ({ a }))

describe("single checks", () => {
  it("C10 tighter orderings are accepted, looser ones refused", () => {
    within({ a: { le: 10 } }, ...each({ le: 10 }, { le: 9 }, { lt: 10 }, { ge: 0, le: 10 }, { gt: 11, lt: 11 }))
    wider({ a: { le: 10 } }, ...each({ le: 11 }, { lt: 11 }, { ge: 10 }, { ge: 0 }, { exists: true }, { ne: 11 }))
    within({ a: { gt: 5 } }, ...each({ gt: 5 }, { ge: 6 }, { ge: 5, ne: 5, gt: 5 }))
    wider({ a: { gt: 5 } }, ...each({ ge: 5 }, { gt: 4 }, { lt: 6 }))
    within({ a: { lt: 10 } }, ...each({ lt: 10 }, { le: 9.99 }))
    wider({ a: { lt: 10 } }, ...each({ le: 10 }))
    within({ a: { ge: 1, le: 5 } }, ...each({ ge: 2, le: 5 }, { eq: 3 }, { in: [1, 5] }))
    wider({ a: { ge: 1, le: 5 } }, ...each({ ge: 1 }, { le: 5 }, { ge: 0, le: 5 }, { in: [1, 6] }))
  })

  it("C10 smaller sets of values and larger sets of exceptions are accepted", () => {
    within({ a: { in: ["USD", "EUR"] } }, ...each({ in: ["EUR"] }, { eq: "USD" }, { in: ["EUR", "USD"] }))
    wider({ a: { in: ["USD", "EUR"] } }, ...each({ in: ["EUR", "GBP"] }, { ne: "GBP" }, { startsWith: "USD" }))
    within({ a: { notIn: ["x", "y"] } }, ...each({ notIn: ["z", "y", "x"] }, { eq: "w" }, { in: ["v", "w"] }))
    wider({ a: { notIn: ["x", "y"] } }, ...each({ notIn: ["x"] }, { ne: "y" }, { in: ["x", "w"] }, { eq: 5 }))
    within({ a: { ne: 5 } }, ...each({ lt: 5 }, { gt: 5 }, { ge: 6, le: 9 }, { notIn: [4, 5] }, { eq: 4 }))
    wider({ a: { ne: 5 } }, ...each({ le: 5 }, { ge: 5 }, { ne: "5" }, { exists: true }))
    within({ a: { ne: true } }, ...each({ eq: false }, { ne: true }))
    within({ a: { eq: false } }, ...each({ ne: true }))
    within({ a: { ne: "ADMIN" } }, ...each({ ne: "admin" }, { eq: "guest" }))
    wider({ a: { ne: "admin" } }, ...each({ eq: "Admin" }, { ne: "adm1n" }))
  })

  it("C10 longer affixes and deeper folders are accepted", () => {
    within({ a: { startsWith: "ab" } }, ...each({ startsWith: "abc" }, { startsWith: "ab" }, { eq: "ab" }))
    wider(
      { a: { startsWith: "ab" } },
      ...each({ startsWith: "a" }, { contains: "ab" }, { endsWith: "ab" }, { ne: "x" })
    )
    within({ a: { endsWith: "ab" } }, ...each({ endsWith: "xab" }, { eq: "ab" }))
    within({ a: { contains: "b" } }, ...each({ startsWith: "ab" }, { endsWith: "bc" }, { contains: "abc" }))
    wider({ a: { contains: "abc" } }, ...each({ contains: "b" }, { path: "/abc" }))
    within({ a: { path: "/w" } }, ...each({ path: "/w/x" }, { path: "/w/./x/.." }, { eq: "/w/a" }, { eq: "/v/../w" }))
    wider({ a: { path: "/w" } }, ...each({ path: "/" }, { path: "/ww" }, { startsWith: "/w/" }, { eq: "/w/../v" }))
    wider({ a: { startsWith: "/w" } }, ...each({ path: "/w" }))
    within({ a: { length: { le: 5 } } }, ...each({ length: { lt: 6 } }, { length: { ge: 1, le: 4 } }, { eq: "abc" }))
    wider({ a: { length: { le: 5 } } }, ...each({ length: { le: 6 } }, { le: 5 }, { eq: "abcdef" }))
  })

  it("C10 different parameters are not comparable", () => {
    wider({ a: { le: 10 } }, { b: { le: 5 } }, { "/a/a": { le: 5 } }, { or: [{ a: { le: 5 } }, { b: { le: 5 } }] })
    within({ a: { le: 10 } }, { "/a": { le: 5 }, b: { ge: 3 } })
  })

  it("C11 a dropped constraint is refused", () => {
    wider({ a: { le: 10 } }, {}, { and: [] }, { a: { exists: true } })
    wider({ a: { le: 10 }, b: { eq: 1 } }, { a: { le: 10 } }, { b: { eq: 1 } })
    wider({ a: { ge: 1, le: 10 } }, { a: { le: 10 } })
    within({}, {}, { a: { le: 10 } }, { or: [] })
  })

  it("C12 equality and enumeration imply what holds for their values", () => {
    within({ a: { le: 10 } }, ...each({ lt: 5 }, { in: [1, 2] }, { eq: 5 }, { eq: 10 }))
    wider({ a: { le: 10 } }, ...each({ eq: 11 }, { in: [1, 20] }, { eq: "5" }))
    wider({ a: { eq: 5 } }, ...each({ lt: 10 }, { in: [5, 6] }, { exists: true }))
    within({ a: { eq: 5 } }, ...each({ ge: 5, le: 5 }, { in: [5] }, { in: [4, 5], ge: 5 }))
    within({ a: { startsWith: "/etc" } }, ...each({ eq: "/etc/passwd" }, { in: ["/etc", "/etc/x"] }))
    wider({ a: { startsWith: "/etc" } }, ...each({ eq: "/usr" }))
    within({ a: { exists: true } }, ...each({ eq: 5 }, { notIn: ["x"] }, { length: { le: 3 } }, { path: "/a" }))
    wider({ a: { exists: true } }, { a: { notExists: true } }, {})
    within({ a: { notExists: true } }, { a: { notExists: true }, b: { eq: 1 } })
    wider({ a: { notExists: true } }, {}, { b: { notExists: true } })
  })
})

describe("combinations", () => {
  it("C10 alternatives are covered one by one", () => {
    const parent = { or: [{ a: { eq: 1 } }, { a: { eq: 2 } }, { b: { ge: 5 } }] }
    within(parent, { a: { eq: 1 } }, { a: { in: [2] } }, { or: [{ b: { gt: 9 } }, { a: { eq: 2 } }] }, { or: [] })
    wider(parent, { a: { in: [1, 3] } }, { or: [{ a: { eq: 1 } }, {}] }, {})
    within({ a: { le: 10 } }, { or: [{ a: { eq: 1 } }, { a: { eq: 9 }, b: { eq: 1 } }] })
    within({ a: { le: 10 } }, { a: { in: [1, 50] }, or: [{ a: { lt: 3 } }, { a: { eq: 7 } }] })
  })

  it("C10 negations are understood, with what they refuse to judge", () => {
    within({ a: { ge: 5 } }, { not: { a: { lt: 5 } } })
    within({ not: { a: { lt: 5 } } }, { a: { ge: 5 } }, { a: { eq: 7 } }, { not: { a: { le: 5 } } })
    wider({ not: { a: { lt: 5 } } }, { a: { exists: true } }, { a: { eq: "x" } }, {}, { a: { notExists: true } })
    within({ not: { a: { startsWith: "rm" } } }, ...each({ startsWith: "ls" }, { eq: "ls" }))
    within({ not: { a: { startsWith: "rm" } } }, { not: { a: { startsWith: "r" } } }, { not: { a: { contains: "m" } } })
    wider({ not: { a: { startsWith: "rm" } } }, { not: { a: { startsWith: "rmx" } } }, { a: { contains: "ls" } })
    wider({ not: { a: { contains: "rm" } } }, ...each({ contains: "ls" }, { startsWith: "ls" }, { endsWith: "ls" }))
    within({ not: { a: { path: "/etc" } } }, { a: { path: "/w" } }, { not: { a: { path: "/" } } })
    wider({ not: { a: { path: "/etc/x" } } }, { a: { path: "/etc" } }, { a: { startsWith: "/w" } })
    within({ not: { a: { ge: 5, le: 10 } } }, { a: { lt: 5 } }, { a: { gt: 10 } }, { a: { eq: 4 } })
    wider({ not: { a: { ge: 5, le: 10 } } }, { a: { le: 5 } }, { a: { eq: "x" } })
    wider({ not: { a: { eq: 1 }, b: { eq: 1 } } }, { a: { eq: 2 } })
    within({ not: { a: { eq: 1 }, b: { eq: 1 } } }, { a: { eq: 2 }, b: { in: [1, 2] } }, { a: { ne: 1 }, b: { le: 5 } })
    wider({ not: { a: { eq: "x" }, b: { eq: "x" } } }, { a: { eq: "y" }, b: { contains: "z" } })
    within({ not: { a: { ge: 9 }, b: { path: "/w" } } }, { a: { lt: 9 }, b: { path: "/" } })
    wider({ not: { a: { ge: 9 }, b: { path: "/w" } } }, { a: { lt: 9 }, b: { startsWith: "/" } })
    within({ a: { eq: 1 } }, { not: { not: { a: { eq: 1 } } } })
    within({ or: [] }, { not: {} }, { not: { a: { exists: true } } })
  })

  it("C10 an impossible child is within everything", () => {
    within({ b: { eq: 1 } }, { or: [] }, { a: { lt: 5, gt: 5 } }, { a: { eq: 1, startsWith: "x" } })
    within({ b: { eq: 1 } }, { a: { notExists: true, exists: true } }, { a: { length: { lt: 0 } } })
    within({ b: { eq: 1 } }, { a: { in: [1, 2], ge: 3 } }, { a: { eq: 1 }, not: { a: { eq: 1 } } })
  })

  it("gives up a search that takes too long, with a no", () => {
    const impossible = (count: number) => ({
      a: { in: Array.from({ length: count }, (_, index) => index) },
      and: Array.from({ length: count }, (_, index) => ({
        or: [
          { a: { ne: index }, b: { eq: 1 } },
          { a: { ne: index }, b: { eq: 2 } }
        ]
      }))
    })
    within({ a: { lt: 0 } }, impossible(5))
    wider({ a: { lt: 0 } }, impossible(40))
    within(impossible(40), impossible(40))
  })
})

/** How often a yes was more than that the child lets nothing through or the parent everything. */
let tellingCount = 0

const passing = (where: Constraint.Constraint) => {
  const rule = Constraint.toRule(where)
  return (input: unknown) => judge(rule, input).outcome === "pass"
}

const refuted = (child: Constraint.Constraint, parent: Constraint.Constraint) => {
  const passed = inputs.filter(passing(child))
  const isRefuted = !passed.every(passing(parent))
  if (passed.length > 0 && !inputs.every(passing(parent))) tellingCount++
  return isRefuted
}

const soundly = (child: Constraint.Constraint, parent: Constraint.Constraint) => {
  if (!Attenuation.isSubsetOf(child, parent)) return
  assert.isFalse(refuted(child, parent), `${JSON.stringify(child)} in ${JSON.stringify(parent)}`)
}

describe("for all constraints", () => {
  const options = { arbitrary: { runs: 1_000, size: 4 }, timeout: 120_000 }

  it.prop(
    "C13 a yes is never refuted, of constraints that differ in one place",
    [variants],
    ([{ left, right }]) => {
      soundly(left, right)
      soundly(right, left)
    },
    options
  )

  it.prop(
    "C13 a yes is never refuted, of any two constraints",
    [constraints, constraints],
    ([child, parent]) => soundly(child, parent),
    options
  )

  it.prop(
    "C13 a yes is never refuted, of checks of one value",
    [checksOfOneValue],
    ([{ child, parent }]) => soundly(child, parent),
    { ...options, arbitrary: { runs: 2_500, size: 4 } }
  )

  it("C13 a yes often means something", () => {
    assert.isAbove(tellingCount, 75)
  })

  it.prop(
    "C9 what is merged is within both parts",
    [constraints, constraints],
    ([left, right]) => {
      const merged = Constraint.merge(left, right)
      assert.isTrue(Attenuation.isSubsetOf(merged, left))
      assert.isTrue(Attenuation.isSubsetOf(merged, right))
    },
    options
  )

  it.prop(
    "C10 a constraint is within itself, with alternatives, and denied twice",
    [constraints, constraints],
    ([where, other]) => {
      assert.isTrue(Attenuation.isSubsetOf(where, where))
      assert.isTrue(Attenuation.isSubsetOf(where, { or: [other, where] }))
      assert.isTrue(Attenuation.isSubsetOf(where, { not: { not: where } }))
      assert.isTrue(Attenuation.isSubsetOf({ not: { not: where } }, where))
      assert.isTrue(Attenuation.isSubsetOf({ or: [] }, where))
    },
    options
  )

  it.prop(
    "C7 an input never passes both a constraint and its negation",
    [constraints],
    ([where]) => {
      assert.isFalse(inputs.some(passing(Constraint.merge(where, { not: where }))))
    },
    options
  )
})
