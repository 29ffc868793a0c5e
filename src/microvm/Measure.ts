import * as Schema from "effect/Schema"

/** What stands between a guest that has broken out of its machine and the host. */
export const MeasureName = Schema.Literals([
  /** The hypervisor's filter of system calls. */
  "systemCallFilter",
  /** The process ends with its owner, whatever ends that. */
  "endsWithOwner",
  /** Neither it nor what it could start gets privileges from a file. */
  "noNewPrivileges",
  "noCapabilities",
  /** A user that owns nothing else and that no other machine has. */
  "ownUser",
  /** It sees no other processes, no network and only its own files. */
  "ownNamespaces",
  /** Bounds on open files, processes, lengths of files and core dumps. */
  "resourceLimits",
  /** A bound on the memory of all that it does, kept by the kernel. */
  "memoryGroup",
  /** A bound on the processor time that it takes at once. */
  "processorGroup",
  /** A bound on its processes and threads that counts no others. */
  "processesGroup",
  /** It cannot write to what other machines are made from. */
  "readOnlyTemplate"
])
export type MeasureName = typeof MeasureName.Type

/** For want of what a measure is not in force. */
export const Lack = Schema.Union([
  /** A program is not installed. */
  Schema.TaggedStruct("Program", { program: Schema.String }),
  /** Something that this process, this host or this hypervisor cannot do. */
  Schema.TaggedStruct("Ability", { detail: Schema.String })
])
export type Lack = typeof Lack.Type

/** What lacks, in words. */
export const inWords = (lack: Lack): string =>
  lack._tag === "Program" ? `${lack.program} is not installed` : lack.detail

/** A measure that is in force for a machine, or why it is not. */
export const Measure = Schema.Union([
  Schema.Struct({ measure: MeasureName, isInForce: Schema.Literal(true) }),
  Schema.Struct({ measure: MeasureName, isInForce: Schema.Literal(false), lack: Lack })
])
export type Measure = typeof Measure.Type

export const inForce = (measure: MeasureName): Measure => ({ measure, isInForce: true })

export const absent = (measure: MeasureName, lack: Lack): Measure => ({ measure, isInForce: false, lack })
