import { spawn } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as SnapshotKey from "../../src/home/SnapshotKey.ts"

const directories: Array<string> = []

const freshDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "caisson-key-"))
  directories.push(directory)
  return directory
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const loader = `
  import { Effect, Redacted } from "effect"
  import * as SnapshotKey from ${JSON.stringify(new URL("../../src/home/SnapshotKey.ts", import.meta.url).href)}
  process.stdout.write("ready\\n")
  process.stdin.once("data", async () => {
    const key = await Effect.runPromise(SnapshotKey.load(process.argv[1]))
    process.stdout.write(Buffer.from(Redacted.value(key)).toString("hex"), () => process.exit())
  })
`

/** A process that loads the key of a directory when it is told to. */
const loadElsewhere = (directory: string) => {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", loader, directory], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  let text = ""
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (text.startsWith("ready\n")) resolve()
    })
  })
  const key = new Promise<string>((resolve) => child.on("close", () => resolve(text.replace("ready\n", ""))))
  return { ready, go: () => child.stdin.end("go"), key }
}

describe("the key of a home", () => {
  it.effect("is made once, for its owner alone, and stays", () =>
    Effect.gen(function* () {
      const directory = freshDirectory()
      const first = Redacted.value(yield* SnapshotKey.load(directory))
      assert.strictEqual(first.byteLength, 32)
      assert.deepStrictEqual(readdirSync(directory), ["snapshot.key"])
      assert.strictEqual(statSync(join(directory, "snapshot.key")).mode & 0o777, 0o600)
      assert.deepStrictEqual(Redacted.value(yield* SnapshotKey.load(directory)), first)
      assert.notDeepEqual(Redacted.value(yield* SnapshotKey.load(freshDirectory())), first)
    })
  )

  it("is the same for processes that start at once", async () => {
    const directory = freshDirectory()
    const loaders = Array.from({ length: 4 }, () => loadElsewhere(directory))
    await Promise.all(loaders.map(({ ready }) => ready))
    for (const { go } of loaders) go()
    const keys = await Promise.all(loaders.map(({ key }) => key))
    const kept = readFileSync(join(directory, "snapshot.key")).toString("hex")
    assert.match(kept, /^[0-9a-f]{64}$/)
    assert.deepStrictEqual(keys, [kept, kept, kept, kept])
    assert.deepStrictEqual(readdirSync(directory), ["snapshot.key"])
  })

  it.effect("is refused when others may read or write it, with what to do about it", () =>
    Effect.gen(function* () {
      const directory = freshDirectory()
      yield* SnapshotKey.load(directory)
      for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666]) {
        chmodSync(join(directory, "snapshot.key"), mode)
        const { message, reason } = yield* Effect.flip(SnapshotKey.load(directory))
        assert.deepInclude(reason, { _tag: "KeyExposed", mode })
        assert.include(message, "chmod 600")
      }
      chmodSync(join(directory, "snapshot.key"), 0o400)
      assert.strictEqual(Redacted.value(yield* SnapshotKey.load(directory)).byteLength, 32)
    })
  )

  it.effect("is refused with another length, and never replaced", () =>
    Effect.gen(function* () {
      for (const bytes of [0, 31, 33]) {
        const directory = freshDirectory()
        const file = join(directory, "snapshot.key")
        writeFileSync(file, new Uint8Array(bytes), { mode: 0o600 })
        const { reason } = yield* Effect.flip(SnapshotKey.load(directory))
        assert.deepInclude(reason, { _tag: "KeyDamaged", bytes, bytesNeeded: 32 })
        assert.strictEqual(statSync(file).size, bytes)
      }
    })
  )

  it.effect("is refused where there can be none", () =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(SnapshotKey.load(join(freshDirectory(), "missing")))
      assert.strictEqual(reason._tag, "NotUsable")
    })
  )

  it.effect("does not show itself", () =>
    Effect.gen(function* () {
      const key = yield* SnapshotKey.load(freshDirectory())
      const hex = Buffer.from(Redacted.value(key)).toString("hex")
      assert.notInclude(`${String(key)}${JSON.stringify(key)}`, hex)
    })
  )
})
