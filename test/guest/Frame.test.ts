import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Frame from "../../src/guest/wire/Frame.ts"
import { FrameReader, type Item } from "../../src/guest/wire/FrameReader.ts"
import { broken, frames } from "./golden.ts"

const byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
const Bytes = Schema.Array(byte)
const Piece = Schema.Struct({
  kind: Schema.Literals(["frame", "noise", "zeros", "cut", "flip", "magic"]),
  bytes: Bytes,
  at: byte
})
const Pieces = Schema.Array(Piece).check(Schema.isMaxLength(12))

const frame = (payload: Uint8Array, sequence = 0): Frame.Frame => ({
  kind: "data",
  lane: 1,
  epoch: 3,
  stream: 5,
  sequence,
  payload
})

/** Frames, whole and broken, with other things between them. */
const channel = (pieces: typeof Pieces.Type): Uint8Array =>
  Buffer.concat(
    pieces.map(({ at, bytes, kind }) => {
      const given = Uint8Array.from(bytes)
      const whole = Frame.encode(frame(given, at))
      if (kind === "frame") return whole
      if (kind === "noise") return given
      if (kind === "zeros") return new Uint8Array(at)
      if (kind === "magic") return Uint8Array.from(Frame.magic)
      if (kind === "cut") return whole.subarray(0, at % whole.length)
      return whole.with(at % whole.length, 255 - (whole[at % whole.length] ?? 0))
    })
  )

const described = (items: ReadonlyArray<Item>) =>
  items.map((item) =>
    item._tag === "Broken"
      ? { broken: item.reason, bytes: item.bytes }
      : {
          frame: item.frame.kind,
          sequence: item.frame.sequence,
          payload: Buffer.from(item.frame.payload).toString("hex")
        }
  )

/** What a reader says of bytes that come in pieces; how noise was cut is not told. */
const readInPieces = (bytes: Uint8Array, length: number): ReadonlyArray<Item> => {
  const reader = new FrameReader()
  const items: Array<Item> = []
  for (let at = 0; at < bytes.length; at += length) {
    for (const item of reader.push(bytes.subarray(at, at + length))) {
      const last = items.at(-1)
      if (item._tag === "Broken" && item.reason === "Noise" && last?._tag === "Broken" && last.reason === "Noise") {
        items[items.length - 1] = { ...last, bytes: last.bytes + item.bytes }
      } else items.push(item)
    }
  }
  return items
}

describe("a frame", () => {
  it.each(frames)("is written and read as the agent does: $title", ({ bytes, kind, lane, ...fields }) => {
    const { epoch, payload, sequence, stream } = fields
    const given = { kind: kind as Frame.Kind, lane: lane as Frame.Lane, epoch, stream, sequence, payload }
    assert.deepStrictEqual(Frame.encode(given), Uint8Array.from(bytes))
    assert.deepStrictEqual(new FrameReader().push(bytes), [{ _tag: "Frame", frame: given }])
  })

  it("has at most as many bytes as end a frame that was begun", () => {
    const large = Frame.encode(frame(new Uint8Array(Frame.payloadBytesMax).fill(1)))
    for (const cut of [1, Frame.headBytes - 1, Frame.headBytes, Frame.headBytes + 1, large.length - 1]) {
      const reader = new FrameReader()
      reader.push(large.subarray(0, cut))
      const items = [...reader.push(Frame.padding()), ...reader.push(Frame.encode(frame(Uint8Array.of(7), 9)))]
      assert.deepStrictEqual(described(items).at(-1), { frame: "data", sequence: 9, payload: "07" }, `cut at ${cut}`)
    }
  })

  it("does not reach beyond its greatest length", () => {
    assert.lengthOf(new FrameReader().push(Frame.encode(frame(new Uint8Array(Frame.payloadBytesMax)))), 1)
    const tooLong = Frame.encode(frame(new Uint8Array(Frame.payloadBytesMax + 1)))
    assert.deepStrictEqual(
      new FrameReader().push(tooLong).map(({ _tag }) => _tag),
      ["Broken"]
    )
  })
})

describe("a reader of frames", () => {
  it.each(broken)("passes over what is broken as the agent does: $title", ({ bytes, items }) => {
    assert.deepStrictEqual(described(new FrameReader().push(bytes)), items)
  })

  it.prop(
    "reads the same however the bytes are cut",
    [Pieces, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))],
    ([pieces, length]) => {
      const bytes = channel(pieces)
      assert.deepStrictEqual(readInPieces(bytes, length), readInPieces(bytes, bytes.length || 1))
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "finds the frame behind enough zeros, whatever came before, and gives no more bytes than it got",
    [Pieces],
    ([pieces]) => {
      const before = channel(pieces)
      const last = Frame.encode(frame(Uint8Array.of(1, 2, 3), 4_000_000_000))
      const items = new FrameReader().push(Buffer.concat([before, Frame.padding(), last]))
      assert.deepStrictEqual(described(items).at(-1), { frame: "data", sequence: 4_000_000_000, payload: "010203" })
      const given = items.reduce(
        (sum, item) => sum + (item._tag === "Broken" ? item.bytes : Frame.headBytes + item.frame.payload.length),
        0
      )
      assert.isAtMost(given, before.length + Frame.frameBytesMax + last.length)
    },
    { arbitrary: { runs: 300 } }
  )

  it.prop(
    "gives every whole frame that follows another, and nothing else",
    [
      Schema.Array(Bytes).check(Schema.isMaxLength(20)),
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99 }))
    ],
    ([payloads, length]) => {
      const given = payloads.map((payload, index) => frame(Uint8Array.from(payload), index))
      const bytes = Buffer.concat(given.map(Frame.encode))
      assert.deepStrictEqual(
        readInPieces(bytes, length),
        given.map((frame): Item => ({ _tag: "Frame", frame }))
      )
    },
    { arbitrary: { runs: 200 } }
  )

  it("keeps no view of the bytes that it was given", () => {
    const bytes = Frame.encode(frame(Uint8Array.of(1, 2, 3)))
    const [item] = new FrameReader().push(bytes)
    bytes.fill(0)
    assert.deepStrictEqual(described(item === undefined ? [] : [item]), [
      { frame: "data", sequence: 0, payload: "010203" }
    ])
  })

  it("reads a megabyte of bytes one by one without reading it over and over", () => {
    const large = Frame.encode(frame(new Uint8Array(Frame.payloadBytesMax).fill(0x43)))
    const items = readInPieces(Buffer.concat(Array.from({ length: 16 }, () => large)), 1)
    assert.lengthOf(items, 16)
  }, 10_000)
})

describe("a credit", () => {
  it("is read as it was written, up to what a double can count", () => {
    for (const taken of [0, 1, 4_294_967_296, Number.MAX_SAFE_INTEGER]) {
      assert.strictEqual(Frame.decodeCredit(Frame.encodeCredit(taken)), taken)
    }
    assert.isUndefined(Frame.decodeCredit(new Uint8Array(8).fill(255)))
    assert.isUndefined(Frame.decodeCredit(new Uint8Array(7)))
  })
})
