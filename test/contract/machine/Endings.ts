import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { defaults } from "../../../src/machine/Limits.ts"
import type { Programs } from "./Programs.ts"
import {
  assertLost,
  assertStill,
  boot,
  completed,
  deny,
  epoch,
  failed,
  give,
  type It,
  ids,
  program,
  reasonOf,
  restore
} from "./Steps.ts"
import type { Traits } from "./Traits.ts"

/** Overlap, interruption, limits and the end of a machine. */
export const endings = (it: It, programs: Programs, { spinMillis }: Traits) => {
  it.effect("M1 operations that overlap wait their turn", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const [turn, bytes] = yield* Effect.all(
        [machine.start(program(programs.all)), machine.snapshot, machine.answer([give("1.1", "a")], epoch)],
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(ids(turn), ["1.1", "1.2", "1.3"])
      const copy = yield* restore(bytes)
      const answers = ["1.1", "1.2", "1.3"].map((id) => give(id, id))
      assert.deepStrictEqual(completed(yield* copy.answer(answers, epoch)), ["1.1", "1.2", "1.3"])
      const turns = yield* Effect.forEach(answers.slice(1), (answer) => machine.answer([answer], epoch), {
        concurrency: "unbounded"
      })
      assertStill(turns[0] ?? turn)
      assert.deepStrictEqual(completed(turns[1] ?? turn), ["a", "1.2", "1.3"])
    })
  )

  it.effect.each(["start", "answer"] as const)("M4 interrupting %s stops the guest and loses the machine", (stage) =>
    Effect.gen(function* () {
      const spinning = yield* Deferred.make<void>()
      const machine = yield* boot({ onOutput: () => Deferred.doneUnsafe(spinning, Effect.void) })
      if (stage === "answer") yield* machine.start(program(programs.askThenSpin))
      const operation =
        stage === "start" ? machine.start(program(programs.spin)) : machine.answer([give("1.1", null)], epoch)
      const fiber = yield* Effect.forkChild(operation)
      yield* Deferred.await(spinning)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      yield* assertLost(machine, programs.relay)
    })
  )

  it.effect("M4 an interrupted machine's snapshot goes on where it was", () =>
    Effect.gen(function* () {
      const spinning = yield* Deferred.make<void>()
      const machine = yield* boot({ onOutput: () => Deferred.doneUnsafe(spinning, Effect.void) })
      yield* machine.start(program(programs.askThenSpin))
      const bytes = yield* machine.snapshot
      const fiber = yield* Effect.forkChild(machine.answer([give("1.1", null)], epoch))
      yield* Deferred.await(spinning)
      yield* Fiber.interrupt(fiber)
      const copy = yield* restore(bytes)
      failed(yield* copy.answer([deny("1.1", "Error", "stop")], epoch))
    })
  )

  it.effect("O6 a guest that never waits is stopped when its slice is used up, and its machine is lost", () =>
    Effect.gen(function* () {
      const machine = yield* boot({ limits: { ...defaults, cpuSliceMillis: spinMillis } })
      const { fatal, output } = failed(yield* machine.start(program(programs.spin)))
      assert.isTrue(fatal)
      assert.deepStrictEqual(output, [{ stream: "stdout", text: "spinning\n" }])
      yield* assertLost(machine, programs.relay)
    })
  )

  it.effect("O4 operations after the scope is closed fail", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const machine = yield* Scope.provide(boot(), scope)
      yield* machine.start(program(programs.relay))
      yield* Scope.close(scope, Exit.void)
      yield* assertLost(machine, programs.relay)
    })
  )

  it.effect("O4 an operation that is under way when its scope is closed fails", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const spinning = yield* Deferred.make<void>()
      const onOutput = () => Deferred.doneUnsafe(spinning, Effect.void)
      const machine = yield* Scope.provide(boot({ onOutput }), scope)
      const fiber = yield* Effect.forkChild(reasonOf(machine.start(program(programs.spin))))
      yield* Deferred.await(spinning)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "MachineLost")
    })
  )
}
