/**
 * The hypervisor's command line. Pure: what is written here is all that a machine has, and there is nothing that it has by
 * default.
 */

import { runtimeSettings } from "../guest/Runtime.ts"
import { type Disks, nodeOf } from "./Disk.ts"
import { memoryBytes, type Shape } from "./Shape.ts"

/** The port of the agent, as the guest finds it. */
const agentPort = "agent.0"

/** Descriptors that the process inherits. */
export const descriptors = { agent: 3, control: 4, state: 5 } as const

/** The file of a guest's memory. `private`: what is written is this process's alone, and gone with it. */
export interface Memory {
  readonly path: string
  readonly writes: "kept" | "private"
  /** Whether a file whose writes are private is opened for reading alone. */
  readonly isReadOnly?: boolean | undefined
}

/** Where a machine's first instruction comes from. */
export type Origin =
  | { readonly _tag: "Boot"; readonly kernel: string; readonly initrd: string; readonly commandLine: string }
  /** A state that is read from an inherited descriptor when the control connection says so. */
  | { readonly _tag: "Snapshot" }

export interface Machine {
  readonly shape: Shape
  readonly memory: Memory
  readonly disks: Disks
  readonly origin: Origin
  /** Puts what the guest's kernel prints on standard output. */
  readonly messages?: "shown" | undefined
}

/** The versioned board, which is that of all machines of sessions. */
export const versionedBoard = "pc-q35-7.2"

/** The versioned board and the small one. Neither has a bus that nothing is on. */
export const boardOf = ({ board }: Shape): string => (board === "q35" ? versionedBoard : "microvm")

const board = (shape: Shape): string =>
  shape.board === "q35"
    ? `${boardOf(shape)},hpet=on,smbus=off,sata=off,vmport=off,i8042=off,memory-backend=ram`
    : `${boardOf(shape)},rtc=on,pit=off,pic=off,isa-serial=off,pcie=off,auto-kernel-cmdline=off,memory-backend=ram`

/** What the guest's code is translated into is held in memory, of which the hypervisor would take an eighth of the host's. */
const translatedMebibytes = 128

const accelerator = ({ accelerator }: Shape): string =>
  accelerator === "tcg" ? `tcg,tb-size=${translatedMebibytes}` : accelerator

/** Bytes that a hypervisor may hold beside its guest's memory. */
export const ownBytesMax = (translatedMebibytes + 128) * 1_048_576

const memory = ({ memory: { isReadOnly = false, path, writes }, shape }: Machine): object => ({
  "qom-type": "memory-backend-file",
  id: "ram",
  size: memoryBytes(shape),
  "mem-path": path,
  share: writes === "kept",
  ...(isReadOnly ? { readonly: true, rom: "off" } : {})
})

/** Devices, with the places that they have on their bus: a snapshot fits only into the same ones. */
const devices = ({ shape }: Machine): ReadonlyArray<object> => {
  const isSmall = shape.board === "microvm"
  const transport = isSmall ? "device" : "pci"
  const at = (slot: number) => (isSmall ? {} : { bus: "pcie.0", addr: `0x${slot}` })
  return [
    { driver: `virtio-blk-${transport}`, id: "base", drive: "base", serial: "base", ...at(2) },
    { driver: `virtio-blk-${transport}`, id: "upper", drive: "upper", serial: "upper", ...at(3) },
    { driver: `virtio-serial-${transport}`, id: "serial", max_ports: 4, ...at(4) },
    { driver: "virtserialport", id: "agent", bus: "serial.0", chardev: "agent", nr: 1, name: agentPort },
    { driver: `virtio-rng-${transport}`, id: "entropy", rng: "rng", ...at(5) }
  ]
}

const origin = ({ origin }: Machine): ReadonlyArray<string> =>
  origin._tag === "Snapshot"
    ? ["-incoming", "defer"]
    : // It waits for a word before its first instruction, so that whoever gives it misses nothing of what comes after it.
      ["-S", "-kernel", origin.kernel, "-initrd", origin.initrd, "-append", origin.commandLine]

const flagged = (flag: string, values: ReadonlyArray<object>): ReadonlyArray<string> =>
  values.flatMap((value) => [flag, JSON.stringify(value)])

const channels = [
  "-chardev",
  `socket,id=agent,fd=${descriptors.agent}`,
  "-chardev",
  `socket,id=control,fd=${descriptors.control}`,
  "-mon",
  "chardev=control,mode=control"
]

/** The hypervisor's own filter of system calls: it starts no processes and changes neither its user nor its limits. */
const sealed = ["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"]

/** The arguments of the hypervisor for a machine. */
export const build = (machine: Machine): ReadonlyArray<string> => {
  const { disks, messages, shape } = machine
  return [
    "-machine",
    board(shape),
    "-accel",
    accelerator(shape),
    "-cpu",
    shape.processor,
    "-m",
    `${shape.memoryMebibytes}M`,
    "-smp",
    String(shape.cpus),
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...(messages === undefined ? ["-serial", "none"] : ["-serial", "stdio"]),
    ...["-monitor", "none", "-parallel", "none"],
    ...flagged("-object", [memory(machine), { "qom-type": "rng-builtin", id: "rng" }]),
    ...flagged("-blockdev", [nodeOf("base", disks.base), nodeOf("upper", disks.upper)]),
    ...channels,
    ...flagged("-device", devices(machine)),
    ...origin(machine),
    ...sealed
  ]
}

/**
 * What two machines must have in common for a snapshot of one to become the other: the command line without the names of files
 * and without what is new each time.
 */
export const skeleton = (shape: Shape): ReadonlyArray<string> =>
  build({
    shape,
    memory: { path: "memory", writes: "kept" },
    disks: { base: { _tag: "Shared", path: "base" }, upper: { _tag: "Raw", path: "upper" } },
    origin: { _tag: "Snapshot" }
  })

/**
 * What a guest's kernel is told. `quiet`, no self-tests of its ciphers: half a second of every boot in software. No account of who
 * waits for what and no security modules, which nobody in a guest asks: they would have a part in every switch and every file. The
 * word for the agent's runtime is what the kernel does not know and gives to its first process.
 */
export const kernelCommandLine = (shape: Shape, template: string, messages?: "shown"): string =>
  [
    messages === undefined ? "quiet loglevel=0" : "console=ttyS0 loglevel=5",
    "psi=0 lsm= random.trust_cpu=on reboot=t panic=-1 cryptomgr.notests nokaslr",
    `GODEBUG=${runtimeSettings}`,
    ...(shape.accelerator === "tcg" ? ["tsc=reliable no_timer_check mitigations=off"] : []),
    `caisson.template=${template}`
  ].join(" ")
