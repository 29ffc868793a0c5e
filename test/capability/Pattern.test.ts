import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Pattern from "../../src/capability/Pattern.ts"
import { stepsOf } from "../work.ts"
import { isIncluded, terminated, textsOf, toRegExp } from "./languages.ts"

const pattern = (text: string) => Result.getOrThrow(Pattern.parse(text))
const method = (text: string) => Result.getOrThrow(Pattern.method(text))

const accepts = (text: string, ...methods: ReadonlyArray<string>) => {
  for (const name of methods) assert.isTrue(Pattern.matches(pattern(text), method(name)), `${text} accepts "${name}"`)
}
const rejects = (text: string, ...methods: ReadonlyArray<string>) => {
  for (const name of methods) assert.isFalse(Pattern.matches(pattern(text), method(name)), `${text} rejects "${name}"`)
}
const within = (child: string, parent: string) => Pattern.isSubsetOf(pattern(child), pattern(parent))

describe("matching", () => {
  it("P1 identical texts match, one differing segment does not", () => {
    accepts("stripe/charges/create", "stripe/charges/create")
    rejects("stripe/charges/create", "stripe/charges/delete", "stripe/refunds/create", "stripe/charges")
  })

  it("P2 a star stands for one segment, not for none or two", () => {
    accepts("stripe/*", "stripe/charges")
    rejects("stripe/*", "stripe", "stripe/charges/create")
  })

  it("P3 a star may stand in the middle", () => {
    accepts("stripe/*/create", "stripe/charges/create")
    rejects("stripe/*/create", "stripe/create", "stripe/charges/refunds/create", "stripe/charges/delete")
  })

  it("P4 two stars stand for no, one and many segments, and alone for everything", () => {
    accepts("stripe/**", "stripe", "stripe/charges", "stripe/charges/create/now")
    accepts("**", "", "a", "a/b/c/d")
  })

  it("P5 leading double stars accept the bare tail", () => {
    accepts("**/create", "create", "charges/create", "stripe/charges/create")
    rejects("**/create", "", "create/now", "stripe/charges")
  })

  it("P6 double stars in the middle accept nothing there", () => {
    accepts("stripe/**/create", "stripe/create", "stripe/charges/create", "stripe/a/b/c/create")
    rejects("stripe/**/create", "stripe", "create", "stripe/create/now")
  })

  it("P7 single and double stars mix", () => {
    accepts("*/charges/**", "stripe/charges", "adyen/charges/a/b")
    rejects("*/charges/**", "charges", "a/b/charges")
    accepts("**/*", "a", "a/b")
    rejects("**/*", "")
    accepts("a/**/*/b", "a/x/b", "a/x/y/b")
    rejects("a/**/*/b", "a/b")
  })

  it("P8 another root is rejected", () => {
    rejects("stripe/**", "adyen/charges/create", "stripes", "x/stripe/charges")
  })

  it("P9 the empty method is that of the empty pattern and of double stars", () => {
    accepts("", "")
    rejects("*", "")
    accepts("**", "")
    accepts("**/**", "")
    rejects("", "name")
    rejects("name", "")
  })

  it("P14 matching costs no more than the product of the lengths", () => {
    const traps = [
      `${"**/a/".repeat(31)}**/b`,
      `${"**/*/".repeat(31)}**/b`,
      `${"*/".repeat(63)}b`,
      `${"**/a/a/".repeat(21)}b`
    ].map(pattern)
    const victim = method(Array.from({ length: 64 }, () => "a").join("/"))
    const product = 64 * 64
    for (const trap of traps) {
      assert.isFalse(Pattern.matches(trap, victim))
      const steps = stepsOf(() => Pattern.matches(trap, victim))
      assert.isAbove(steps, 0)
      assert.isAtMost(steps, 6 * product, trap)
    }
  })

  it("A-12 agrees with regular expressions on every short pattern and method", () => {
    const methods = textsOf(["a", "b", "c"], 4).map(method)
    for (const text of textsOf(["a", "b", "*", "**"], 4)) {
      const expected = toRegExp(text)
      const wrong = methods.filter((name) => Pattern.matches(pattern(text), name) !== expected.test(terminated(name)))
      assert.deepStrictEqual(wrong, [], text)
    }
  })
})

