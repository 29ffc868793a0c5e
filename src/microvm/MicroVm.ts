/** The microVM tier, one template at a time. */
import type { KeyObject } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
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
import { type CheckpointRejected, HypervisorError } from "./HypervisorError.ts"
import { enter, type Greeted, greet } from "./Inside.ts"
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
  /** Keeps some of what it is given the making of ready, to be taken. */
  readonly keep: (
    make: Effect.Effect<Ready, Failure, Scope.Scope>
  ) => Effect.Effect<Effect.Effect<Ready, Failure, Scope.Scope>, never, Scope.Scope>
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
export const unavailable = (error: { readonly message: string }): Failure => {
  const reason = error instanceof HypervisorError ? error.reason : undefined
  if (reason?._tag === "CheckpointRejected") {
    return new MachineError({ reason: new SnapshotRejected({ reason: reasons[reason.reason], detail: reason.detail }) })
  }
  if (reason?._tag === "TemplateMissing") {
    return new MachineError({ reason: new SnapshotRejected({ reason: "UnknownBase", detail: reason.message }) })
  }
  return new MachineError({ reason: new MachineUnavailable({ detail: error.message }) })
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
  outputBytes: limits.outputBytes,
  memoryMebibytes: Math.min(memoryMebibytes, 1_024)
})

/** A machine that runs and whose agent was greeted. */
export interface Ready {
  readonly vm: Vm | DurableVm
  readonly greeted: Greeted
}

/** Waits until a machine that nobody uses cannot be used any more. */
export const lost = ({ greeted, vm }: Ready): Effect.Effect<unknown> =>
  Effect.raceFirst(vm.lost, Effect.flip(greeted.agent.failed))

const readyOf = Effect.fnUntraced(function* (
  begun: Effect.Effect<Vm | DurableVm, HypervisorError, Scope.Scope>,
  { epoch }: Standing
) {
  const vm = yield* begun
  return { vm, greeted: yield* greet(yield* vm.link, epoch) } satisfies Ready
}, Effect.mapError(unavailable))

/** A machine around a guest, which ends with the machine: that is with the scope, or when it is lost. */
const open = Effect.fnUntraced(function* (
  { key, template }: MicroVmOptions,
  { limits, onOutput }: MachineOptions,
  ready: Effect.Effect<Ready, Failure, Scope.Scope>,
  from: { readonly standing: Standing; readonly spentMillis: number }
) {
  const printed: { output: ReadonlyArray<Output> } = { output: [] }
  const scope = yield* Scope.fork(yield* Effect.scope)
  const opened = Effect.gen(function* () {
    const { greeted, vm } = yield* ready
    const inside = enter(greeted, from.standing, {
      limits,
      onOutput: (output) => {
        printed.output = GuestMachine.appended(printed.output, output)
        onOutput?.(output)
      }
    })
    return { vm, inside: yield* Effect.mapError(inside, unavailable) }
  })
  const { inside, vm } = yield* Scope.provide(opened, scope)
  const machine = yield* GuestMachine.make({
    vm,
    inside,
    limits,
    printed,
    scope,
    template,
    spentMillis: from.spentMillis,
    toSnapshot: (written) => Snapshot.write(written, key)
  })
  return { machine, prepare: (seed: string) => Effect.mapError(inside.interpreter.prepare(seed), unavailable) }
})

export const make = Effect.fnUntraced(function* (options: MicroVmOptions) {
  const { memoryMebibytes, template } = options
  const hypervisor = yield* Hypervisor
  let isClosed = false
  yield* Effect.addFinalizer(() => Effect.sync(() => (isClosed = true)))
  const whileOpen = Effect.suspend(() =>
    isClosed ? Effect.fail(unavailable({ message: "the tier is closed" })) : Effect.void
  )
  const durable = Effect.flatMap(options.prepared, ({ standing, template }) =>
    readyOf(hypervisor.begin(template), standing)
  )
  const ephemeral = Effect.flatMap(options.prepared, ({ standing, template }) =>
    readyOf(hypervisor.clone(template), standing)
  )
  const kept = yield* options.keep(durable)
  const tier: Machines["Service"] = {
    engine: hypervisor.engine,
    languages: template.languages,
    repeats: false,
    room: roomOf(template, memoryMebibytes),
    limits: limitsOf(template),
    totalMillis: template.limits.totalMillis,
    idleMillis: template.limits.idleMillis,
    boot: Effect.fn("MicroVm.boot")(function* (machineOptions) {
      const { standing } = yield* Effect.andThen(whileOpen, options.prepared)
      const ready = machineOptions.isEphemeral === true ? ephemeral : kept
      const { machine, prepare } = yield* open(options, machineOptions, ready, { standing, spentMillis: 0 })
      yield* prepare(machineOptions.seed)
      return machine
    }),
    restore: Effect.fn("MicroVm.restore")(function* (snapshot, machineOptions) {
      const { checkpoint, spentMillis, standing } = yield* Effect.fromResult(Snapshot.read(snapshot, options.key))
      yield* whileOpen
      // A guest goes on from the snapshot of the template that it began with, however the template has changed since.
      const restored = Effect.flatMap(hypervisor.find(checkpoint.header.template.key), (template) =>
        hypervisor.restore(template, checkpoint)
      )
      const ready = readyOf(restored, standing)
      return (yield* open(options, machineOptions, ready, { standing, spentMillis })).machine
    })
  }
  return tier
})
