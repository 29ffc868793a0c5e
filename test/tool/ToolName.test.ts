import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as ToolName from "../../src/tool/ToolName.ts"

const verdict = (name: string): string => {
  const result = ToolName.parse(name)
  return Result.isSuccess(result) ? `${result.success.path} ${result.success.method}` : result.failure.reason
}

describe("ToolName", () => {
  it("T9 P12 reads both spellings as one name", () => {
    assert.strictEqual(verdict("stripe.charges.create"), "stripe.charges.create stripe/charges/create")
    assert.strictEqual(verdict("stripe/charges/create"), "stripe.charges.create stripe/charges/create")
    assert.strictEqual(verdict("now"), "now now")
    assert.strictEqual(verdict("_a.$b.C1"), "_a.$b.C1 _a/$b/C1")
  })

  it("P11 P15 refuses empty segments, mixed separators, and all but ASCII identifiers", () => {
    const wrong = [
      "",
      ".",
      "a.",
      ".a",
      "a..b",
      "a/b.c",
      "/a",
      "a/",
      "a b",
      "a-b",
      "1a.b",
      "a.*",
      "é.a",
      "a.ⅸ",
      "a\u200b.b",
      "a\n"
    ]
    for (const name of wrong) assert.strictEqual(verdict(name), "InvalidName", JSON.stringify(name))
  })

  it("T9 refuses names that mean something to the language, to objects or to the guest", () => {
    const reserved = [
      "delete",
      "new.a",
      "await.b",
      "a.then",
      "a.constructor",
      "__proto__",
      "a.__proto__.b",
      "prototype"
    ]
    const globals = [
      "toString",
      "a.valueOf",
      "a.toJSON",
      "Object.keys",
      "JSON",
      "console.log",
      "tools.a",
      "fs.read",
      "listTools"
    ]
    for (const name of [...reserved, ...globals]) assert.strictEqual(verdict(name), "ReservedName", name)
    for (const name of ["a.JSON", "a.fs", "a.console"]) assert.notStrictEqual(verdict(name), "ReservedName", name)
  })

  it("T9 takes a word of the language behind the first segment, as properties have it", () => {
    for (const name of ["files.delete", "db.import", "orders.export", "a.new.default", "flow.await", "a.eval"]) {
      assert.strictEqual(verdict(name), `${name} ${name.replaceAll(".", "/")}`)
    }
  })

  it("bounds the length and the number of segments", () => {
    assert.strictEqual(verdict("a".repeat(128)).length, 257)
    assert.strictEqual(verdict("a".repeat(129)), "InvalidName")
    assert.strictEqual(verdict("a.b.c.d.e.f.g.h").length, 31)
    assert.strictEqual(verdict("a.b.c.d.e.f.g.h.i"), "InvalidName")
  })
})
