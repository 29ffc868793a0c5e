import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Chance from "./Chance.ts"
import { simulate } from "./Universe.ts"

/** `CAISSON_SEED=17` looks at one seed alone; `CAISSON_SEEDS=20000` at more of them. */
const only = process.env["CAISSON_SEED"]
const count = Number(process.env["CAISSON_SEEDS"] ?? 2_000)
const seeds = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)]

describe("simulated sessions", () => {
  it.effect(
    "T12 T15 lose no recorded answer, have no effect twice and come to the same value whenever their process dies",
    () =>
      Effect.gen(function* () {
        let lives = 0
        let effects = 0
        for (const seed of seeds) {
          const run = yield* Effect.scoped(simulate(Chance.make(seed))).pipe(
            Effect.catchCause((cause) => Effect.die(new Error(`seed ${seed}: ${cause}`)))
          )
          assert.deepStrictEqual(run.violations, [], `seed ${seed}`)
          lives += run.lives
          effects += run.effects
        }
        assert.isAbove(lives, only === undefined ? seeds.length : 0)
        assert.isAbove(effects, 0)
      }),
    { timeout: 300_000 }
  )
})
