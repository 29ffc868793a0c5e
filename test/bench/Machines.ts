/**
 * Figures of machines with kernels of their own, in software, beside a cold boot in the same run. Pools are full, and at rest, when
 * anything else is measured.
 */
import { loadavg } from "node:os"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { type MachineOptions, Machines, type SnapshotMachine } from "../../src/machine/Machine.ts"
import { Hypervisor } from "../../src/microvm/Hypervisor.ts"
import * as MicroVm from "../../src/microvm/MicroVm.ts"
import * as Boot from "../../src/qemu/machine/Boot.ts"
import * as Pool from "../../src/supervisor/Pool.ts"
import { lacking, tierOf } from "../microvm/machines.ts"
import { agentOf, shape, World } from "../qemu/world.ts"
import type { Figure } from "./Authority.ts"
import * as Measure from "./Measure.ts"

const rounds = 15
const size = 4

const options: MachineOptions = {
  limits: { ...defaults, cpuSliceMillis: 60_000, cpuRunMillis: 600_000 },
  seed: "bench"
}

const timed = <A, E, R>(into: Array<number>, doing: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const start = performance.now()
    return Effect.tap(doing, () => Effect.sync(() => into.push(performance.now() - start)))
  })

const median = (values: ReadonlyArray<number>): number => Measure.of(values).median

const millis = (values: ReadonlyArray<number>): string =>
  `${median(values).toFixed(1)} ms (least ${Math.min(...values).toFixed(1)})`

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** Notes for how long at most something keeps everything else in this process waiting. */
const held = <A, E, R>(into: Array<number>, doing: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    return Effect.ensuring(
      doing,
      Effect.sync(() => {
        delay.disable()
        into.push(delay.max / 1e6)
      })
    )
  })

const repeat = <A, E, R>(times: number, doing: Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: times }), () => Effect.scoped(doing), { discard: true })

const run = (machine: SnapshotMachine, ordinal: number, language: "shell" | "python", source: string) =>
  machine.start({ ordinal, language, source, nowMillis: 0, tools: [] })

/** Times of what is done with one template. */
const figuresOf = (name: string, language: "shell" | "python", source: string) => {
  const all = {
    prepare: [] as Array<number>,
    sandbox: [] as Array<number>,
    sandboxFirst: [] as Array<number>,
    pooled: [] as Array<number>,
    pooledFirst: [] as Array<number>,
    warm: [] as Array<number>,
    hibernate: [] as Array<number>,
    held: [] as Array<number>,
    resume: [] as Array<number>
  }
  let pool: Pool.Pool<MicroVm.Ready> | undefined
  let isPooled = false
  const keep: MicroVm.MicroVmOptions["keep"] = (make) =>
    Effect.map(Pool.make({ size, make, lost: MicroVm.lost, budget: Pool.budget(size), cost: 1 }), (made) => {
      pool = made
      return (otherwise) => (isPooled ? made.take(otherwise) : otherwise)
    })
  const filled = Effect.repeat(Effect.sleep("50 millis"), {
    until: () => pool === undefined || pool.counts().ready === size
  })
  const opened = (machines: Machines["Service"], given: MachineOptions, times: Array<number>, first: Array<number>) =>
    Effect.flatMap(timed(times, machines.boot(given)), (machine) => timed(first, run(machine, 1, language, source)))
  const measured = Effect.gen(function* () {
    const machines = yield* Machines
    const hypervisor = yield* Hypervisor
    yield* filled
    yield* repeat(rounds, opened(machines, { ...options, isEphemeral: true }, all.sandbox, all.sandboxFirst))
    const alone = yield* Effect.scoped(
      Effect.gen(function* () {
        const machine = yield* machines.boot(options)
        yield* filled
        yield* run(machine, 1, language, source)
        for (let ordinal = 2; ordinal < rounds + 2; ordinal++) {
          yield* timed(all.warm, run(machine, ordinal, language, source))
        }
        let snapshot = yield* machine.snapshot
        for (let round = 0; round < 5; round++) snapshot = yield* held(all.held, timed(all.hibernate, machine.snapshot))
        yield* repeat(5, timed(all.resume, machines.restore(snapshot, options)))
        return [...snapshot.contents.values()].reduce((sum, { length }) => sum + length, 0)
      })
    )
    isPooled = true
    yield* repeat(
      rounds,
      Effect.andThen(filled, () => opened(machines, options, all.pooled, all.pooledFirst))
    )
    const [stored] = yield* hypervisor.stored
    const pss = stored === undefined ? Number.NaN : yield* clones(hypervisor, stored.key)
    return { snapshotBytes: alone, pss }
  })
  return Effect.suspend(() => {
    const start = performance.now()
    const prepared = Effect.sync(() => all.prepare.push(performance.now() - start))
    return Effect.provide(Effect.andThen(prepared, measured), tierOf(name, {}, { keep }))
  }).pipe(Effect.map((rest) => ({ ...all, ...rest })))
}

