import { createSecretKey } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { constants, zstdCompressSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Signature from "../../src/machine/Signature.ts"
import { baseImage, shellImageId } from "../../src/quickjs/BaseImage.ts"
import { RejectedSnapshot } from "../../src/quickjs/RejectedSnapshot.ts"
import { changesOf, changing, pack, unpack, unseal } from "../../src/quickjs/Snapshot.ts"
import { Vm } from "../../src/quickjs/Vm.ts"
import { finish, goldenFolder } from "./golden.ts"
import { Guest, give, turnOf, vmOptions } from "./guest.ts"

const base = await baseImage()
const memoryMax = 128 * 1_048_576

const guest = await Guest.boot()
guest.start("let kept = [1, 2]; kept.push(await ask())")
const packed = Buffer.from(guest.vm.pack().bytes)
const headerBytes = packed.readUInt32LE(4)
const header = JSON.parse(packed.toString("utf8", 8, 8 + headerBytes))
const body = packed.subarray(8 + headerBytes)

const contents = new Map<string, Uint8Array>()

/** The header with something else said of its JavaScript. */
const memory = (changes: Readonly<Record<string, unknown>>) => ({ javascript: { ...header.javascript, ...changes } })
const run = (changes: Readonly<Record<string, unknown>>) => ({
  state: { ...header.state, run: { ...header.state.run, ...changes } }
})

/** A body with another delta of the memory in it, which may be of another number of pages. */
const remembering = (delta: Buffer, pages = header.javascript.pages, changes = {}) => {
  const bytes = zstdCompressSync(Buffer.concat([delta, Buffer.alloc(header.files.bytes)]))
  return [{ ...memory({ pages, ...changes }), length: bytes.length }, bytes] as const
}

/** The packed guest with something else in its header or body. */
const forged = (changes: Readonly<Record<string, unknown>>, otherBody: Uint8Array = body): Buffer => {
  const text = Buffer.from(JSON.stringify({ ...header, ...changes }))
  const prefix = Buffer.from(packed.subarray(0, 8))
  prefix.writeUInt32LE(text.length, 4)
  return Buffer.concat([prefix, text, otherBody])
}

const rejection = (bytes: Uint8Array, max = memoryMax): RejectedSnapshot["reason"] | "accepted" => {
  try {
    changing(unpack(bytes, { base, shellBase: shellImageId, memoryBytesMax: max }).javascript, base)
    return "accepted"
  } catch (error) {
    if (!(error instanceof RejectedSnapshot)) throw error
    return error.reason
  }
}

describe("bytes of a snapshot", () => {
  it("are accepted as they are, and restored", async () => {
    assert.strictEqual(rejection(packed), "accepted")
    const copy = await Vm.restore({ bytes: packed, contents }, vmOptions({}))
    assert.strictEqual(turnOf(copy.answer([give("1.1", 3)], 0))._tag, "Completed")
  })

  it.each([
    ["NotASnapshot", Buffer.alloc(0)],
    ["NotASnapshot", Buffer.from("CQJ")],
    ["NotASnapshot", Buffer.alloc(4_096, 0xff)],
    ["Corrupted", packed.subarray(0, 8)],
    ["Corrupted", packed.subarray(0, 8 + headerBytes - 1)],
    ["Corrupted", packed.subarray(0, 8 + headerBytes)],
    ["Corrupted", packed.subarray(0, packed.length - 1)],
    ["Corrupted", Buffer.from(packed).fill(0xff, 4, 8)],
    ["Corrupted", Buffer.from(packed).fill(0x20, 8, 8 + headerBytes)],
    ["Corrupted", forged({ version: "1" })],
    ["UnknownVersion", forged({ version: 2, engine: "whatever came" })],
    ["UnknownVersion", forged({ version: 4, engine: "whatever comes" })],
    ["UnknownEngine", forged({ engine: "quickjs-wasi@3.6.1" })],
    ["UnknownEngine", forged({ wasmSha256: "0".repeat(64) })],
    ["UnknownBase", forged(memory({ base: "0".repeat(64) }))],
    ["TooLarge", forged(memory({ memoryBytes: memoryMax + 65_536 }))],
    ["Corrupted", forged(memory({ memoryBytes: base.snapshot.memory.length + 1 }))],
    ["Corrupted", forged(memory({ memoryBytes: 65_536 }))],
    ["Corrupted", forged(memory({ pages: header.javascript.pages + 1 }))],
    ["Corrupted", forged(memory({ pages: header.javascript.pages - 1 }))],
    ["Corrupted", forged(memory({ pages: -1 }))],
    ["Corrupted", forged(memory({ pages: 1e9 }))],
    ["Corrupted", forged({ length: header.length + 1 })],
    ["Corrupted", forged({ length: "1" })],
    ["Corrupted", forged({ shell: null })],
    ["Corrupted", forged({ shell: { ...header.javascript, base: shellImageId } })],
    ["Corrupted", forged({ files: null })],
    ["Corrupted", forged({ files: { ...header.files, bytes: header.files.bytes + 1 } })],
    ["TooLarge", forged({ files: { ...header.files, bytes: 2 ** 40 } })],
    ["UnknownBase", forged({ shell: { ...header.javascript } })],
    ["Corrupted", forged({ state: null })],
    ["Corrupted", forged({ state: { ...header.state, nowMillis: "now" } })],
    ["Corrupted", forged({ state: { ...header.state, run: { fileName: "run-1.js" } } })],
    ["Corrupted", forged(run({ jobs: [1] }))],
    ["Corrupted", forged(run({ isShell: 1 }))],
    ["Corrupted", forged(run({ rules: "none" }))],
    ["Corrupted", forged(run({ positions: [[["x"]]] }))]
  ] as const)("are rejected as %s where they are wrong", (reason, bytes) => {
    assert.strictEqual(rejection(bytes), reason)
  })

  it("are rejected where a page is out of place", () => {
    const end = base.snapshot.memory.length / 1_024
    for (const pages of [[0], [1_023], [end], [1_200, 1_200], [1_201, 1_200], [0xffffffff]]) {
      const delta = Buffer.alloc(pages.length * 1_028)
      for (const [index, page] of pages.entries()) delta.writeUInt32LE(page, 4 * index)
      const changes = { memoryBytes: base.snapshot.memory.length }
      assert.strictEqual(rejection(forged(...remembering(delta, pages.length, changes))), "Corrupted", `${pages}`)
    }
  })

  it("expand to no more than their header may say", () => {
    const bomb = zstdCompressSync(Buffer.alloc(200 * 1_048_576))
    assert.strictEqual(rejection(forged({ length: bomb.length }, bomb)), "Corrupted")
    const wide = zstdCompressSync(Buffer.alloc(header.javascript.pages * 1_028 + header.files.bytes), {
      params: { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_enableLongDistanceMatching]: 1 }
    })
    assert.include(["Corrupted", "accepted"], rejection(forged({ length: wide.length }, wide)))
  })

  it("with a bit of the body changed are rejected, or are the same memory", () => {
    const memoryOf = (bytes: Uint8Array): Buffer => {
      const { files, javascript } = unpack(bytes, { base, shellBase: shellImageId, memoryBytesMax: memoryMax })
      const memory = Buffer.alloc(javascript.memoryBytes)
      memory.set(base.snapshot.memory)
      changing(javascript, base)(memory)
      return Buffer.concat([memory, files])
    }
    const memory = memoryOf(packed)
    let rejected = 0
    for (let at = 8 + headerBytes; at < packed.length; at += 7) {
      const bytes = Buffer.from(packed)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      const reason = rejection(bytes)
      if (reason === "accepted") assert.isTrue(memoryOf(bytes).equals(memory), `byte ${at}`)
      else rejected++
    }
    assert.isAbove(rejected, body.length / 8)
  })

  it.prop(
    "are never more than rejected, whatever they are",
    [Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_294_967_295 })))],
    ([seed]) => {
      const bytes = Buffer.from(packed)
      let state = seed
      const next = (below: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return state % below
      }
      for (let edits = next(6) + 1; edits > 0; edits--) bytes[next(Math.min(bytes.length, 600))] = next(256)
      const cut = bytes.subarray(0, next(3) === 0 ? next(bytes.length) : bytes.length)
      assert.isString(rejection(cut))
    },
    { arbitrary: { runs: 2_000 } }
  )

  it("that describe a broken memory give a guest that fails or none, and nothing else", async () => {
    const outcomes: Array<string> = []
    for (let seed = 1; seed <= 12; seed++) {
      const memory = Buffer.from(base.snapshot.memory)
      for (let at = 0; at < 4_096; at++) memory[1_160_000 + ((seed * 7_919 + at * 31) % 80_000)] = (seed * at) & 0xff
      const { files } = unpack(packed, { base, shellBase: shellImageId, memoryBytesMax: memoryMax })
      const bytes = pack({ state: header.state, javascript: changesOf(memory, base), shell: undefined, files }, base)
      const options = vmOptions({ limits: { cpuSliceMillis: 100 } })
      const vm = await Vm.restore({ bytes, contents }, options).catch((error: unknown) => error)
      const program = { ordinal: 9, language: "javascript", source: "1 + 1", nowMillis: 0, tools: [] } as const
      outcomes.push(vm instanceof Vm ? turnOf(vm.start(program))._tag : String(vm))
    }
    for (const outcome of outcomes) assert.match(outcome, /^(Failed|Completed|RejectedSnapshot: Corrupted: .*)$/)
  })
})

