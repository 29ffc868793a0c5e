/** The microVM tier, one template at a time. */
import type { KeyObject } from "node:crypto"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Agent } from "../guest/Agent.ts"
import type { Trouble } from "../guest/interpreter/Interpreter.ts"
import type { Limits } from "../machine/Limits.ts"
import {
  type MachineError as Failure,
  MachineError,
  type MachineOptions,
  type Machines,
  MachineUnavailable,
  SnapshotRejected
} from "../machine/Machine.ts"
import type { Microvm } from "../template/Template.ts"
import { rehearse } from "./Furnishing.ts"
import * as GuestMachine from "./GuestMachine.ts"
import { type DurableVm, Hypervisor, type Template, type Vm } from "./Hypervisor.ts"
import { type CheckpointRejected, HypervisorError } from "./HypervisorError.ts"
import { enter, greet, type Inside, type Left, type NotEntered } from "./Inside.ts"
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
  /** Keeps some of what it is given the making of, and gives one of them, or what is made in another way if there is none. */
  readonly keep: (
    make: Effect.Effect<Ready, Failure, Scope.Scope>
  ) => Effect.Effect<(otherwise: typeof make) => typeof make, never, Scope.Scope>
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

/** What a machine of a template takes of the host's memory. */
export const perMachineMebibytes = ({ memoryMebibytes }: Microvm): number => memoryMebibytes + overheadMebibytes

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

/**
 * A machine that runs and whose agent was greeted. What else is between that and its first program is done meanwhile, if it was not
 * done before: on a processor in software it takes as long as all before.
 */
export interface Ready {
  readonly vm: Vm | DurableVm
  readonly agent: Agent
  readonly inside: Effect.Effect<Inside, NotEntered>
}

/** Of a processor in software that does much beside it. */
const enterTimeout = "60 seconds"

/** Waits until a machine that nobody uses cannot be used any more. */
export const lost = ({ agent, inside, vm }: Ready): Effect.Effect<unknown> =>
  Effect.raceAllFirst([
    vm.lost,
    Effect.flip(agent.failed),
    Effect.flip(Effect.flatMap(inside, ({ interpreter }) => interpreter.failed))
  ])

/** Begins something that ends with the scope, and gives what waits for it. */
const meanwhile = <A, E, R>(doing: Effect.Effect<A, E, R>) => Effect.map(Effect.forkScoped(doing), Fiber.join)

const readyOf = Effect.fnUntraced(function* (
  begun: Effect.Effect<Vm | DurableVm, HypervisorError, Scope.Scope>,
  standing: Standing,
  { mayBeInFrame }: Pick<Left, "mayBeInFrame">
) {
  const vm = yield* begun
  const greeted = yield* greet(yield* vm.link, { epoch: standing.epoch, mayBeInFrame })
  const inside = yield* meanwhile(enter(greeted, standing))
  return { vm, agent: greeted.agent, inside } satisfies Ready
}, Effect.mapError(unavailable))

/** Compilers take a minute in software. */
const rehearsalTimeout = "5 minutes"

/** Has the interpreter of a machine that nobody waits for do all that programs have it do, so that theirs find it done before. */
const rehearsed = (languages: Microvm["languages"]) => (ready: Ready) =>
  Effect.gen(function* () {
    const { changes, interpreter } = yield* ready.inside
    yield* interpreter.prepare("rehearsal")
    yield* rehearse(interpreter, languages)
    yield* changes
  }).pipe(
    Effect.mapError(unavailable),
    Effect.timeoutOrElse({
      duration: rehearsalTimeout,
      orElse: () => Effect.fail(unavailable({ message: `its first programs do not end within ${rehearsalTimeout}` }))
    })
  )

/** A machine around a guest, which ends with the machine: that is with the scope, or when it is lost. */
const open = Effect.fnUntraced(function* (
  { key, template }: MicroVmOptions,
  { limits, onOutput }: MachineOptions,
  ready: Effect.Effect<Ready, Failure, Scope.Scope>,
  begin: (inside: Inside) => Effect.Effect<void, Trouble>,
  spent: Snapshot.Spent
) {
  const scope = yield* Scope.fork(yield* Effect.scope)
  const opened = Effect.gen(function* () {
    const { inside, vm } = yield* ready
    const entering = Effect.raceFirst(Effect.tap(inside, begin), Effect.flatMap(vm.lost, Effect.fail)).pipe(
      Effect.mapError(unavailable),
      Effect.timeoutOrElse({
        duration: enterTimeout,
        orElse: () => Effect.fail(unavailable({ message: `its guest cannot be used after ${enterTimeout}` }))
      })
    )
    return { vm, inside: yield* meanwhile(entering) }
  })
  return yield* GuestMachine.make({
    ...(yield* Scope.provide(opened, scope)),
    limits,
    onOutput,
    scope,
    template,
    spent,
    toSnapshot: (written) => Snapshot.write(written, key)
  })
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
    readyOf(hypervisor.begin(template), standing, { mayBeInFrame: false })
  )
  const ephemeral = Effect.flatMap(options.prepared, ({ standing, template }) =>
    readyOf(hypervisor.clone(template), standing, { mayBeInFrame: false })
  )
  const take = yield* options.keep(Effect.tap(durable, rehearsed(template.languages)))
  const tier: Machines["Service"] = {
    engine: hypervisor.engine,
    languages: template.languages,
    repeats: false,
    keepsRules: false,
    room: { name: "microvm", size: memoryMebibytes, perMachine: perMachineMebibytes(template) },
    limits: limitsOf(template),
    totalMillis: template.limits.totalMillis,
    idleMillis: template.limits.idleMillis,
    boot: Effect.fn("MicroVm.boot")(function* (machineOptions) {
      yield* whileOpen
      const ready = take(machineOptions.isEphemeral === true ? ephemeral : durable)
      return yield* open(
        options,
        machineOptions,
        ready,
        ({ interpreter }) => interpreter.prepare(machineOptions.seed),
        Snapshot.unspent
      )
    }),
    restore: Effect.fn("MicroVm.restore")(function* (snapshot, machineOptions) {
      const { checkpoint, spent, standing } = yield* Effect.fromResult(Snapshot.read(snapshot, options.key))
      yield* whileOpen
      // A guest goes on from the snapshot of the template that it began with, however the template has changed since.
      const restored = Effect.flatMap(hypervisor.find(checkpoint.header.template.key), (template) =>
        hypervisor.restore(template, checkpoint)
      )
      // What the host said to it while it was written down may have come in part.
      const ready = readyOf(restored, standing, { mayBeInFrame: true })
      return yield* open(options, machineOptions, ready, () => Effect.void, spent)
    })
  }
  return tier
})