/** What each of some clones holds of the host's memory. */
const clones = (hypervisor: Hypervisor["Service"], key: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const template = yield* hypervisor.find(key)
      const vms = yield* Effect.forEach(Array.from({ length: 4 }), () => hypervisor.clone(template))
      const held = yield* Effect.forEach(vms, ({ memory }) => memory)
      return held.reduce((sum, { proportionalBytes }) => sum + proportionalBytes, 0) / held.length
    })
  )

/** Times from nothing to an agent that has welcomed its host. */
const coldBoots = Effect.gen(function* () {
  const world = yield* World
  const times: Array<number> = []
  if (world._tag === "Absent") return times
  const { host, image } = world
  yield* repeat(5, timed(times, Effect.flatMap(Boot.boot(host, { image, shape }), agentOf)))
  return times
}).pipe(Effect.provide(World.layer))

export const figures = async (): Promise<ReadonlyArray<Figure>> => {
  const why = (await lacking("python-data-analysis")) ?? (await lacking("shell"))
  if (why !== undefined) return [{ figure: `machines with kernels: ${why}`, ours: "not measured", goal: "-" }]
  const [cold, shell, python] = await Effect.runPromise(
    Effect.all([
      coldBoots,
      figuresOf("shell", "shell", "echo hi"),
      figuresOf("python-data-analysis", "python", "1 + 1")
    ])
  )
  const times = median(cold) / median(shell.sandbox)
  return [
    { figure: "shell: cold boot", ours: millis(cold), goal: "-" },
    { figure: "shell: cold boot, in times of a sandbox", ours: `${times.toFixed(1)} x`, goal: ">= 25 x" },
    {
      figure: `shell: boot, warm-up and freezing of the template (load ${loadavg()[0]?.toFixed(1)})`,
      ours: millis(shell.prepare),
      goal: "-"
    },
    {
      figure: "shell: open a sandbox, to the welcome of its agent",
      ours: millis(shell.sandbox),
      goal: "<= 60 ms in software"
    },
    { figure: "shell: a sandbox's first script", ours: millis(shell.sandboxFirst), goal: "-" },
    { figure: "shell: open a session, from the pool", ours: millis(shell.pooled), goal: "<= 5 ms" },
    {
      figure: "shell: the first script of one from the pool, which is refilled",
      ours: millis(shell.pooledFirst),
      goal: "-"
    },
    { figure: "shell: a warm script", ours: millis(shell.warm), goal: "-" },
    { figure: "shell: hibernate", ours: `${millis(shell.hibernate)}, ${mebibytes(shell.snapshotBytes)}`, goal: "-" },
    { figure: "shell: resume, to the welcome of its agent", ours: millis(shell.resume), goal: "-" },
    { figure: "shell: memory per clone (PSS of four)", ours: mebibytes(shell.pss), goal: "-" },
    { figure: "python with pandas: boot, warm-up and freezing", ours: millis(python.prepare), goal: "-" },
    {
      figure: "python with pandas: open a sandbox, to the welcome of its agent",
      ours: millis(python.sandbox),
      goal: "<= 60 ms in software"
    },
    { figure: "python with pandas: a sandbox's first cell", ours: millis(python.sandboxFirst), goal: "-" },
    { figure: "python with pandas: open a session, from the pool", ours: millis(python.pooled), goal: "<= 5 ms" },
    {
      figure: "python with pandas: the first cell of one from the pool, which is refilled",
      ours: millis(python.pooledFirst),
      goal: "-"
    },
    { figure: "python with pandas: a warm cell", ours: millis(python.warm), goal: "<= 15 ms in software" },
    {
      figure: "python with pandas: hibernate",
      ours: `${millis(python.hibernate)}, ${mebibytes(python.snapshotBytes)}`,
      goal: "-"
    },
    { figure: "python with pandas: hibernate, event loop held at most", ours: millis(python.held), goal: "-" },
    { figure: "python with pandas: resume, to the welcome of its agent", ours: millis(python.resume), goal: "-" },
    { figure: "python with pandas: memory per clone (PSS of four)", ours: mebibytes(python.pss), goal: "-" }
  ]
}
