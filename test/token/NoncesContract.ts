import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { keptMillis, Nonces } from "../../src/token/Nonces.ts"
import { nowMillis } from "./tokens.ts"

export const useOf = (number: number, expiresMillis?: number) => ({ id: `tok_${number}`, expiresMillis })

/** The behaviours that every store of single uses has to show. `make` gives an empty one each time. */
export const suite = (name: string, make: () => Layer.Layer<Nonces>) =>
  describe(`single uses in ${name}`, () => {
    it.effect("A6 happen once each", () =>
      Effect.gen(function* () {
        const { isUsed, use } = yield* Nonces
        for (const one of [useOf(1), useOf(2, nowMillis + 10)]) {
          assert.isFalse(yield* isUsed(one))
          yield* use(one, nowMillis)
          assert.isTrue(yield* isUsed(one))
          const { reason } = yield* Effect.flip(use(one, nowMillis))
          assert.deepInclude(reason, { _tag: "AlreadyUsed", id: one.id })
        }
        assert.isFalse(yield* isUsed(useOf(3)))
      }).pipe(Effect.provide(make()))
    )

    it.effect("A6 are won by one of many at once", () =>
      Effect.gen(function* () {
        const { use } = yield* Nonces
        const attempts = Array.from({ length: 50 }, () => Effect.result(use(useOf(1), nowMillis)))
        const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
        assert.lengthOf(
          results.filter(({ _tag }) => _tag === "Success"),
          1
        )
      }).pipe(Effect.provide(make()))
    )

    it.effect("are remembered for as long as a token could still be accepted, and a day", () =>
      Effect.gen(function* () {
        const { isUsed, use } = yield* Nonces
        yield* use(useOf(1, nowMillis), nowMillis - 1)
        yield* use(useOf(2), nowMillis - 1)
        for (let number = 10; number < 600; number++) yield* use(useOf(number), nowMillis + keptMillis - 1)
        assert.isTrue(yield* isUsed(useOf(1, nowMillis)))
        assert.isTrue(yield* isUsed(useOf(2)))
      }).pipe(Effect.provide(make()))
    )
  })
