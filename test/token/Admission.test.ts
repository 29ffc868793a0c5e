import { chmodSync, existsSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import * as Admission from "../../src/token/Admission.ts"
import * as KeyFile from "../../src/token/KeyFile.ts"
import { layerMemory as noncesInMemory } from "../../src/token/Nonces.ts"
import { Revocations, layerMemory as revocationsInMemory } from "../../src/token/Revocations.ts"
import * as Token from "../../src/token/Token.ts"
import * as TokenDirectory from "../../src/token/TokenDirectory.ts"
import type { TokenError } from "../../src/token/TokenError.ts"
import { freshDirectory } from "./directories.ts"
import { attenuate, mint, nowMillis, ring } from "./tokens.ts"

const memory = Admission.layer(Effect.succeed(ring)).pipe(
  Layer.provideMerge(Layer.merge(revocationsInMemory, noncesInMemory))
)

const circumstances = { use: "execution", session: "monday" } as const

const admit = (text: string) => Admission.Admission.use(({ admit }) => admit(text, circumstances))
const check = (text: string) => Admission.Admission.use(({ check }) => check(text, circumstances))

const reasonOf = <A, R>(effect: Effect.Effect<A, TokenError, R>) =>
  Effect.map(Effect.flip(effect), ({ reason }) => reason._tag)

const inMemory = <A, E>(effect: Effect.Effect<A, E, Admission.Admission | Revocations>) =>
  Effect.andThen(TestClock.setTime(nowMillis), effect).pipe(Effect.provide(memory))

describe("admission", () => {
  it.effect("A6 accepts a token for one use once, and as often as it is only checked", () =>
    Effect.gen(function* () {
      const { id, text } = mint({ once: true, session: "monday" })
      for (let count = 0; count < 3; count++) assert.strictEqual((yield* check(text)).id, id)
      assert.strictEqual((yield* admit(text)).id, id)
      assert.strictEqual(yield* reasonOf(admit(text)), "AlreadyUsed")
      assert.strictEqual(yield* reasonOf(check(text)), "AlreadyUsed")
    }).pipe(inMemory)
  )

  it.effect("A6 counts what was narrowed from a token for one use as that use", () =>
    Effect.gen(function* () {
      const { text } = mint({ once: true })
      const [one, other] = [attenuate(text, {}), attenuate(text, { expiresMillis: nowMillis + 1 })]
      yield* admit(one.text)
      for (const each of [one, other, { text }]) assert.strictEqual(yield* reasonOf(admit(each.text)), "AlreadyUsed")
    }).pipe(inMemory)
  )

  it.effect("A6 lets a caveat that is used up cost its parent nothing", () =>
    Effect.gen(function* () {
      const { text } = mint({})
      const child = attenuate(text, { once: true })
      const grandchild = attenuate(child.text, {})
      yield* admit(grandchild.text)
      assert.strictEqual(yield* reasonOf(admit(child.text)), "AlreadyUsed")
      yield* admit(text)
      yield* admit(attenuate(text, { once: true }).text)
    }).pipe(inMemory)
  )

  it.effect("A6 uses nothing up for a token that is refused", () =>
    Effect.gen(function* () {
      const parent = mint({ once: true })
      const child = attenuate(parent.text, { once: true })
      for (const wrong of [{ session: "tuesday" }, { expiresMillis: nowMillis }, { codeHash: "0".repeat(64) }]) {
        assert.match(yield* reasonOf(admit(attenuate(child.text, wrong).text)), /^(WrongSession|Expired|WrongCode)$/)
      }
      assert.strictEqual((yield* admit(child.text)).id, parent.id)
    }).pipe(inMemory)
  )

  it.effect("A6 admits one of fifty that present the same token at once", () =>
    Effect.gen(function* () {
      const { text } = mint({ once: true })
      const attempts = Array.from({ length: 50 }, () => Effect.result(admit(text)))
      const results = yield* Effect.all(attempts, { concurrency: "unbounded" })
      assert.lengthOf(results.filter(Result.isSuccess), 1)
    }).pipe(inMemory)
  )

  it.effect("goes by the clock", () =>
    Effect.gen(function* () {
      const { text } = mint({ expiresMillis: nowMillis + 1_000, notBeforeMillis: nowMillis + 10 })
      assert.strictEqual(yield* reasonOf(admit(text)), "NotYetValid")
      yield* TestClock.adjust("10 millis")
      yield* admit(text)
      yield* TestClock.adjust("990 millis")
      assert.strictEqual(yield* reasonOf(admit(text)), "Expired")
    }).pipe(inMemory)
  )

  it.effect("refuses what has been revoked since, and what was narrowed from it", () =>
    Effect.gen(function* () {
      const { revoke } = yield* Revocations
      const parent = mint({})
      const child = attenuate(parent.text, {})
      const grandchild = attenuate(child.text, {})
      yield* admit(grandchild.text)
      yield* revoke({ id: child.id, revokedMillis: nowMillis })
      assert.strictEqual(yield* reasonOf(admit(grandchild.text)), "Revoked")
      yield* admit(parent.text)
      yield* revoke({ id: parent.id, revokedMillis: nowMillis })
      assert.strictEqual(yield* reasonOf(admit(parent.text)), "Revoked")
    }).pipe(inMemory)
  )
})

describe("admission to a home", () => {
  const inHome = (home: string) =>
    Effect.provide(
      Admission.layerHome(home).pipe(Layer.provideMerge(ConfigProvider.layer(ConfigProvider.fromEnv({ env: {} }))))
    )

  it.effect("is closed without keys, and follows a rotation without a restart", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      yield* Effect.gen(function* () {
        assert.strictEqual(yield* reasonOf(admit(mint({}).text)), "NoKeys")
        assert.isFalse(existsSync(TokenDirectory.of(home).path))
        const first = yield* KeyFile.add(home)
        const { text } = Result.getOrThrow(Token.mint(first, { once: true }))
        yield* check(text)
        const { signing } = yield* KeyFile.add(home)
        yield* admit(text)
        assert.strictEqual(yield* reasonOf(admit(text)), "AlreadyUsed")
        yield* KeyFile.retire(home, first.signing.id)
        assert.strictEqual(yield* reasonOf(check(text)), "UnknownKey")
        assert.notStrictEqual(signing.id, first.signing.id)
        chmodSync(TokenDirectory.of(home).keys, 0o644)
        assert.strictEqual(yield* reasonOf(check(text)), "KeyFileExposed")
      }).pipe(inHome(home))
    })
  )

  it.effect("A6 remembers uses and revocations over a restart", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const keys = yield* KeyFile.add(home)
      const once = Result.getOrThrow(Token.mint(keys, { once: true }))
      const revoked = Result.getOrThrow(Token.mint(keys, {}))
      yield* Effect.andThen(
        admit(once.text),
        Revocations.use(({ revoke }) => revoke({ id: revoked.id, revokedMillis: nowMillis }))
      ).pipe(inHome(home))
      assert.strictEqual(yield* reasonOf(admit(once.text)).pipe(inHome(home)), "AlreadyUsed")
      assert.strictEqual(yield* reasonOf(admit(revoked.text)).pipe(inHome(home)), "Revoked")
    })
  )
})
