import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Content from "../../src/file/Content.ts"
import { bytes, text } from "./trees.ts"

const whole = (content: Content.Content) => Buffer.from(Content.slice(content))

const lengthsOf = ({ chunks }: Content.Content) => chunks.map((chunk) => chunk.bytes.length)

describe("contents", () => {
  it("are split where they are large, and small ends are merged", () => {
    const large = Content.of(new Uint8Array(2_097_153))
    assert.deepStrictEqual(lengthsOf(large), [1_048_576, 1_048_576, 1])
    const longer = Content.append(large, bytes("23"))
    assert.deepStrictEqual(lengthsOf(longer), [1_048_576, 1_048_576, 3])
    assert.strictEqual(longer.chunks[0], large.chunks[0])
    assert.deepStrictEqual(lengthsOf(large), [1_048_576, 1_048_576, 1])
    assert.strictEqual(Content.append(large, bytes("")), large)
  })

  it("have parts that are copies", () => {
    const content = Content.of(bytes("hello"))
    assert.strictEqual(text(Content.slice(content, 1, 3)), "el")
    assert.strictEqual(text(Content.slice(content, 4, 2)), "")
    assert.strictEqual(text(Content.slice(content, 7)), "")
    Content.slice(content).fill(0)
    assert.strictEqual(text(Content.slice(content)), "hello")
  })

  it("have an identity by what they are", () => {
    const [left, right] = [Content.of(new Uint8Array(4_096)), Content.of(new Uint8Array(4_096))]
    assert.strictEqual(left.chunks[0]?.digest, right.chunks[0]?.digest)
    assert.isTrue(left.chunks[0]?.isIdentified)
    assert.isFalse(Content.of(new Uint8Array(4_095)).chunks[0]?.isIdentified)
  })

  const Size = Schema.Literals([0, 1, 100, 4_096, 65_535, 65_536, 1_048_576, 1_500_000])

  it.prop(
    "are what was appended, in chunks of the sizes that are promised",
    [Schema.Array(Size).check(Schema.isMaxLength(12)), Size, Size],
    ([sizes, start, end]) => {
      const pieces = sizes.map((size, index) => Buffer.alloc(size, index + 1))
      const content = pieces.reduce<Content.Content>(Content.append, Content.empty)
      const expected = Buffer.concat(pieces)
      assert.isTrue(whole(content).equals(expected))
      assert.isTrue(
        Buffer.from(Content.slice(content, start, end)).equals(expected.subarray(start, Math.max(start, end)))
      )
      assert.strictEqual(content.bytes, expected.length)
      const lengths = lengthsOf(content)
      assert.isTrue(lengths.every((length) => length > 0 && length <= Content.chunkBytesMax))
      assert.isTrue(lengths.slice(0, -1).every((length) => length >= Content.chunkBytesMin))
    },
    { arbitrary: { runs: 60, size: 12 } }
  )
})
