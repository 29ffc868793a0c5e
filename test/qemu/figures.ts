/** How long the ways of a machine take, in one run on one host: medians, and the least. What is not measured: pools, and KVM. */
import { loadavg } from "node:os"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, type Scope } from "effect"
import type { Host } from "../../src/qemu/Host.ts"
import * as Boot from "../../src/qemu/machine/Boot.ts"
import * as Durable from "../../src/qemu/machine/Durable.ts"
import type { Vm } from "../../src/qemu/machine/Start.ts"
import * as Template from "../../src/qemu/machine/Template.ts"
import { agentOf, shape, shell, still, World } from "./world.ts"

const rounds = Number(process.argv[2] ?? 10)

const figures = new Map<string, Array<number>>()

/** Takes the time of something under a name. */
const timed = <A, E, R>(name: string, doing: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.tap(doing, () =>
      Effect.sync(() => figures.set(name, [...(figures.get(name) ?? []), performance.now() - start]))
    )
  })

const repeated = <A, E, R>(doing: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: rounds }), () => Effect.scoped(doing), { discard: true })

/** Until the agent has welcomed its host, its clock is set and its chance is new. */
const welcomed = <E, R>(making: Effect.Effect<Vm, E, R | Scope.Scope>) =>
  Effect.flatMap(making, (vm) => Effect.map(agentOf(vm), (agent) => ({ vm, agent })))

/** A machine that came back and is still again; its agent was spoken to in between. */
const resumedAndWelcomed = (host: Host) =>
  Effect.gen(function* () {
    const vm = yield* Durable.resume(host, "figures")
    yield* Effect.scoped(agentOf(vm))
    return vm
  })

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN

const program = Effect.gen(function* () {
  const world = yield* World
  if (world._tag === "Absent") return yield* Console.log(`nothing is measured: ${world.why}`)
  const { host, image, snapshot } = world
  yield* repeated(timed("cold boot", welcomed(Boot.boot(host, { image, shape }))))
  yield* repeated(timed("restore: process and state alone", Template.clone(host, snapshot)))
  yield* repeated(
    Effect.gen(function* () {
      const { agent } = yield* timed("restore: to the welcome", welcomed(Template.clone(host, snapshot)))
      yield* timed("first command", shell(agent, "echo hi"))
      yield* timed("second command", shell(agent, "echo hi"))
    })
  )
  yield* Effect.scoped(
    Effect.gen(function* () {
      const vm = yield* timed("private copy", Durable.begin(host, snapshot, "figures", Durable.asTemplate(snapshot)))
      yield* still(vm)
      yield* vm.hibernate("process")
    })
  )
  for (const durability of ["process", "power"] as const) {
    yield* repeated(
      Effect.gen(function* () {
        const vm = yield* timed("resume: process and state alone", Durable.resume(host, "figures"))
        yield* still(vm)
        yield* timed(`hibernate, to outlive the ${durability}`, vm.hibernate(durability))
      })
    )
  }
  yield* repeated(
    Effect.gen(function* () {
      const vm = yield* timed("resume: to the welcome", resumedAndWelcomed(host))
      yield* vm.hibernate("process")
    })
  )
  yield* Console.log(
    `load of the host: ${loadavg()
      .map((load) => load.toFixed(1))
      .join(" ")}`
  )
  for (const [name, values] of figures) {
    const least = Math.min(...values).toFixed(1)
    yield* Console.log(`${name.padEnd(36)} ${median(values).toFixed(1)} ms (least ${least}, n ${values.length})`)
  }
})

NodeRuntime.runMain(program.pipe(Effect.provide(World.layer)))
