import { assert, describe, it } from "@effect/vitest"
import * as CommandLine from "../../src/qemu/CommandLine.ts"
import * as Shape from "../../src/qemu/Shape.ts"

const size = { cpus: 2, memoryMebibytes: 512 }

const machine: CommandLine.Machine = {
  shape: Shape.emulated(size),
  memory: { path: "mem", writes: "kept" },
  disks: {
    base: { _tag: "Shared", path: "/images/a,b/base.erofs" },
    upper: { _tag: "Overlay", path: "upper.qcow2", below: ["/images/upper.qcow2", "/images/upper.ext4"] }
  },
  origin: { _tag: "Boot", kernel: "/images/vmlinux", initrd: "/images/initrd", commandLine: "quiet" }
}

const valuesOf = (line: ReadonlyArray<string>, flag: string): ReadonlyArray<string> =>
  line.flatMap((word, index) => (line[index - 1] === flag ? [word] : []))

const objectsOf = (line: ReadonlyArray<string>, flag: string) =>
  valuesOf(line, flag).map((text) => JSON.parse(text) as Record<string, unknown>)

describe("CommandLine", () => {
  it("has a versioned board in software, and no device beyond disks, port and chance", () => {
    const line = CommandLine.build(machine)
    assert.match(valuesOf(line, "-machine")[0] ?? "", /^pc-q35-7\.2,/)
    assert.match(valuesOf(line, "-accel")[0] ?? "", /^tcg,tb-size=/)
    assert.deepStrictEqual(
      objectsOf(line, "-device").map(({ driver }) => driver),
      ["virtio-blk-pci", "virtio-blk-pci", "virtio-serial-pci", "virtserialport", "virtio-rng-pci"]
    )
    for (const flag of ["-nodefaults", "-no-user-config", "-no-reboot"]) assert.include(line, flag)
    assert.deepStrictEqual(valuesOf(line, "-display"), ["none"])
    assert.deepStrictEqual(
      line.filter((word) => /^-(netdev|nic|net|vga|usb|spice|vnc)$/.test(word)),
      []
    )
  })

  it("gives the small board only to guests that run on the host's processor", () => {
    const small = CommandLine.build({ ...machine, shape: { ...Shape.accelerated(size), board: "microvm" } })
    assert.match(valuesOf(small, "-machine")[0] ?? "", /^microvm,/)
    assert.deepStrictEqual(valuesOf(small, "-accel"), ["kvm"])
    assert.deepStrictEqual(
      objectsOf(small, "-device").map(({ driver }) => driver),
      ["virtio-blk-device", "virtio-blk-device", "virtio-serial-device", "virtserialport", "virtio-rng-device"]
    )
  })

  it("keeps a path with a comma one path", () => {
    const [base] = objectsOf(CommandLine.build(machine), "-blockdev")
    assert.deepStrictEqual(base?.["file"], {
      driver: "file",
      filename: "/images/a,b/base.erofs",
      locking: "off",
      "read-only": true
    })
  })

  it("names every file below an overlay itself, the nearest first", () => {
    const [, upper] = objectsOf(CommandLine.build(machine), "-blockdev")
    const file = (filename: string) => ({ driver: "file", filename, locking: "off", "read-only": true })
    assert.deepStrictEqual(upper?.["backing"], {
      driver: "qcow2",
      "read-only": true,
      file: file("/images/upper.qcow2"),
      backing: { driver: "raw", "read-only": true, file: file("/images/upper.ext4") }
    })
  })

  it("waits for a word before a guest boots, and for the control connection before it takes over a state", () => {
    const booting = CommandLine.build(machine)
    const taking = CommandLine.build({ ...machine, origin: { _tag: "Snapshot" } })
    assert.include(booting, "-S")
    assert.notInclude(taking, "-kernel")
    assert.deepStrictEqual(valuesOf(taking, "-incoming"), ["defer"])
  })

  it("maps memory for one process alone when its writes are private, and for reading alone where that can be", () => {
    const memoryOf = (memory: CommandLine.Memory) => objectsOf(CommandLine.build({ ...machine, memory }), "-object")[0]
    assert.strictEqual(memoryOf({ path: "mem", writes: "kept" })?.["share"], true)
    assert.deepInclude(memoryOf({ path: "mem", writes: "private" }), { share: false, size: 512 * 1_048_576 })
    const readOnly = memoryOf({ path: "mem", writes: "private", isReadOnly: true })
    assert.deepInclude(readOnly, { readonly: true, rom: "off" })
  })

  it("refuses to start processes, and to change what it may do", () => {
    assert.deepStrictEqual(valuesOf(CommandLine.build(machine), "-sandbox"), [
      "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
    ])
  })

  it("has a skeleton that differs with the shape and with nothing else", () => {
    const skeleton = (memoryMebibytes: number) => CommandLine.skeleton(Shape.emulated({ cpus: 1, memoryMebibytes }))
    assert.deepStrictEqual(skeleton(256), skeleton(256))
    assert.notDeepEqual(skeleton(256), skeleton(512))
    assert.notDeepEqual(skeleton(256), CommandLine.skeleton(Shape.accelerated({ cpus: 1, memoryMebibytes: 256 })))
  })
})
