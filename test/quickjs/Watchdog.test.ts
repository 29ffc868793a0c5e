import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { type MachineError, type MachineOptions, Machines, type SnapshotMachine } from "../../src/machine/Machine.ts"
import type { Output, Turn } from "../../src/machine/Turn.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"

const tier = (options: Partial<QuickJs.Options> = {}) =>
  QuickJs.layer({ key: new Uint8Array(32).fill(3), threads: 1, ...options })

const boot = ({ cpuSliceMillis = 100, ...options }: Partial<MachineOptions> & { cpuSliceMillis?: number } = {}) =>
  Machines.use((machines) => machines.boot({ limits: { ...defaults, cpuSliceMillis }, seed: "watchdog", ...options }))

const start = (machine: SnapshotMachine, source: string) =>
  machine.start({ ordinal: 1, language: "javascript", source, nowMillis: 0, tools: [] })

/** Searches in native code, which polls nothing: the engine cannot stop it. */
const burn = "const text = 'a'.repeat(4e6); for (;;) text.indexOf('b')"
/** Prints, and searches for so long in between that what it prints is heard and what it should hear is not. */
const announcedBurn = "console.log('burning'); const text = 'a'.repeat(1e5); for (;;) text.indexOf('b')"

const assertWorks = (machine: SnapshotMachine) =>
  Effect.map(start(machine, "return 1 + 1"), (turn) =>
    assert.strictEqual(turn._tag === "Completed" && turn.value, "2", JSON.stringify(turn))
  )

const assertFatal = (turn: Turn, reason: string) => {
  assert.deepStrictEqual(turn._tag === "Failed" && [turn.fatal, turn.error.reason], [true, reason])
}

const reasonOf = (operation: Effect.Effect<unknown, MachineError>) =>
  Effect.map(Effect.flip(operation), ({ reason }) => reason._tag)

/** A guest that burns in native code, and is under way. */
const burning = Effect.fnUntraced(function* (options: Partial<MachineOptions> = {}) {
  const heard = yield* Deferred.make<void>()
  const onOutput = () => Deferred.doneUnsafe(heard, Effect.void)
  const machine = yield* boot({ cpuSliceMillis: 30_000, onOutput, ...options })
  const run = yield* Effect.forkChild(Effect.exit(start(machine, announcedBurn)))
  yield* Deferred.await(heard)
  return { machine, run }
})

