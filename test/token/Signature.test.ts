import { assert, describe, it } from "@effect/vitest"
import { caveatId, isEqual, signer } from "../../src/token/Signature.ts"

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

describe("a signature", () => {
  it("is the HMAC of RFC 4231", () => {
    const cases = [
      [Buffer.alloc(20, 0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
      ["Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
      [
        Buffer.alloc(131, 0xaa),
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ]
    ] as const
    for (const [key, text, expected] of cases) assert.strictEqual(hex(signer(Buffer.from(key))(text)), expected)
  })

  it("is equal to itself alone", () => {
    const signature = signer(Buffer.alloc(32, 1))("text")
    assert.isTrue(isEqual(signature, Uint8Array.from(signature)))
    assert.isFalse(isEqual(signature, signature.subarray(1)))
    for (let index = 0; index < signature.length; index++) {
      const other = Uint8Array.from(signature)
      other[index] = (other[index] ?? 0) ^ 1
      assert.isFalse(isEqual(signature, other))
    }
  })

  it("gives a caveat an id that does not show it", () => {
    const signature = signer(Buffer.alloc(32, 1))("text")
    assert.match(caveatId(signature), /^cav_[0-9a-f]{24}$/)
    assert.notInclude(hex(signature), caveatId(signature).slice(4))
    assert.notStrictEqual(caveatId(signature), caveatId(signer(Buffer.alloc(32, 1))("text2")))
  })
})