describe("inclusion", () => {
  it("P10 names are in single stars, and those in double stars", () => {
    assert.isTrue(within("stripe/charges", "stripe/*"))
    assert.isTrue(within("stripe/*", "stripe/**"))
    assert.isTrue(within("stripe/charges", "stripe/**"))
    assert.isTrue(within("*/create", "**/create"))
    assert.isFalse(within("stripe/**", "stripe/*"))
    assert.isFalse(within("**/create", "*/create"))
    assert.isFalse(within("stripe/*", "adyen/*"))
    assert.isTrue(within("**", "**"))
    assert.isTrue(within("**", "**/**"))
    for (const parent of ["*", "*/**", "a/**", "**/a", ""]) assert.isFalse(within("**", parent), parent)
  })

  it("P10 what a child needs counts towards what a parent needs", () => {
    assert.isTrue(within("**/a/**", "*/**"))
    assert.isTrue(within("a/**/b", "*/*/**"))
    assert.isTrue(within("**/*", "*/**"))
    assert.isFalse(within("a/**", "*/*/**"))
    assert.isTrue(within("**/a/**/b/**", "**/a/*/**"))
  })

  const patterns = textsOf(["a", "b", "*", "**"], 4)
  const names = ["a", "b", "c"]

  it("P13 is inclusion of languages, method by method, for all patterns of up to four segments", () => {
    const methods = textsOf(names, 7).map(terminated)
    const languages = patterns.map((text) => {
      const regExp = toRegExp(text)
      const bits = new Uint32Array(Math.ceil(methods.length / 32))
      for (const [index, name] of methods.entries()) {
        if (regExp.test(name)) bits[index >> 5] = (bits[index >> 5] ?? 0) | (1 << (index & 31))
      }
      return { bits, parsed: pattern(text) }
    })
    const wrong = languages.flatMap((child) =>
      languages
        .filter((parent) => {
          const isSubset = child.bits.every((word, index) => (word & ~(parent.bits[index] ?? 0)) === 0)
          return Pattern.isSubsetOf(child.parsed, parent.parsed) !== isSubset
        })
        .map((parent) => `${child.parsed} in ${parent.parsed}`)
    )
    assert.deepStrictEqual(wrong, [])
  })

  const Segments = Schema.Array(Schema.Literals(["a", "b", "*", "**"])).check(Schema.isMaxLength(9))

  it.prop(
    "P13 is inclusion of languages for longer patterns as well",
    [Segments, Segments],
    ([child, parent]) => {
      const [left, right] = [child.join("/"), parent.join("/")]
      assert.strictEqual(within(left, right), isIncluded(left, right, names), `${left} in ${right}`)
    },
    { arbitrary: { runs: 2_000, size: 9 } }
  )

  it.prop(
    "P13 is found where it is sure to hold: of a pattern made narrower, and of one made wider",
    [
      Segments,
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))).check(Schema.isMinLength(9))
    ],
    ([segments, choices]) => {
      const narrower = segments.flatMap((segment, index) => {
        const choice = choices[index] ?? 0
        if (segment === "**") return [["**"], [], ["a", "*"], ["*", "**", "b"]][choice] ?? []
        return segment === "*" ? [["*", "a", "b", "c"][choice] ?? "*"] : [segment]
      })
      assert.isTrue(within(narrower.join("/"), segments.join("/")), `${narrower.join("/")} in ${segments.join("/")}`)
    },
    { arbitrary: { runs: 1_000, size: 9 } }
  )
})

describe("spelling", () => {
  const refused = (text: string, parse: (text: string) => Result.Result<unknown, Pattern.InvalidPattern>) => {
    const parsed = parse(text)
    assert.isTrue(Result.isFailure(parsed), JSON.stringify(text))
    return Result.isFailure(parsed) ? parsed.failure.message : ""
  }

  it("P11 misplaced slashes are refused", () => {
    for (const text of ["a/", "/a", "a//b", "/", "//", "a//", "a/**/", "a.", ".a", "a..b"]) {
      assert.include(refused(text, Pattern.parse), "empty segment")
      assert.include(refused(text, Pattern.method), text.includes("*") ? "wildcard" : "empty segment")
    }
  })

  it("P11 partial wildcards, control characters and other signs are refused", () => {
    for (const text of ["a*b", "***", "a/b*", "*a/b", "****"]) assert.include(refused(text, Pattern.parse), "wildcard")
    for (const text of ["a/\0", "a\n", "a b", "a/%2e", "a\\b", "a/é", "a/{b,c}", "a?", "[a]", "a/~", "a:b"]) {
      assert.include(refused(text, Pattern.parse), "ASCII letters")
      assert.include(refused(text, Pattern.method), "ASCII letters")
    }
    for (const text of ["*", "**", "a/*"]) assert.include(refused(text, Pattern.method), "wildcard")
  })

  it("P11 what is too long is refused", () => {
    assert.isTrue(Result.isSuccess(Pattern.parse(Array.from({ length: 64 }, () => "a").join("/"))))
    assert.include(refused(Array.from({ length: 65 }, () => "a").join("/"), Pattern.parse), "more than 64 segments")
    assert.isTrue(Result.isSuccess(Pattern.parse("a".repeat(1_024))))
    assert.include(refused("a".repeat(1_025), Pattern.parse), "more than 1024 characters")
  })

  it("P12 dots and slashes spell the same method", () => {
    assert.strictEqual(method("stripe.charges.create"), method("stripe/charges/create"))
    assert.strictEqual(method("stripe.charges.create"), "stripe/charges/create")
    assert.strictEqual(pattern("stripe.*.**"), "stripe/*/**")
    assert.include(refused("stripe/charges.create", Pattern.method), "slashes and dots")
  })

  it("P15 names are compared exactly, and only ASCII names are names", () => {
    rejects("Stripe/**", "stripe/charges")
    rejects("a/b", "a/B")
    const composed = "caf\u00e9"
    for (const text of [composed, composed.normalize("NFD"), "ѕtripe", "stripe\u200b", "ｓtripe", "a\u2215b"]) {
      assert.include(refused(text, Pattern.method), "ASCII letters")
    }
  })

  it("is decoded by the schema, and stays what it is when encoded", () => {
    const decoded = Schema.decodeSync(Pattern.Pattern)("stripe.*")
    assert.strictEqual(decoded, "stripe/*")
    assert.strictEqual(Schema.encodeSync(Pattern.Pattern)(decoded), "stripe/*")
    assert.throws(() => Schema.decodeSync(Pattern.Pattern)("a//b"), /empty segment/)
  })
})
