import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { Revocations } from "../../src/token/Revocations.ts"

export const idOf = (kind: "tok" | "cav", number: number): string => `${kind}_${String(number).padStart(24, "0")}`

/** The behaviours that every store of revocations has to show. `make` gives an empty one each time. */
export const suite = (name: string, make: () => Layer.Layer<Revocations>) =>
  describe(`revocations in ${name}`, () => {
    it.effect("are of what was revoked before, and of nothing else", () =>
      Effect.gen(function* () {
        const { current, revoke } = yield* Revocations
        const [token, caveat, other] = [idOf("tok", 1), idOf("cav", 1), idOf("tok", 2)]
        assert.isFalse((yield* current)(token))
        yield* revoke({ id: token, revokedMillis: 1 })
        yield* revoke({ id: caveat, revokedMillis: 2 })
        yield* revoke({ id: caveat, revokedMillis: 3 })
        assert.deepStrictEqual([token, caveat, other].map(yield* current), [true, true, false])
      }).pipe(Effect.provide(make()))
    )

    it.effect("are all kept when many are made at once", () =>
      Effect.gen(function* () {
        const { current, revoke } = yield* Revocations
        const ids = Array.from({ length: 50 }, (_, index) => idOf("tok", index))
        yield* Effect.forEach(ids, (id) => revoke({ id, revokedMillis: 1 }), { concurrency: "unbounded" })
        assert.isTrue(ids.every(yield* current))
      }).pipe(Effect.provide(make()))
    )

    it.effect("are of ids alone", () =>
      Effect.gen(function* () {
        const { revoke } = yield* Revocations
        for (const id of ["", "tok_1", "key_00000000", `${idOf("tok", 1)}\n`, `tok_${"A".repeat(24)}`]) {
          const { message } = yield* Effect.flip(revoke({ id, revokedMillis: 1 }))
          assert.include(message, "expected tok_ or cav_ and 24 hexadecimal digits")
        }
      }).pipe(Effect.provide(make()))
    )
  })
