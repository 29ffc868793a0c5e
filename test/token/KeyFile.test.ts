import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import * as KeyFile from "../../src/token/KeyFile.ts"
import type { KeyRing } from "../../src/token/KeyRing.ts"
import * as TokenDirectory from "../../src/token/TokenDirectory.ts"
import type { TokenError } from "../../src/token/TokenError.ts"
import { freshDirectory } from "./directories.ts"
import { secretOf } from "./tokens.ts"

const withVariable = (env: Record<string, string> = {}) =>
  Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env })))

const load = (home: string, env?: Record<string, string>) => KeyFile.load(home).pipe(withVariable(env))

const reasonOf = <A>(effect: Effect.Effect<A, TokenError>) =>
  Effect.map(Effect.flip(effect), ({ message, reason }) => ({ tag: reason._tag, message }))

const idsOf = ({ keys }: KeyRing) => keys.map(({ id }) => id)

describe("the keys of a home", () => {
  it.effect("are not there unless somebody made them", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const { message, tag } = yield* reasonOf(load(home))
      assert.strictEqual(tag, "NoKeys")
      assert.match(message, /run caisson keys new to make .*tokens\/keys, or set CAISSON_TOKEN_KEYS/)
      assert.deepStrictEqual(readdirSync(home), [])
    })
  )

  it.effect("are made for their owner alone", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const made = yield* KeyFile.add(home)
      const { keys, path } = TokenDirectory.of(home)
      assert.strictEqual(statSync(keys).mode & 0o777, 0o600)
      assert.strictEqual(statSync(path).mode & 0o777, 0o700)
      assert.deepStrictEqual(readdirSync(path), ["keys"])
      assert.match(readFileSync(keys, "utf8"), /^key_[0-9a-f]{8}:[\w-]{43}\n$/)
      const loaded = yield* load(home)
      assert.deepStrictEqual(idsOf(loaded), idsOf(made))
      assert.deepStrictEqual(Redacted.value(loaded.signing.secret), Redacted.value(made.signing.secret))
    })
  )

  it.effect("are rotated: the new one signs, the old ones verify until they are retired", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const { signing: first } = yield* KeyFile.add(home)
      const { signing: second } = yield* KeyFile.add(home)
      const both = yield* load(home)
      assert.strictEqual(both.signing.id, second.id)
      assert.deepStrictEqual(idsOf(both), [second.id, first.id])
      yield* KeyFile.retire(home, first.id)
      assert.deepStrictEqual(idsOf(yield* load(home)), [second.id])
      const file = readFileSync(TokenDirectory.of(home).keys, "utf8")
      assert.isFalse(file.includes(first.id))
      assert.strictEqual(statSync(TokenDirectory.of(home).keys).mode & 0o777, 0o600)
    })
  )

  it.effect("are not retired if there is no such key, or no other", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const { signing } = yield* KeyFile.add(home)
      assert.strictEqual((yield* reasonOf(KeyFile.retire(home, "key_none"))).tag, "KeyNotFound")
      assert.strictEqual((yield* reasonOf(KeyFile.retire(home, signing.id))).tag, "LastKey")
      assert.deepStrictEqual(idsOf(yield* load(home)), [signing.id])
      assert.strictEqual((yield* reasonOf(KeyFile.retire(freshDirectory(), signing.id))).tag, "KeyNotFound")
    })
  )

  it.effect("are refused where others may read them, with what mends it", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      yield* KeyFile.add(home)
      const { keys } = TokenDirectory.of(home)
      for (const mode of [0o640, 0o604, 0o620, 0o666]) {
        chmodSync(keys, mode)
        for (const effect of [load(home), KeyFile.add(home), KeyFile.retire(home, "a")]) {
          const { message, tag } = yield* reasonOf<unknown>(effect)
          assert.strictEqual(tag, "KeyFileExposed")
          assert.include(message, `(mode 0${mode.toString(8)}): run chmod 600 ${keys}`)
        }
      }
      chmodSync(keys, 0o600)
      assert.lengthOf(idsOf(yield* load(home)), 1)
    })
  )

  it.effect("are refused where the file is damaged, and left as they are", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const { keys, path } = TokenDirectory.of(home)
      mkdirSync(path)
      for (const text of ["", `a:${secretOf("a").slice(1)}`, "\u0000"]) {
        writeFileSync(keys, text, { mode: 0o600 })
        for (const effect of [load(home), KeyFile.add(home)]) {
          assert.strictEqual((yield* reasonOf<unknown>(effect)).tag, "MalformedKeys")
        }
        assert.strictEqual(readFileSync(keys, "utf8"), text)
      }
      assert.deepStrictEqual(readdirSync(path), ["keys"])
    })
  )

  it.effect("are not changed by two at once", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const { signing } = yield* KeyFile.add(home)
      const draft = `${TokenDirectory.of(home).keys}.draft`
      writeFileSync(draft, "")
      const { message, tag } = yield* reasonOf(KeyFile.add(home))
      assert.strictEqual(tag, "StoreFailed")
      assert.include(message, `${draft} cannot be used: another change of the keys is under way`)
      assert.isTrue(existsSync(draft))
      assert.deepStrictEqual(idsOf(yield* load(home)), [signing.id])
    })
  )

  it.effect("are not more than 32", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      const keys = Array.from({ length: 32 }, (_, index) => `k${index}:${secretOf(`${index}`)}`)
      mkdirSync(dirname(TokenDirectory.of(home).keys))
      writeFileSync(TokenDirectory.of(home).keys, keys.join("\n"), { mode: 0o600 })
      assert.include((yield* reasonOf(KeyFile.add(home))).message, "more than 32 keys: retire old ones")
      assert.lengthOf(idsOf(yield* load(home)), 32)
    })
  )
})

describe("CAISSON_TOKEN_KEYS", () => {
  const text = `a:${secretOf("a")},b:${secretOf("b")}`

  it.effect("is used instead of a file", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      yield* KeyFile.add(home)
      const ring = yield* load(home, { CAISSON_TOKEN_KEYS: text })
      assert.deepStrictEqual([ring.source, ...idsOf(ring)], ["CAISSON_TOKEN_KEYS", "a", "b"])
      for (const env of [{}, { CAISSON_TOKEN_KEYS: "" }]) {
        assert.strictEqual((yield* load(home, env)).source, TokenDirectory.of(home).keys)
      }
    })
  )

  it.effect("is never passed over because it is wrong", () =>
    Effect.gen(function* () {
      const home = freshDirectory()
      yield* KeyFile.add(home)
      for (const value of [" ", ",", "a:b"]) {
        const { message, tag } = yield* reasonOf(load(home, { CAISSON_TOKEN_KEYS: value }))
        assert.strictEqual(tag, "MalformedKeys", value)
        assert.include(message, "CAISSON_TOKEN_KEYS does not hold token keys")
      }
    })
  )
})
