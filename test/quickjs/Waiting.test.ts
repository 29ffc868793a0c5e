import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Scope } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import { queueWaiting } from "../../src/machine/Metrics.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"

const tier = Layer.fresh(QuickJs.layer({ key: new Uint8Array(32), threads: 1, machinesPerThread: 1 }))

const waiting = Effect.map(Metric.value(queueWaiting), ({ value }) => value)

describe("machines that wait for a thread", () => {
  it.live("are counted until they have a place or give up", () =>
    Effect.gen(function* () {
      const machines = yield* Machines
      const boot = machines.boot({ limits: defaults, seed: "s" })
      const scope = yield* Scope.make()
      yield* Scope.provide(boot, scope)
      const [first, second] = yield* Effect.all([
        Effect.forkChild(Effect.scoped(boot), { startImmediately: true }),
        Effect.forkChild(Effect.scoped(boot), { startImmediately: true })
      ])
      assert.strictEqual(yield* waiting, 2)
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* waiting, 1)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(second)
      assert.strictEqual(yield* waiting, 0)
    }).pipe(Effect.provide(tier), (effect) =>
      Effect.suspend(() => Effect.provideService(effect, Metric.MetricRegistry, new Map()))
    )
  )
})
