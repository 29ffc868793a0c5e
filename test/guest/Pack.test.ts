import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { Packr, pack } from "msgpackr/pack"
import { decoder, encode } from "../../src/guest/wire/Pack.ts"
import { objection } from "../../src/guest/wire/PlainPack.ts"
import { RecordReader, recordBytesMax } from "../../src/guest/wire/Records.ts"
import { Entry } from "../../src/guest/wire/Reply.ts"
import { frames, messages, refused } from "./golden.ts"

const anything = decoder(Schema.Unknown)

const byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
/** The first bytes of all types, more often than chance would have them. */
const telling = Schema.Literals(
  Array.from(Buffer.from("8191a1c0c1c4c5c6c7c8c9cacbcfd3d4d5d6d7d8d9dadbdcdddedf72000102ff", "hex"))
)
const Hostile = Schema.Array(Schema.Union([telling, byte])).check(Schema.isMaxLength(64))

const WellFormed = Schema.String.check(Schema.makeFilter((text) => text.isWellFormed() || "not well-formed"))
/** A zero with a sign is written without it. */
const signless = Schema.makeFilter((value: number) => !Object.is(value, -0) || "a negative zero")
const Leaf = Schema.Union([
  WellFormed,
  Schema.Int.check(signless),
  Schema.Finite.check(signless),
  Schema.Boolean,
  Schema.Null
])
const Plain = Schema.Record(
  Schema.String.check(Schema.isPattern(/^[a-z]{1,8}$/u)),
  Schema.Union([Leaf, Schema.Array(Leaf), Schema.Record(Schema.String.check(Schema.isPattern(/^[A-Z]{1,8}$/u)), Leaf)])
)

const withMessage = frames.flatMap((frame) => {
  const schema = messages[frame.schema ?? ""]
  return schema === undefined ? [] : [{ ...frame, schema }]
})

describe("a message", () => {
  it.each(withMessage.filter(({ from }) => from === "host"))("of the host is written as the agent reads it: $title", ({
    message,
    payload,
    schema
  }) => {
    const given = Schema.decodeUnknownSync(Schema.toCodecJson(schema))(message)
    assert.deepStrictEqual(encode(given as object), Uint8Array.from(payload))
  })

  it.each(withMessage)("is read as it was meant: $title", ({ message, payload, schema }) => {
    const read = Result.getOrThrow(decoder(schema)(payload))
    assert.deepStrictEqual(read, Schema.decodeUnknownSync(Schema.toCodecJson(schema))(message))
  })

  it.each(refused)("is refused before anything is made of it: $title", ({ payload }) => {
    assert.isDefined(objection(payload))
    assert.isTrue(Result.isFailure(anything(payload)))
  })

  it("has no other fields than it should", () => {
    const read = decoder(Schema.Struct({ a: Schema.Int }))(encode({ a: 1, b: 2 }))
    assert.isTrue(Result.isFailure(read))
  })

  it.prop("of plain values is read as it was written", [Plain], ([value]) => {
    assert.deepStrictEqual(Result.getOrThrow(anything(encode(value))), value)
  })

  it.prop(
    "of whatever bytes is refused, or a value that is no larger than they are and has no prototype of its own",
    [Hostile],
    ([given]) => {
      const read = anything(Uint8Array.from(given))
      if (Result.isFailure(read)) return
      const size = JSON.stringify(read.success ?? null, (_, value) => {
        const isPlain = typeof value !== "object" || value === null || Array.isArray(value)
        assert.isTrue(isPlain || [Object.prototype, Uint8Array.prototype].includes(Object.getPrototypeOf(value)))
        return value
      }).length
      assert.isAtMost(size, 64 * given.length)
    },
    { arbitrary: { runs: 2_000 } }
  )

  it("changes no prototype, in whatever way a key is written", () => {
    const keys = ["__proto__", "constructor", "prototype"]
    for (const key of keys) assert.isTrue(Result.isFailure(anything(pack({ [key]: { polluted: true } }))), key)
    assert.isTrue(Result.isFailure(anything(Buffer.from("81d9095f5f70726f746f5f5f81a87765706f6c6c7574c3", "hex"))))
    assert.isUndefined(({} as Record<string, unknown>)["polluted"])
  })

  it("is not made of what the library has types of its own for", () => {
    const values = [new Date(0), new Set([1]), /a/, new Error("no"), new Map([[1, 2]]), 2n ** 60n, undefined]
    const packr = new Packr({ moreTypes: true, structuredClone: true })
    for (const value of values) assert.isTrue(Result.isFailure(anything(packr.pack(value))), String(value))
  })
})

const record = (entry: object): Buffer => {
  const message = encode(entry)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(message.length)
  return Buffer.concat([length, message])
}

describe("a reader of records", () => {
  const entry = (path: string): Entry => ({ path, kind: "file", bytes: 1, modifiedMillis: -5, mode: 0o644 })

  it.prop(
    "reads the same however they are cut",
    [
      Schema.Array(Schema.String.check(Schema.isMaxLength(50))),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 70 }))
    ],
    ([paths, length]) => {
      const bytes = Buffer.concat(paths.map((path) => record(entry(path.toWellFormed()))))
      const reader = new RecordReader(Entry)
      const read: Array<Entry> = []
      for (let at = 0; at < bytes.length; at += length) {
        read.push(...Result.getOrThrow(reader.push(bytes.subarray(at, at + length))))
      }
      assert.isTrue(reader.isAtEnd)
      assert.deepStrictEqual(
        read,
        paths.map((path) => entry(path.toWellFormed()))
      )
    }
  )

  it("refuses a record that is too long as soon as it is announced", () => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(recordBytesMax + 1)
    assert.isTrue(Result.isFailure(new RecordReader(Entry).push(length)))
  })

  it("knows when a record was begun and not ended", () => {
    const reader = new RecordReader(Entry)
    reader.push(record(entry("a")).subarray(0, 9))
    assert.isFalse(reader.isAtEnd)
  })
})
