import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RevocationFile from "../../src/token/RevocationFile.ts"
import { layerMemory, Revocations } from "../../src/token/Revocations.ts"
import { freshDirectory } from "./directories.ts"
import { idOf, suite } from "./RevocationsContract.ts"

const freshFile = () => join(freshDirectory(), "tokens", "revoked.jsonl")

suite("memory", () => layerMemory)
suite("a file", () => RevocationFile.layer(freshFile()))

const [first, second, third] = [idOf("tok", 1), idOf("cav", 2), idOf("tok", 3)]

const revoking = (path: string, id: string) =>
  Revocations.use(({ revoke }) => revoke({ id, revokedMillis: 5 })).pipe(Effect.provide(RevocationFile.layer(path)))

const revoked = (path: string) =>
  Revocations.use(({ current }) => Effect.map(current, (isRevoked) => [first, second, third].map(isRevoked))).pipe(
    Effect.provide(RevocationFile.layer(path))
  )

describe("a file of revocations", () => {
  it.effect("is for its owner alone, and has one JSON object a line", () =>
    Effect.gen(function* () {
      const path = freshFile()
      yield* revoking(path, first)
      yield* revoking(path, second)
      assert.strictEqual(statSync(path).mode & 0o777, 0o600)
      assert.deepStrictEqual(
        readFileSync(path, "utf8")
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line)),
        [
          { id: first, revokedMillis: 5 },
          { id: second, revokedMillis: 5 }
        ]
      )
    })
  )

  it.effect("shows what others append while it is open, and forgets nothing when it is gone", () => {
    const path = freshFile()
    return Effect.gen(function* () {
      const { current } = yield* Revocations
      assert.isFalse((yield* current)(first))
      yield* revoking(path, first)
      assert.isTrue((yield* current)(first))
      yield* revoking(path, second)
      assert.isTrue((yield* current)(second))
      rmSync(path)
      assert.isTrue((yield* current)(first))
      yield* revoking(path, third)
      assert.deepStrictEqual([first, second, third].map(yield* current), [true, true, true])
    }).pipe(Effect.provide(RevocationFile.layer(path)))
  })

  it.effect("reads a file anew that was put in its place, as a copy of another home's is", () => {
    const path = freshFile()
    return Effect.gen(function* () {
      const { current } = yield* Revocations
      yield* revoking(path, first)
      assert.isTrue((yield* current)(first))
      writeFileSync(`${path}.new`, [second, third, first].map((id) => `${JSON.stringify({ id })}\n`).join(""))
      renameSync(`${path}.new`, path)
      assert.deepStrictEqual([first, second, third].map(yield* current), [true, true, true])
    }).pipe(Effect.provide(RevocationFile.layer(path)))
  })

  it.effect("survives a crash at every byte of a line", () =>
    Effect.gen(function* () {
      const path = freshFile()
      yield* revoking(path, first)
      yield* revoking(path, second)
      const bytes = readFileSync(path)
      const begun = bytes.indexOf("\n") + 1
      for (let cut = begun; cut < bytes.length; cut++) {
        writeFileSync(path, bytes.subarray(0, cut))
        const torn = yield* revoked(path)
        assert.isTrue(torn[0])
        yield* revoking(path, third)
        const [, isSecond] = yield* revoked(path)
        assert.deepStrictEqual(yield* revoked(path), [true, isSecond, true])
        assert.strictEqual(isSecond, bytes.subarray(begun, cut).includes(second))
      }
    })
  )

  it.effect("is read in parts, however lines lie across them", () =>
    Effect.gen(function* () {
      const path = freshFile()
      yield* revoking(path, first)
      const filling = Array.from({ length: 30_000 }, (_, index) =>
        JSON.stringify({ id: idOf("cav", index + 10), revokedMillis: 1 })
      )
      appendFileSync(path, `${filling.join("\n")}\n`)
      yield* revoking(path, third)
      assert.isAbove(statSync(path).size, 1_500_000)
      const isRevoked = yield* Revocations.use(({ current }) => current).pipe(
        Effect.provide(RevocationFile.layer(path))
      )
      assert.isTrue([first, third, ...filling.map((_, index) => idOf("cav", index + 10))].every(isRevoked))
      assert.isFalse(isRevoked(second))
    })
  )

  it.effect("refuses rather than guess when it cannot be read", () =>
    Effect.gen(function* () {
      const path = freshFile()
      mkdirSync(path, { recursive: true })
      assert.strictEqual((yield* Effect.flip(revoked(path))).reason._tag, "StoreFailed")
      assert.strictEqual((yield* Effect.flip(revoking(path, first))).reason._tag, "StoreFailed")
      const long = freshFile()
      yield* revoking(long, first)
      appendFileSync(long, "x".repeat(1_100_000))
      assert.include((yield* Effect.flip(revoked(long))).message, "a line of more than")
    })
  )
})
