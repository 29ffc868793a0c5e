import { chmodSync, statSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { secretOf } from "../token/tokens.ts"
import { makeHome } from "./tokenCommand.ts"

describe("caisson keys", () => {
  it.effect("makes, lists and retires keys, and shows ids alone", () =>
    Effect.gen(function* () {
      const { command, home, json, text } = makeHome()
      const first = (yield* text("keys", "new")).out[0] ?? ""
      assert.match(first, /^key_[0-9a-f]{8}$/)
      const { id: second, keys } = yield* json("keys", "new")
      assert.deepStrictEqual(keys, [
        { id: second, signs: true },
        { id: first, signs: false }
      ])
      assert.deepStrictEqual((yield* text("keys", "list")).out, [`${second}  signs\n${first}`])
      assert.strictEqual(statSync(join(home, "tokens", "keys")).mode & 0o777, 0o600)
      assert.deepStrictEqual((yield* text("keys", "retire", first)).out, [first])
      const { keys: left, source } = yield* json("keys", "list")
      assert.deepStrictEqual([source, left], [join(home, "tokens", "keys"), [{ id: second, signs: true }]])
      const env = { CAISSON_TOKEN_KEYS: `a:${secretOf("a")}` }
      assert.deepStrictEqual((yield* command(["keys", "list"], env)).out, ["a  signs"])
      const { notes } = yield* command(["keys", "new"], env)
      assert.include(notes.join(), "the keys in CAISSON_TOKEN_KEYS are used as long as it is set")
    })
  )

  it.effect("says what to do when there is no key, no such key, only one, or one that others can read", () =>
    Effect.gen(function* () {
      const { home, refused, text } = makeHome()
      assert.include((yield* refused("keys", "list")).message, "run caisson keys new")
      const [id = ""] = (yield* text("keys", "new")).out
      assert.strictEqual((yield* refused("keys", "retire", "key_other")).reason, "KeyNotFound")
      assert.include((yield* refused("keys", "retire", id)).message, "run caisson keys new first")
      const file = join(home, "tokens", "keys")
      chmodSync(file, 0o644)
      for (const words of [
        ["keys", "list"],
        ["keys", "new"],
        ["token", "mint"]
      ]) {
        const { message, reason } = yield* refused(...words)
        assert.strictEqual(reason, "KeyFileExposed")
        assert.include(message, `run chmod 600 ${file}`)
      }
    })
  )
})
