/** Processes with machines that are gone when the power is, and that do not do the same again. */
import { Effect, Exit, Layer, Scope } from "effect"
import {
  MachineError,
  MachineLost,
  Machines,
  type ProcessLimit,
  type SnapshotMachine,
  type SnapshotTooLarge
} from "../../src/machine/Machine.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import type { OpenOptions, SessionsOptions } from "../../src/session/Sessions.ts"
import { type Hooks, makeWorld, programs } from "./world.ts"

interface Power {
  isOn: boolean
  /** How often it was off for a moment: machines that there were before are gone. */
  failures?: number
  /** How long a machine takes to boot. */
  bootMillis?: number
  /** How long a machine takes to be written down. */
  writingMillis?: number
  /** It goes off when a machine is to be written down. */
  isWeak?: boolean
  /** Why machines cannot be written down. */
  refusal?: SnapshotTooLarge | ProcessLimit | undefined
}

const lost = Effect.fail(new MachineError({ reason: new MachineLost({ detail: "the power is off" }) }))

/** Machines that are gone when the power is, and do not repeat themselves. */
const tier = (power: Power) => {
  const frail = (machine: SnapshotMachine): SnapshotMachine => {
    const { failures } = power
    const powered = <A, E>(operation: Effect.Effect<A, E>) =>
      Effect.suspend(
        (): Effect.Effect<A, E | MachineError> => (power.isOn && power.failures === failures ? operation : lost)
      )
    return {
      start: (program) => powered(machine.start(program)),
      answer: (answers, nowMillis) => powered(machine.answer(answers, nowMillis)),
      files: (operation, nowMillis) => powered(machine.files(operation, nowMillis)),
      snapshot: Effect.suspend(() => {
        if (power.refusal !== undefined) return Effect.fail(new MachineError({ reason: power.refusal }))
        if (power.isWeak === true) power.isOn = false
        return Effect.delay(powered(machine.snapshot), power.writingMillis ?? 0)
      })
    }
  }
  return Layer.effect(
    Machines,
    Effect.map(Machines, (machines) => ({
      ...machines,
      idleMillis: 60_000,
      totalMillis: 3_600_000,
      limits: { memoryMebibytes: 128 },
      boot: (options) => {
        const booted = Effect.map(machines.boot(options), frail)
        return power.bootMillis === undefined ? booted : Effect.delay(booted, power.bootMillis)
      },
      restore: (snapshot, options) => Effect.map(machines.restore(snapshot, options), frail)
    }))
  ).pipe(Layer.provide(Scripted.layer(programs, { repeats: false })))
}

export const make = Effect.gen(function* () {
  const world = yield* makeWorld
  /** A process of its own, and what ends it: in good order, or with its machines. */
  const process = Effect.fnUntraced(function* (options?: SessionsOptions) {
    const power: Power = { isOn: true }
    const scope = yield* Scope.make()
    const sessions = yield* Scope.provide(world.process(options, programs, tier(power)), scope)
    const end = Scope.close(scope, Exit.void)
    const crash = Effect.andThen(
      Effect.sync(() => (power.isOn = false)),
      end
    )
    const open = (id: string, options: Partial<OpenOptions> = {}, hooks: Hooks = {}) =>
      Effect.flatMap(Effect.orDie(world.grants(hooks)), (grants) =>
        Scope.provide(sessions.open({ ...grants, id, ...options }), scope)
      )
    const resume = (id: string) =>
      Effect.flatMap(Effect.orDie(world.grants()), (grants) => Scope.provide(sessions.resume(id, grants), scope))
    return { ...world, power, sessions, end, crash, open, resume }
  })
  return { ...world, process }
})
