import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result } from "effect"
import * as KeyRing from "../../src/token/KeyRing.ts"
import { ringOf, secretOf } from "./tokens.ts"

const parse = (text: string) => KeyRing.parse("TEST", Redacted.make(text))

const [a, b] = [`a:${secretOf("a")}`, `b:${secretOf("b")}`]

describe("a key ring", () => {
  it("signs with the first of its keys, and verifies with all", () => {
    for (const text of [`${a},${b}`, `${a}\n${b}\n`, ` ${a} ,\n\n${b}\r\n`]) {
      const ring = Result.getOrThrow(parse(text))
      assert.strictEqual(ring.signing.id, "a")
      assert.deepStrictEqual(
        ring.keys.map(({ id }) => id),
        ["a", "b"]
      )
      assert.strictEqual(Result.getOrThrow(KeyRing.find(ring, "b")).id, "b")
    }
  })

  it("is read again from what it is written as", () => {
    const text = KeyRing.format(ringOf("a", "b").keys)
    assert.strictEqual(Redacted.value(text), `${a}\n${b}\n`)
  })

  it("never shows a secret", () => {
    const ring = ringOf("a", "b")
    const shown = [
      inspect(ring, { depth: 9 }),
      JSON.stringify(ring),
      String(KeyRing.format(ring.keys)),
      `${ring.signing.secret}`
    ]
    for (const text of shown) assert.notInclude(text, secretOf("a"))
    assert.include(shown[0], "<redacted:token key a>")
  })

  it.each([
    ["nothing", "", "it is empty"],
    ["separators alone", ",\n,", "it is empty"],
    ["a secret without an id", secretOf("a"), "key 1 is not id:secret"],
    ["an empty id", `:${secretOf("a")}`, "the id of key 1 is not made of"],
    ["an id with a dot", `a.b:${secretOf("a")}`, "the id of key 1 is not made of"],
    ["an id twice", `${a},${b},${a}`, "key 3 has the id of another one"],
    [
      "31 bytes",
      `${a},b:${Buffer.from(secretOf("b"), "base64url").subarray(1).toString("base64url")}`,
      "key 2 has 31 bytes"
    ],
    ["129 bytes", `a:${Buffer.from(secretOf("a").repeat(3)).toString("base64url")}`, "key 1 has more than 128 bytes"],
    ["padding", `${a}=`, "key 1 is not id:secret"],
    ["base64 of another kind", `a:${"+/".repeat(22)}`, "key 1 is not id:secret"],
    ["a stray bit at the end", `a:${"A".repeat(42)}B`, "key 1 is not id:secret"],
    ["one byte over and over", `a:${"A".repeat(43)}`, "key 1 is no random key"],
    ["an example", `a:${Buffer.from("changeme".repeat(4)).toString("base64url")}`, "key 1 is no random key"],
    [
      "33 keys",
      Array.from({ length: 33 }, (_, index) => `k${index}:${secretOf(`${index}`)}`).join(","),
      "it has more than 32 keys"
    ],
    ["a book", "a".repeat(8_193), "it has more than 8192 characters"]
  ])("is not made of %s, and nothing of it is repeated", (_, text, detail) => {
    const result = parse(text)
    assert.isTrue(Result.isFailure(result))
    if (Result.isSuccess(result)) return
    assert.strictEqual(result.failure.reason._tag, "MalformedKeys")
    assert.include(result.failure.message, `TEST does not hold token keys: ${detail}`)
    assert.isFalse(text.length > 8 && result.failure.message.includes(text.slice(-8)))
  })
})
