import { spawn } from "node:child_process"
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as NonceDirectory from "../../src/token/NonceDirectory.ts"
import { keptMillis, layerMemory, Nonces, usesMax } from "../../src/token/Nonces.ts"
import { freshDirectory } from "./directories.ts"
import { suite, useOf } from "./NoncesContract.ts"
import { nowMillis } from "./tokens.ts"

const freshUses = () => join(freshDirectory(), "tokens", "used")

suite("memory", () => layerMemory)
suite("a directory", () => NonceDirectory.layer(freshUses()))

const racer = `
  import { Effect } from "effect"
  import * as NonceDirectory from ${JSON.stringify(new URL("../../src/token/NonceDirectory.ts", import.meta.url).href)}
  import { Nonces } from ${JSON.stringify(new URL("../../src/token/Nonces.ts", import.meta.url).href)}
  process.stdout.write("ready\\n")
  process.stdin.once("data", async () => {
    const uses = Array.from({ length: 20 }, (_, number) => ({ id: "tok_" + number }))
    const won = await Effect.runPromise(
      Nonces.use(({ use }) => Effect.forEach(uses, (one) => Effect.isSuccess(use(one, 0)))).pipe(
        Effect.provide(NonceDirectory.layer(process.argv[1]))
      )
    )
    process.stdout.write(JSON.stringify(won), () => process.exit())
  })
`

/** A process that tries to be the first for twenty uses, when it is told to. */
const raceElsewhere = (directory: string) => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", racer, directory], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  let text = ""
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (text.startsWith("ready\n")) resolve()
    })
  })
  const won = new Promise<ReadonlyArray<boolean>>((resolve) =>
    child.on("close", () => resolve(JSON.parse(text.replace("ready\n", ""))))
  )
  return { ready, go: () => child.stdin.end("go"), won }
}

const using = (
  directory: string,
  use: { readonly id: string; readonly expiresMillis?: number | undefined },
  now: number
) => Nonces.use((nonces) => nonces.use(use, now)).pipe(Effect.provide(NonceDirectory.layer(directory)))

describe("a directory of single uses", () => {
  it("A6 lets one of several processes win each", async () => {
    const directory = freshUses()
    const racers = Array.from({ length: 3 }, () => raceElsewhere(directory))
    await Promise.all(racers.map(({ ready }) => ready))
    for (const { go } of racers) go()
    const won = await Promise.all(racers.map(({ won }) => won))
    for (let number = 0; number < 20; number++) {
      assert.strictEqual(won.filter((each) => each[number]).length, 1, `use ${number}`)
    }
  })

  it.effect("A6 remembers over a restart", () =>
    Effect.gen(function* () {
      const directory = freshUses()
      yield* using(directory, useOf(1), nowMillis)
      assert.strictEqual((yield* Effect.flip(using(directory, useOf(1), nowMillis))).reason._tag, "AlreadyUsed")
      assert.strictEqual(statSync(directory).mode & 0o777, 0o700)
      assert.strictEqual(statSync(join(directory, readdirSync(directory)[0] ?? "")).mode & 0o777, 0o600)
    })
  )

  it.effect("is cleared of what has expired, and of nothing else", () =>
    Effect.gen(function* () {
      const directory = freshUses()
      yield* using(directory, useOf(1, nowMillis), nowMillis)
      yield* using(directory, useOf(2), nowMillis)
      writeFileSync(join(directory, "README"), "")
      yield* using(directory, useOf(3, nowMillis + 1), nowMillis + keptMillis - 1)
      assert.lengthOf(readdirSync(directory), 4)
      yield* using(directory, useOf(4), nowMillis + keptMillis)
      assert.lengthOf(readdirSync(directory), 4)
      yield* using(directory, useOf(5), Number.MAX_SAFE_INTEGER)
      assert.deepStrictEqual(
        readdirSync(directory)
          .map((name) => name.replace(/^[0-9a-f]{64}/, "…"))
          .sort(),
        ["README", "…-never", "…-never", "…-never"].sort()
      )
    })
  )

  it.effect("takes ids that are no names of files", () =>
    Effect.gen(function* () {
      const directory = freshUses()
      yield* using(directory, { id: "../../escaped" }, nowMillis)
      assert.isFalse(existsSync(join(directory, "../../escaped-never")))
      assert.lengthOf(readdirSync(directory), 1)
    })
  )

  it.effect("refuses rather than guess when it cannot be used", () =>
    Effect.gen(function* () {
      const file = join(freshDirectory(), "file")
      writeFileSync(file, "")
      assert.strictEqual(
        (yield* Effect.flip(using(join(file, "used"), useOf(1), nowMillis))).reason._tag,
        "StoreFailed"
      )
    })
  )
})

describe("single uses in memory", () => {
  it.effect("are not more than their bound, and expired ones make room", () =>
    Effect.gen(function* () {
      const { isUsed, use } = yield* Nonces
      for (let number = 0; number < usesMax; number++) yield* use(useOf(number, nowMillis + (number % 2)), 0)
      assert.strictEqual((yield* Effect.flip(use(useOf(-1), 0))).reason._tag, "TooLarge")
      yield* use(useOf(-1), nowMillis + keptMillis)
      assert.deepStrictEqual(
        [yield* isUsed(useOf(0)), yield* isUsed(useOf(1)), yield* isUsed(useOf(-1))],
        [false, true, true]
      )
    }).pipe(Effect.provide(layerMemory))
  )
})
