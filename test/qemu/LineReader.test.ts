import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { LineReader, lineBytesMax } from "../../src/qemu/qmp/LineReader.ts"
import * as Message from "../../src/qemu/qmp/Message.ts"

const bytes = (text: string) => Buffer.from(text)

const read = (reader: LineReader, ...pieces: ReadonlyArray<Uint8Array>) =>
  pieces.map((piece) => Result.getOrUndefined(reader.push(piece)))

describe("LineReader", () => {
  it("gives lines without their ends, and leaves out empty ones", () => {
    assert.deepStrictEqual(read(new LineReader(), bytes('{"a":1}\r\n\r\n\n{"b":2}\n{"c"')), [['{"a":1}', '{"b":2}']])
  })

  it.prop(
    "gives the same lines wherever the bytes are cut",
    { lines: Schema.Array(Schema.String), sizes: Schema.Array(Schema.Int) },
    ({ lines, sizes }) => {
      const wanted = lines.map((line) => line.toWellFormed().replaceAll(/[\r\n]/g, "")).filter((line) => line !== "")
      const all = bytes(wanted.map((line) => `${line}\r\n`).join(""))
      const reader = new LineReader()
      const found: Array<string> = []
      for (let at = 0, turn = 0; at < all.length; turn++) {
        const size = 1 + (Math.abs(sizes[turn % (sizes.length || 1)] ?? 0) % 7)
        found.push(...Result.getOrThrow(reader.push(all.subarray(at, at + size))))
        at += size
      }
      assert.deepStrictEqual(found, wanted)
    }
  )

  it("refuses a line that has no end, for good", () => {
    const reader = new LineReader()
    const piece = new Uint8Array(lineBytesMax / 4).fill(0x61)
    const results = Array.from({ length: 5 }, () => reader.push(piece))
    assert.deepStrictEqual(results.map(Result.isSuccess), [true, true, true, true, false])
    assert.isTrue(Result.isFailure(reader.push(bytes("{}\n"))))
  })

  it("refuses what is not UTF-8", () => {
    const reader = new LineReader()
    assert.isTrue(Result.isFailure(reader.push(Buffer.from([0x7b, 0xff, 0xfe, 0x7d, 0x0a]))))
  })
})

describe("Message", () => {
  const tagOf = (line: string) => Result.getOrUndefined(Message.decode(line))?._tag

  it("tells messages apart", () => {
    assert.strictEqual(tagOf('{"return": {}, "id": 3}'), "Return")
    assert.strictEqual(tagOf('{"error": {"class": "GenericError", "desc": "no"}}'), "Failure")
    assert.strictEqual(tagOf('{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "STOP"}'), "Event")
    const version = '{"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}'
    assert.strictEqual(tagOf(`{"QMP": {"version": ${version}, "capabilities": ["oob"]}}`), "Greeting")
  })

  it.each([
    "",
    "[]",
    "null",
    "1",
    '"event"',
    "{}",
    '{"return": {}}',
    '{"return": {}, "id": "3"}',
    '{"error": "no"}',
    '{"event": 7}',
    '{"QMP": {}}',
    '{"__proto__": {"event": "STOP"}}',
    `${"[".repeat(100_000)}`
  ])("refuses %.40s", (line) => {
    assert.isTrue(Result.isFailure(Message.decode(line)))
  })

  it.prop("takes any text without an exception", { line: Schema.String }, ({ line }) => {
    assert.include([true, false], Result.isSuccess(Message.decode(line)))
  })
})
