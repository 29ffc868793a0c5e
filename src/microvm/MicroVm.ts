/** The microVM tier, one template at a time. */
import type { KeyObject } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { FileError } from "../file/FileError.ts"
import type { AgentError } from "../guest/AgentError.ts"
import type { InterpreterError } from "../guest/interpreter/InterpreterError.ts"
import type { Limits } from "../machine/Limits.ts"
import {
  type MachineError as Failure,
  MachineError,
  type MachineOptions,
  type Machines,
  MachineUnavailable,
  type Room,
  SnapshotRejected
} from "../machine/Machine.ts"
import type { Output } from "../machine/Turn.ts"
import type { Microvm } from "../template/Template.ts"
import * as GuestMachine from "./GuestMachine.ts"
import { type DurableVm, Hypervisor, type Template, type Vm } from "./Hypervisor.ts"
import type { CheckpointRejected, HypervisorError } from "./HypervisorError.ts"
import { enter } from "./Inside.ts"
import * as Snapshot from "./Snapshot.ts"
import type { Standing } from "./Standing.ts"

export interface MicroVmOptions {
  readonly template: Microvm
  /** The template's snapshot on this host. It is asked for when the first machine is. */
  readonly prepared: Effect.Effect<{ readonly template: Template; readonly standing: Standing }, Failure>
  /** Signs and checks snapshots. */
  readonly key: KeyObject
  /** Memory for the machines of all templates. */
  readonly memoryMebibytes: number
}

const reasons: Readonly<Record<CheckpointRejected["reason"], SnapshotRejected["reason"]>> = {
  Unreadable: "UnknownVersion",
  OtherEngine: "UnknownEngine",
  OtherTemplate: "UnknownBase",
  PieceMissing: "Corrupted",
  Corrupted: "Corrupted",
  TooLarge: "TooLarge"
}

/** Why there is no machine, as a session is told. */
export const unavailable = (error: HypervisorError | AgentError | InterpreterError | FileError): Failure => {
  const { message } = error
  if (error._tag === "HypervisorError" && error.reason._tag === "CheckpointRejected") {
    const { reason } = error
    return new MachineError({ reason: new SnapshotRejected({ reason: reasons[reason.reason], detail: reason.detail }) })
  }
  return new MachineError({ reason: new MachineUnavailable({ detail: message }) })
}

/** What the hypervisor itself takes beside the guest's memory. */
const overheadMebibytes = 160

const roomOf = ({ memoryMebibytes }: Microvm, all: number): Room => ({
  name: "microvm",
  size: all,
  perMachine: memoryMebibytes + overheadMebibytes
})

/** The longest that any session may have without a wait, and in a run. */
const cpuMillisMost = { slice: 60_000, run: 600_000 }

/** A program may use its processors for as long as it may run: compilers and plots take seconds, in software tens of them. */
const limitsOf = ({ cpus, limits, memoryMebibytes }: Microvm): Partial<Limits> => ({
  wallMillis: limits.runMillis,
  cpuRunMillis: Math.min(cpus * limits.runMillis, cpuMillisMost.run),
  cpuSliceMillis: Math.min(cpus * limits.runMillis, cpuMillisMost.slice),
  outputBytes: Math.min(limits.outputBytes, 16_777_216),
  memoryMebibytes: Math.min(memoryMebibytes, 1_024)
})

interface Found {
  readonly vm: Vm | DurableVm
  readonly standing: Standing
  readonly spentMillis: number
}

export const make = Effect.fnUntraced(function* ({ key, memoryMebibytes, prepared, template }: MicroVmOptions) {
  const hypervisor = yield* Hypervisor

  /** A machine around a guest, which ends with the machine: that is with the scope, or when it is lost. */
  const open = Effect.fnUntraced(function* (
    options: MachineOptions,
    find: Effect.Effect<Found, HypervisorError | Failure, Scope.Scope>
  ) {
    const { limits, onOutput } = options
    const printed: { output: ReadonlyArray<Output> } = { output: [] }
    const scope = yield* Scope.fork(yield* Effect.scope)
    const opened = Effect.gen(function* () {
      const { spentMillis, standing, vm } = yield* find
      const inside = yield* enter(yield* vm.link, standing, {
        limits,
        onOutput: (output) => {
          printed.output = GuestMachine.appended(printed.output, output)
          onOutput?.(output)
        }
      })
      return { vm, inside, spentMillis }
    })
    const parts = yield* Scope.provide(opened, scope).pipe(
      Effect.mapError((error) => (error._tag === "MachineError" ? error : unavailable(error)))
    )
    const toSnapshot = (written: Snapshot.Written) => Snapshot.write(written, key)
    const machine = yield* GuestMachine.make({ ...parts, cpus: template.cpus, limits, printed, scope, toSnapshot })
    return { machine, prepare: parts.inside.interpreter.prepare }
  })

  const tier: Machines["Service"] = {
    engine: hypervisor.engine,
    languages: template.languages,
    repeats: false,
    room: roomOf(template, memoryMebibytes),
    limits: limitsOf(template),
    totalMillis: template.limits.totalMillis,
    idleMillis: template.limits.idleMillis,
    boot: Effect.fn("MicroVm.boot")(function* (options) {
      const { standing, template: from } = yield* prepared
      const begin = options.isEphemeral === true ? hypervisor.clone(from) : hypervisor.begin(from)
      const { machine, prepare } = yield* open(
        options,
        Effect.map(begin, (vm) => ({ vm, standing, spentMillis: 0 }))
      )
      yield* Effect.mapError(prepare(options.seed), unavailable)
      return machine
    }),
    restore: Effect.fn("MicroVm.restore")(function* (snapshot, options) {
      const { checkpoint, spentMillis, standing } = yield* Effect.fromResult(Snapshot.read(snapshot, key))
      const { template: from } = yield* prepared
      const restored = Effect.map(hypervisor.restore(from, checkpoint), (vm) => ({ vm, standing, spentMillis }))
      return (yield* open(options, restored)).machine
    })
  }
  return tier
})
