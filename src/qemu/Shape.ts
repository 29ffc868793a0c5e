import * as Schema from "effect/Schema"

const Cpus = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 64 }))
const MemoryMebibytes = Schema.Int.check(Schema.isBetween({ minimum: 64, maximum: 65_536 }))

/** The model of a processor, as the hypervisor names it. */
const Processor = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_.+=,-]{0,127}$/u))

/**
 * Pure software. Only the versioned board, which finds its clock's rate by itself: the small one has nothing to measure it by,
 * and hangs at boot on a busy host.
 */
const Emulated = Schema.Struct({
  accelerator: Schema.Literal("tcg"),
  board: Schema.Literal("q35"),
  processor: Processor,
  cpus: Cpus,
  memoryMebibytes: MemoryMebibytes
})

/** The host's processor. The small board starts sooner; snapshots of the versioned one outlive an upgrade of the hypervisor. */
const Accelerated = Schema.Struct({
  ...Emulated.fields,
  accelerator: Schema.Literal("kvm"),
  board: Schema.Literals(["q35", "microvm"])
})

/**
 * What a machine is made of, as far as its guest can tell. A snapshot of one shape becomes a machine of the same shape, or
 * nothing. All machines have the same devices: two disks, one serial port to the agent, a source of entropy; no network, no
 * display, no USB.
 */
export const Shape = Schema.Union([Emulated, Accelerated])
export type Shape = typeof Shape.Type

export interface Size {
  readonly cpus: number
  readonly memoryMebibytes: number
}

/** A machine in software. */
export const emulated = ({ cpus, memoryMebibytes }: Size): Shape => ({
  accelerator: "tcg",
  board: "q35",
  processor: "max",
  cpus,
  memoryMebibytes
})

/** A machine on the host's processor. */
export const accelerated = ({ cpus, memoryMebibytes }: Size): Extract<Shape, { readonly accelerator: "kvm" }> => ({
  accelerator: "kvm",
  board: "q35",
  processor: "host",
  cpus,
  memoryMebibytes
})

/** Bytes of a guest's memory. */
export const memoryBytes = ({ memoryMebibytes }: Pick<Shape, "memoryMebibytes">): number => memoryMebibytes * 1_048_576