describe("seals", () => {
  const keyOf = (byte: number) => createSecretKey(Buffer.alloc(32, byte))
  const key = keyOf(7)

  it("are for one key and every byte", () => {
    const sealed = Buffer.from(Signature.seal(packed, key))
    assert.isTrue(packed.equals(unseal(sealed, key)))
    const refused = (bytes: Uint8Array, otherKey = key) => {
      try {
        unseal(bytes, otherKey)
        return "accepted"
      } catch (error) {
        return error instanceof RejectedSnapshot ? error.reason : "thrown"
      }
    }
    assert.strictEqual(refused(sealed, keyOf(8)), "WrongSignature")
    assert.strictEqual(refused(Buffer.concat([sealed, Buffer.alloc(1)])), "WrongSignature")
    assert.strictEqual(refused(packed.subarray(0, 30)), "NotASnapshot")
    assert.strictEqual(refused(Buffer.alloc(100)), "NotASnapshot")
    for (let at = 4; at < sealed.length; at += 11) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.strictEqual(refused(changed), "WrongSignature", `byte ${at}`)
    }
  })
})

describe("golden snapshots", () => {
  const files = readdirSync(goldenFolder).filter((file) => file.endsWith(".bin"))

  it("are there for the images of this release", () =>
    assert.include(files, `v3-${base.id.slice(0, 12)}-${shellImageId.slice(0, 12)}.bin`))

  it.each(files)("%s still gives the guest that it was, or says why not", async (file) => {
    const bytes = readFileSync(new URL(file, goldenFolder))
    const expected = JSON.parse(readFileSync(new URL(file.replace(/bin$/, "json"), goldenFolder), "utf8"))
    if (!file.startsWith("v3-") || expected.base !== base.id || expected.shell !== shellImageId) {
      assert.strictEqual(rejection(bytes), file.startsWith("v3-") ? "UnknownBase" : "UnknownVersion")
      return
    }
    const vm = await Vm.restore({ bytes, contents }, vmOptions({}))
    assert.deepStrictEqual(await finish(vm), expected.turns)
  })
})
