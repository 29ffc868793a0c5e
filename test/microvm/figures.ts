/**
 * What machines cost behind the port of hypervisors, in one run on one host: medians, and the least. The first argument is the
 * number of rounds, the second that of clones that are made and ended, the third that of suspensions of one machine.
 */
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, type Scope } from "effect"
import type { Checkpoint } from "../../src/microvm/Checkpoint.ts"
import type { DurableVm, Vm } from "../../src/microvm/Hypervisor.ts"
import { Trial } from "../contract/HypervisorContract.ts"
import { layer } from "../qemu/trial.ts"
import { agentOf, noted, shell, still, talk } from "./guest.ts"

const [rounds = 10, clones = 200, suspensions = 50] = process.argv.slice(2).map(Number)

/** Clones that run at the same time where their memory is looked at. */
const together = 6

const figures = new Map<string, Array<number>>()

const note = (name: string, value: number) => figures.set(name, [...(figures.get(name) ?? []), value])

/** Takes the time of something under a name. */
const timed = <A, E, R>(name: string, doing: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.tap(doing, () => Effect.sync(() => note(`${name}, ms`, performance.now() - start)))
  })

const repeated = <A, E, R>(doing: Effect.Effect<A, E, R>, times = rounds) =>
  Effect.forEach(Array.from({ length: times }), () => Effect.scoped(doing), { discard: true })

const welcomed = <E, R>(making: Effect.Effect<Vm, E, R | Scope.Scope>) => Effect.tap(making, agentOf)

const mebibytes = (bytes: number): number => bytes / 1_048_576

const bytesOf = ({ pieces }: Checkpoint): number => [...pieces.values()].reduce((sum, { length }) => sum + length, 0)

/** Some work of a guest, of which its memory and its disk have something. */
const work =
  "for i in 1 2 3; do seq 1 20000 | sort -r > /workspace/out; done; head -c 4000000 /dev/urandom > /dev/shm/x; sync"

const checkpointed = (vm: DurableVm, name: string) =>
  Effect.gen(function* () {
    yield* still(vm)
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const checkpoint = yield* timed(`checkpoint, ${name}`, vm.checkpoint)
    delay.disable()
    note(`checkpoint, ${name}: event loop held, ms`, delay.max / 1e6)
    note(`checkpoint, ${name}: MiB of pieces`, mebibytes(bytesOf(checkpoint)))
    return checkpoint
  })

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

const program = Effect.gen(function* () {
  const trial = yield* Trial
  if (trial._tag === "Absent") return yield* Console.log(`nothing is measured: ${trial.why}`)
  const { hypervisor, image, traces } = trial
  const template = yield* timed("prepare", hypervisor.prepare(image, noted))
  yield* repeated(timed("clone", hypervisor.clone(template)))
  yield* repeated(timed("clone, to the welcome", welcomed(hypervisor.clone(template))))
  yield* repeated(timed("begin", hypervisor.begin(template)))
  yield* Effect.scoped(
    Effect.gen(function* () {
      const vms = yield* Effect.forEach(Array.from({ length: together }), () => hypervisor.clone(template))
      yield* Effect.forEach(vms, (vm) => talk(vm, (agent) => shell(agent, "echo hi")))
      for (const vm of vms) {
        const { ownBytes, proportionalBytes } = yield* vm.memory
        note(`one of ${together} clones, after a command: MiB of its own`, mebibytes(ownBytes))
        note(`one of ${together} clones, after a command: MiB, its share`, mebibytes(proportionalBytes))
      }
    })
  )
  yield* repeated(
    Effect.gen(function* () {
      const vm = yield* hypervisor.begin(template)
      yield* checkpointed(vm, "untouched")
      yield* talk(vm, (agent) => shell(agent, work))
      const checkpoint = yield* checkpointed(vm, "after work")
      yield* checkpointed(vm, "again")
      yield* Effect.scoped(timed("restore", hypervisor.restore(template, checkpoint)))
      yield* Effect.scoped(timed("restore, to the welcome", welcomed(hypervisor.restore(template, checkpoint))))
    })
  )
  const before = traces()
  yield* timed(`${clones} clones, made and ended`, repeated(hypervisor.clone(template), clones))
  yield* Console.log(`traces before ${before.length}, after ${traces().length}: ${before.at(-1)}, ${traces().at(-1)}`)
  yield* suspended
  for (const [name, values] of figures) {
    const least = Math.min(...values).toFixed(1)
    yield* Console.log(`${name.padEnd(56)} ${median(values).toFixed(1)} (least ${least}, n ${values.length})`)
  }
})

/** One machine, put to disk and brought back; what counts in it goes on. */
const suspended = Effect.gen(function* () {
  const trial = yield* Trial
  if (trial._tag === "Absent") return
  const { hypervisor, image } = trial
  const template = yield* hypervisor.prepare(image, noted)
  const next = "n=$(($(cat /dev/shm/n 2>/dev/null) + 1)); echo $n > /dev/shm/n; echo $n"
  const once = (vm: DurableVm) =>
    Effect.gen(function* () {
      const count = yield* talk(vm, (agent) => Effect.tap(shell(agent, next), () => agent.freeze))
      yield* timed("suspend", vm.suspend)
      return { id: vm.id, count }
    })
  const { id } = yield* Effect.scoped(Effect.flatMap(hypervisor.begin(template), once))
  let last = ""
  for (let round = 0; round < suspensions; round++) {
    const resumed = timed("resume", hypervisor.resume(id))
    last = (yield* Effect.scoped(Effect.flatMap(resumed, once))).count
  }
  yield* hypervisor.discard(id)
  yield* Console.log(`suspended ${suspensions} times more; it counted to ${last}`)
})

NodeRuntime.runMain(program.pipe(Effect.provide(layer)))
