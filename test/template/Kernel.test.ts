import { zstdCompressSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Elf from "../../src/template/kernel/Elf.ts"
import * as KernelImage from "../../src/template/kernel/KernelImage.ts"
import * as Lz4 from "../../src/template/kernel/Lz4.ts"
import * as Modules from "../../src/template/kernel/Modules.ts"

const lz4Magic = [0x02, 0x21, 0x4c, 0x18]

const frame = (...block: ReadonlyArray<number>) => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(block.length)
  return Buffer.concat([Buffer.from(lz4Magic), length, Buffer.from(block)])
}

const unpack = (bytes: Uint8Array) =>
  Result.getOrUndefined(Result.map(Lz4.unpackLegacy(bytes, 0, 1_048_576), (out) => Buffer.from(out).toString("latin1")))

const a = 0x61

describe("Lz4", () => {
  it("copies literals, and what it has written before", () => {
    assert.strictEqual(unpack(frame(0x30, a, a + 1, a + 2)), "abc")
    // Three literals, then five bytes from three back, which reach into what is being written; then the end.
    assert.strictEqual(unpack(frame(0x31, a, a + 1, a + 2, 3, 0, 0x10, 0x21)), "abcabcab!")
  })

  it("adds up long lengths", () => {
    const many = 15 + 255 + 3
    assert.strictEqual(unpack(frame(0xf0, 255, 3, ...new Array<number>(many).fill(a))), "a".repeat(many))
  })

  it.each([
    ["literals beyond the end", frame(0x50, a)],
    ["a length without an end", frame(0xf0, 255, 255)],
    ["a copy from before the beginning", frame(0x11, a, 9, 0, 0x10, a)],
    ["a copy from nowhere", frame(0x11, a, 0, 0, 0x10, a)],
    ["a distance that is cut off", frame(0x11, a, 1)],
    ["another format", Buffer.from("no archive")]
  ])("refuses %s", (_, bytes) => {
    assert.strictEqual(unpack(bytes), undefined)
  })

  it("has a bound on what comes out", () => {
    assert.isTrue(Result.isFailure(Lz4.unpackLegacy(frame(0x30, a, a, a), 0, 2)))
  })

  it.prop("takes any bytes without an exception", { bytes: Schema.Uint8Array }, ({ bytes }) => {
    assert.include([true, false], Result.isSuccess(Lz4.unpackLegacy(frame(...bytes), 0, 1_048_576)))
  })
})

/** An ELF file with one section beside that of names. */
const elf = (name: string, content: string): Buffer => {
  const names = Buffer.from(`\0${name}\0`)
  const body = Buffer.from(content)
  const head = Buffer.alloc(64)
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1])
  const table = 64 + names.length + body.length
  head.writeBigUInt64LE(BigInt(table), 0x28)
  for (const [at, value] of [
    [0x3a, 64],
    [0x3c, 2],
    [0x3e, 0]
  ] as const)
    head.writeUInt16LE(value, at)
  const section = (nameAt: number, offset: number, size: number) => {
    const bytes = Buffer.alloc(64)
    bytes.writeUInt32LE(nameAt)
    bytes.writeBigUInt64LE(BigInt(offset), 0x18)
    bytes.writeBigUInt64LE(BigInt(size), 0x20)
    return bytes
  }
  const sections = [section(0, 64, names.length), section(1, 64 + names.length, body.length)]
  return Buffer.concat([head, names, body, ...sections])
}

describe("KernelImage", () => {
  const kernel = elf(".text", "a kernel")

  it("finds a kernel behind bytes that look like an archive and are none", () => {
    const image = Buffer.concat([Buffer.from(lz4Magic), Buffer.from("code"), zstdCompressSync(kernel)])
    assert.isTrue(kernel.equals(Result.getOrThrow(KernelImage.unpack(image))))
  })

  it("takes a kernel that is not packed as it is, and nothing else", () => {
    assert.isTrue(Result.isSuccess(KernelImage.unpack(kernel)))
    assert.isTrue(Result.isFailure(KernelImage.unpack(zstdCompressSync(Buffer.from("no kernel")))))
  })
})

describe("Elf", () => {
  it("finds a section by its name", () => {
    assert.strictEqual(Buffer.from(Elf.section(elf(".modinfo", "x=1\0"), ".modinfo") ?? []).toString(), "x=1\0")
    assert.isUndefined(Elf.section(elf(".text", ""), ".modinfo"))
  })

  it.prop("takes any bytes without an exception", { bytes: Schema.Uint8Array, at: Schema.Int }, ({ at, bytes }) => {
    const file = elf(".modinfo", "depends=")
    file.set(bytes.subarray(0, 16), 6 + (Math.abs(at) % (file.length - 22)))
    assert.include(["object", "undefined"], typeof Elf.section(file, ".modinfo"))
  })
})

describe("Modules", () => {
  const needs = (entries: Record<string, ReadonlyArray<string>>) =>
    new Map([
      ...Modules.required.map((name): [string, ReadonlyArray<string>] => [name, []]),
      ...Object.entries(entries)
    ])

  it("reads what a module needs", () => {
    const module = elf(".modinfo", "license=GPL\0depends=virtio,virtio-ring\0name=virtio_blk\0")
    assert.deepStrictEqual(Modules.needsOf(module), ["virtio", "virtio_ring"])
    assert.deepStrictEqual(Modules.needsOf(elf(".modinfo", "depends=\0")), [])
  })

  it("puts each module behind those that it needs, and leaves out what the kernel has itself", () => {
    const kernel = {
      builtIn: new Set(["erofs"]),
      needs: needs({ virtio_pci: ["virtio_ring"], virtio_ring: ["virtio"], virtio: [], virtio_blk: ["virtio"] })
    }
    const order = Result.getOrThrow(Modules.order(kernel))
    assert.deepStrictEqual(order.slice(0, 4), ["virtio", "virtio_ring", "virtio_pci", "virtio_blk"])
    assert.notInclude(order, "erofs")
  })

  it("names a module that is missing, also one that is needed by another", () => {
    const found = needs({ virtio_pci: ["virtio_ring"] })
    assert.deepStrictEqual(Modules.order({ builtIn: new Set(), needs: found }), Result.fail("virtio_ring"))
    found.delete("overlay")
    assert.isTrue(Result.isFailure(Modules.order({ builtIn: new Set(["virtio_ring"]), needs: found })))
  })
})
