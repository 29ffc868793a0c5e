import { assert } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { defaults } from "../../../src/machine/Limits.ts"
import type { SnapshotMachine } from "../../../src/machine/Machine.ts"
import type { Output } from "../../../src/machine/Turn.ts"
import type { Programs } from "./Programs.ts"
import {
  assertStill,
  boot,
  completed,
  deny,
  epoch,
  expectTag,
  failed,
  give,
  type It,
  ids,
  parked,
  program,
  restore,
  unbroken
} from "./Steps.ts"

/** Output, errors, clock and what lasts from run to run. */
export const runs = (it: It, programs: Programs) => {
  it.effect("O13 the clock stands still while the guest runs and is set by each answer", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const { sleeps } = parked(yield* machine.start(program(programs.clock)))
      assert.deepStrictEqual(sleeps, [{ id: "1.1", dueMillis: epoch + 5_000 }])
      const turn = yield* machine.answer([{ id: "1.1" }], epoch + 86_400_000)
      assert.deepStrictEqual(completed(turn), [epoch, epoch + 86_400_000])
    })
  )

  it.effect("O1 O2 O5 output is in its turn and is streamed in the same order, stderr apart, beside the value", () =>
    Effect.gen(function* () {
      const streamed: Array<Output> = []
      const machine = yield* boot({ onOutput: (output) => streamed.push(output) })
      const first = yield* machine.start(program(programs.print))
      assert.deepStrictEqual(first.output, [
        { stream: "stdout", text: "one\n" },
        { stream: "stderr", text: "two\n" }
      ])
      assert.deepStrictEqual(unbroken(streamed), first.output)
      const second = yield* machine.answer([give("1.1", null)], epoch)
      assert.deepStrictEqual(second.output, [{ stream: "stdout", text: "three\n" }])
      assert.deepStrictEqual(unbroken(streamed), [...first.output, ...second.output])
      assert.strictEqual(completed(second), 4)
    })
  )

  it.effect("O1 output of a turn that does not end is streamed meanwhile", () =>
    Effect.gen(function* () {
      const spinning = yield* Deferred.make<Output>()
      const streamed: Array<Output> = []
      const onOutput = (output: Output) => {
        streamed.push(output)
        const [first] = unbroken(streamed)
        if (first?.text.endsWith("\n")) Deferred.doneUnsafe(spinning, Effect.succeed(first))
      }
      const machine = yield* boot({ onOutput })
      const run = yield* Effect.forkChild(machine.start(program(programs.spin)))
      assert.deepStrictEqual(yield* Deferred.await(spinning), { stream: "stdout", text: "spinning\n" })
      yield* Fiber.interrupt(run)
    })
  )

  it.effect("O3 a rejected call can be caught", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.catches))
      const turn = yield* machine.answer([deny("1.1", "CapabilityError", "not yours")], epoch)
      assert.strictEqual(completed(turn), "caught CapabilityError: not yours")
    })
  )

  it.effect("O3 an uncaught rejection fails the run with that error, and the machine goes on", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.relay))
      const { error, fatal } = failed(yield* machine.answer([deny("1.1", "CapabilityError", "not yours")], epoch))
      assert.deepStrictEqual([error.name, error.message, fatal], ["CapabilityError", "not yours", false])
      parked(yield* machine.start(program(programs.relay, { ordinal: 2 })))
    })
  )

  it.effect("T7 a result that is longer than it may be is an error to catch", () =>
    Effect.gen(function* () {
      const machine = yield* boot({ limits: { ...defaults, resultBytes: 100 } })
      yield* machine.start(program(programs.catches))
      const turn = yield* machine.answer([give("1.1", "é".repeat(50))], epoch)
      assert.strictEqual(completed(turn), "caught RangeError: the result has 102 bytes, 100 are allowed")
      yield* machine.start(program(programs.catches, { ordinal: 2 }))
      assert.strictEqual(completed(yield* machine.answer([give("2.1", "é".repeat(49))], epoch)), "é".repeat(49))
    })
  )

  it.effect("a source that is longer than it may be is not run", () =>
    Effect.gen(function* () {
      const machine = yield* boot({ limits: { ...defaults, sourceBytes: 1_000 } })
      const { error, fatal, output } = failed(yield* machine.start(program(programs.spin + " ".repeat(1_000))))
      assert.deepStrictEqual([error.name, error.reason, fatal, output], ["RangeError", "TooLarge", false, []])
      expectTag(yield* machine.start(program(programs.remember, { ordinal: 2 })), "Completed")
    })
  )

  it.effect("O3 a thrown error fails the run with name and message, and the machine goes on", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.remember))
      const { error, fatal } = failed(yield* machine.start(program(programs.throws, { ordinal: 2 })))
      assert.deepStrictEqual([error.name, error.message, fatal], ["TypeError", "bad thing", false])
      assert.strictEqual(completed(yield* machine.start(program(programs.recall, { ordinal: 3 }))), 42)
    })
  )

  it.effect("O9 a run that waits for nothing that can happen fails instead of hanging", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const { error } = failed(yield* machine.start(program(programs.stall)))
      assert.strictEqual(error.reason, "Stalled")
    })
  )

  it.effect("session variables last from run to run", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      expectTag(yield* machine.start(program(programs.remember)), "Completed")
      assert.strictEqual(completed(yield* machine.start(program(programs.recall, { ordinal: 2 }))), 42)
    })
  )

  it.effect("a new run gives up one that still waits, and a machine without a run takes no answers", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const { error, fatal } = failed(yield* machine.answer([give("1.1", 1)], epoch))
      assert.deepStrictEqual([error.reason, fatal], ["NoRun", false])
      yield* machine.start(program(programs.all))
      const turn = parked(yield* machine.start(program(programs.relay, { ordinal: 2 })))
      assert.deepStrictEqual([ids(turn), turn.cancelled], [["2.1"], ["1.1", "1.2", "1.3"]])
      assertStill(yield* machine.answer([give("1.1", "late")], epoch))
      assert.strictEqual(completed(yield* machine.answer([give("2.1", "in time")], epoch)), "in time")
    })
  )

  it.effect("M3 two machines with one seed make the same turns", () =>
    Effect.gen(function* () {
      const turns: Array<ReadonlyArray<unknown>> = []
      for (const machine of [yield* boot(), yield* boot()]) {
        const made = [
          yield* machine.start(program(programs.random)),
          yield* machine.start(program(programs.branches, { ordinal: 2 })),
          yield* machine.answer([give("2.2", 1), give("2.1", 2)], epoch + 1),
          yield* machine.answer([give("2.4", 3), give("2.3", 4)], epoch + 2)
        ]
        turns.push(made.map(({ usage: _, ...turn }) => turn))
      }
      assert.deepStrictEqual(turns[0], turns[1])
    })
  )

  it.effect("O13 the seed decides the random numbers, and a restored machine goes on with its own sequence", () =>
    Effect.gen(function* () {
      const numbers = (machine: SnapshotMachine, ordinal: number) =>
        Effect.map(machine.start(program(programs.random, { ordinal })), completed)
      const machine = yield* boot({ seed: "one" })
      const first = yield* numbers(machine, 1)
      assert.deepStrictEqual(yield* numbers(yield* boot({ seed: "one" }), 1), first)
      assert.notDeepEqual(yield* numbers(yield* boot({ seed: "two" }), 1), first)
      const copy = yield* restore(yield* machine.snapshot, { seed: "three" })
      const second = yield* numbers(machine, 2)
      assert.notDeepEqual(second, first)
      assert.deepStrictEqual(yield* numbers(copy, 2), second)
    })
  )

  it.effect("every turn says what it cost", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const turns = [
        yield* machine.start(program(programs.relay)),
        yield* machine.answer([give("1.1", 1)], epoch),
        yield* machine.start(program(programs.throws, { ordinal: 2 }))
      ]
      for (const { usage } of turns) {
        assert.isAtLeast(usage.cpuMillis, 0)
        assert.isAtLeast(usage.memoryBytes, 0)
      }
    })
  )
}
