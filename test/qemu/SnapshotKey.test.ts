import { appendFileSync, chmodSync, copyFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Shape from "../../src/qemu/Shape.ts"
import * as Part from "../../src/qemu/snapshot/Part.ts"
import * as Seal from "../../src/qemu/snapshot/Seal.ts"
import * as SnapshotKey from "../../src/qemu/snapshot/SnapshotKey.ts"
import { temporary } from "./directory.ts"

const size = { cpus: 1, memoryMebibytes: 256 }

const subject: SnapshotKey.Subject = {
  template: "shell",
  shape: Shape.emulated(size),
  hypervisor: "7.2.22",
  image: "a".repeat(64),
  warmUp: [],
  recipe: "none",
  processor: "this one"
}

describe("SnapshotKey", () => {
  it.each([
    ["template", { template: "my-shell" }],
    ["hypervisor", { hypervisor: "8.2.0" }],
    ["image", { image: "b".repeat(64) }],
    ["warm-up", { warmUp: [{ run: "true", timeoutMillis: 1_000 }] }],
    ["recipe", { recipe: "another" }],
    ["memory", { shape: Shape.emulated({ cpus: 1, memoryMebibytes: 512 }) }],
    ["processors", { shape: Shape.emulated({ cpus: 2, memoryMebibytes: 256 }) }],
    ["accelerator", { shape: Shape.accelerated(size) }]
  ])("differs with the %s", (_, change) => {
    assert.notStrictEqual(SnapshotKey.keyOf({ ...subject, ...change }), SnapshotKey.keyOf(subject))
  })

  it("depends on the host's processor only for guests that run on it", () => {
    const elsewhere = { ...subject, processor: "another one" }
    assert.strictEqual(SnapshotKey.keyOf(elsewhere), SnapshotKey.keyOf(subject))
    const shape = Shape.accelerated(size)
    assert.notStrictEqual(SnapshotKey.keyOf({ ...elsewhere, shape }), SnapshotKey.keyOf({ ...subject, shape }))
  })
})

const written = Effect.gen(function* () {
  const path = join(yield* temporary, "mem")
  writeFileSync(path, "memory of a machine")
  return { path, part: yield* Part.of(path) }
})

describe("Part", () => {
  it.live("knows a file again by its seal", () =>
    Effect.gen(function* () {
      const { part, path } = yield* written
      assert.strictEqual(yield* Part.check("memory", path, part), part)
    }).pipe(Effect.scoped)
  )

  it.live("knows a file again whose seal is broken, by its digest", () =>
    Effect.gen(function* () {
      const { part, path } = yield* written
      chmodSync(path, 0o640)
      const seal = Seal.of(path)
      assert.deepStrictEqual(yield* Part.check("memory", path, part), { digest: part.digest, seal })
      copyFileSync(path, `${path}.copy`)
      assert.strictEqual((yield* Part.check("memory", `${path}.copy`, part)).digest, part.digest)
    }).pipe(Effect.scoped)
  )

  it.live("refuses a file that is another one, or gone", () =>
    Effect.gen(function* () {
      const { part, path } = yield* written
      appendFileSync(path, "!")
      const changed = yield* Effect.flip(Part.check("memory", path, part))
      assert.deepInclude(changed.reason, { _tag: "PartChanged", part: "memory", expected: part.digest })
      const gone = yield* Effect.flip(Part.check("memory", `${path}.gone`, part))
      assert.strictEqual(gone.reason._tag, "Missing")
    }).pipe(Effect.scoped)
  )
})