describe("the watchdog", () => {
  it.live("O7 ends a guest that the engine cannot stop, within half a second of its limit", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const turn = yield* start(machine, burn)
      assertFatal(turn, "Unresponsive")
      assert.isBelow(turn.usage.cpuMillis, 100 + 500)
      assert.strictEqual(yield* reasonOf(start(machine, "1")), "MachineLost")
    }).pipe(Effect.provide(tier()))
  )

  it.live("a worker has room for all arguments that may wait, also where a character takes two bytes", () =>
    Effect.gen(function* () {
      const limits = { ...defaults, cpuSliceMillis: 30_000, cpuRunMillis: 30_000 }
      const [machine, neighbour] = [yield* boot({ limits }), yield* boot()]
      const turn = yield* start(
        machine,
        `const ask = (text) => tools.echo({ text })
        const made = Array.from({ length: 80 }, () => ask("\u0416" + "x".repeat(1_000_000)).catch((error) => error.reason))
        const all = await Promise.all(made)`
      )
      assert.strictEqual(turn._tag === "Parked" && turn.calls.length, 33, JSON.stringify(turn).slice(0, 300))
      yield* assertWorks(neighbour)
    }).pipe(Effect.provide(tier()))
  )

  it.live("a worker has room for all files that each of its machines may have", () =>
    Effect.gen(function* () {
      const machines = yield* Effect.forEach(Array.from({ length: 20 }), () => boot({ cpuSliceMillis: 30_000 }))
      for (const machine of machines) {
        const turn = yield* start(
          machine,
          "for (let at = 0; at < 9_900; at++) await fs.writeFile(`/workspace/${at}`, 'x')"
        )
        assert.strictEqual(turn._tag, "Completed", JSON.stringify(turn).slice(0, 300))
      }
      yield* Effect.forEach(machines, assertWorks, { discard: true })
    }).pipe(Effect.provide(tier()))
  )

  it.live.each([
    ["joins", "const a = new Array(1e6).fill('text'); for (;;) a.join()"],
    ["sorts", "const a = Array.from({ length: 3e5 }, () => 'x'.repeat(50)); for (;;) a.sort()"],
    ["concatenates lists as text", "const a = new Array(1e6).fill(0); for (;;) '' + a"],
    ["multiplies BigInts", "let n = 3n ** 100_000n; for (;;) n * n"],
    ["searches for half of it", "const text = 'a'.repeat(2e6) + 'b'; for (;;) text.indexOf('a'.repeat(1e6) + 'c')"],
    ["stringifies", "const a = new Array(1e6).fill({ a: 1 }); for (;;) JSON.stringify(a)"]
  ] as const)("O7 ends a guest that %s in native code, or the engine does", ([, source]) =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const turn = yield* start(machine, source)
      assert.isTrue(turn._tag === "Failed" && turn.fatal, JSON.stringify(turn))
      assert.isBelow(turn.usage.cpuMillis, 100 + 500)
    }).pipe(Effect.provide(tier()))
  )

  it.live("O6 leaves a guest to the engine that the engine can stop, and its worker to the others", () =>
    Effect.gen(function* () {
      const neighbour = yield* boot()
      const turn = yield* start(yield* boot(), "for (;;) {}")
      assertFatal(turn, "CpuLimit")
      assert.isBelow(turn.usage.cpuMillis, 100 + 100)
      yield* assertWorks(neighbour)
    }).pipe(Effect.provide(tier()))
  )

  it.live("keeps what the guest printed before it became unresponsive", () =>
    Effect.gen(function* () {
      const streamed: Array<Output> = []
      const machine = yield* boot({ cpuSliceMillis: 2_000, onOutput: (output) => streamed.push(output) })
      const turn = yield* start(machine, `console.log("burning"); for (let i = 0; i < 1e6; i++); ${burn}`)
      assertFatal(turn, "Unresponsive")
      assert.deepStrictEqual(turn.output, [{ stream: "stdout", text: "burning\n" }])
      assert.deepStrictEqual(streamed, turn.output)
    }).pipe(Effect.provide(tier()))
  )

  it.live("loses the machines of that worker, whose snapshots go on in another; other workers notice nothing", () =>
    Effect.gen(function* () {
      const machines = yield* Machines
      const burner = yield* boot()
      const distant = yield* boot()
      const near = yield* boot()
      yield* start(near, "globalThis.kept = 41")
      yield* start(distant, "globalThis.kept = 1")
      const bytes = yield* near.snapshot
      assertFatal(yield* start(burner, burn), "Unresponsive")
      assert.strictEqual(yield* reasonOf(start(near, "1")), "MachineLost")
      const revived = yield* machines.restore(bytes, { limits: defaults, seed: "" })
      for (const [machine, expected] of [
        [revived, "42"],
        [distant, "2"]
      ] as const) {
        const turn = yield* start(machine, "return kept + 1")
        assert.strictEqual(turn._tag === "Completed" && turn.value, expected)
      }
    }).pipe(Effect.provide(tier({ threads: 2 })))
  )

  it.live("ends a guest that does not stop when it is interrupted", () =>
    Effect.gen(function* () {
      const { machine, run } = yield* burning()
      yield* Fiber.interrupt(run)
      assert.strictEqual(yield* reasonOf(start(machine, "1")), "MachineLost")
      yield* assertWorks(yield* boot())
    }).pipe(Effect.provide(tier()))
  )

  it.live("does not make others pay for the interruption of a guest that only waits for its turn", () =>
    Effect.gen(function* () {
      const heard = yield* Deferred.make<void>()
      const busy = yield* boot({ cpuSliceMillis: 1_000, onOutput: () => Deferred.doneUnsafe(heard, Effect.void) })
      const waiting = yield* boot()
      const long = yield* Effect.forkChild(start(busy, "console.log(1); for (;;) {}"))
      yield* Deferred.await(heard)
      const short = yield* Effect.forkChild(start(waiting, "return 1"), { startImmediately: true })
      yield* Fiber.interrupt(short)
      assert.isUndefined(long.pollUnsafe())
      assert.strictEqual(yield* reasonOf(start(waiting, "1")), "MachineLost")
      assertFatal(yield* Fiber.join(long), "CpuLimit")
      yield* assertWorks(yield* boot())
    }).pipe(Effect.provide(tier()))
  )

  it.live("ends a guest whose scope is closed and that does not stop", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { run } = yield* Scope.provide(burning(), scope)
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(run)))
      yield* assertWorks(yield* boot())
    }).pipe(Effect.provide(tier()))
  )

  it.live("ends a guest that does not stop when the tier is closed", () =>
    Effect.gen(function* () {
      const { run } = yield* burning().pipe(Effect.provide(tier()))
      assert.isTrue(Exit.isFailure(yield* Fiber.join(run)))
    })
  )
})

describe("quarantine", () => {
  it.live("gives each machine a worker of its own, and has those wait who are too many", () =>
    Effect.gen(function* () {
      const apart = { quarantine: true }
      const scope = yield* Scope.make()
      const burner = yield* Scope.provide(boot(apart), scope)
      const other = yield* boot(apart)
      const third = yield* Effect.forkChild(boot(apart), { startImmediately: true })
      const shared = yield* boot()
      assertFatal(yield* start(burner, burn), "Unresponsive")
      for (const machine of [other, shared, yield* Fiber.join(third)]) yield* assertWorks(machine)
      yield* Scope.close(scope, Exit.void)
    }).pipe(Effect.provide(tier({ quarantineThreads: 2 })))
  )

  it.live("can be waited for in vain", () =>
    Effect.gen(function* () {
      const apart = { quarantine: true }
      const scope = yield* Scope.make()
      yield* Scope.provide(boot(apart), scope)
      const impatient = yield* Effect.forkChild(boot(apart), { startImmediately: true })
      const patient = yield* Effect.forkChild(boot(apart), { startImmediately: true })
      yield* Fiber.interrupt(impatient)
      assert.isUndefined(patient.pollUnsafe())
      yield* Scope.close(scope, Exit.void)
      yield* assertWorks(yield* Fiber.join(patient))
    }).pipe(Effect.provide(tier({ quarantineThreads: 1 })))
  )
})
