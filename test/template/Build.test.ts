import { appendFileSync, closeSync, mkdirSync, openSync, readSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, PlatformError, Result, Stream } from "effect"
import { ChildProcessSpawner } from "effect/process"
import * as Builder from "../../src/template/Builder.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as ImageBuild from "../../src/template/image/ImageBuild.ts"
import * as TemplateFile from "../../src/template/TemplateFile.ts"
import { temporary } from "../qemu/directory.ts"
import { agentSources, present, World } from "../qemu/world.ts"
import { read } from "../repository.ts"

/** A cache that has what takes long from this user's, and makes all else itself. */
const ownCache = Effect.gen(function* () {
  const own = join(yield* temporary, "templates")
  const { directory } = yield* Effect.provide(Cache.Cache, Cache.layer)
  mkdirSync(own)
  for (const step of ["kernel", "agent", "base"]) symlinkSync(join(directory, step), join(own, step))
  return Cache.layerAt(own)
})

const noPrograms = ChildProcessSpawner.make(() =>
  Effect.fail(PlatformError.systemError({ _tag: "NotFound", module: "ChildProcess", method: "spawn" }))
)

describe("a build that fails", () => {
  it.live("says of which template", () =>
    Effect.gen(function* () {
      const template = Result.getOrThrow(TemplateFile.parse("t.yaml", read("templates/shell.yaml")))
      if (template.tier !== "microvm") return yield* Effect.die("nothing is built of it")
      const failed = yield* Builder.build({ template, agentSources }).pipe(
        Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, noPrograms),
        Effect.provide(Cache.layerAt("/dev/null/templates")),
        Effect.flip
      )
      assert.deepInclude(failed, { _tag: "TemplateError", template: "shell" })
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

layer(World.layer, { timeout: "15 minutes", excludeTestServices: true })("an image of the template shell", (it) => {
  it.effect("is what was built, and says of what", (context) =>
    Effect.gen(function* () {
      const { image } = yield* present(context)
      yield* ImageBuild.verify(image)
      const names = image.packages.map(({ name }) => name)
      assert.includeMembers(names, ["bash", "jq", "ripgrep", "coreutils"])
      assert.match(image.kernelPackage.name, /^linux-image-.*cloud-amd64$/)
      const damaged = { ...image, initrd: { ...image.initrd, digest: "0".repeat(64) } }
      assert.strictEqual((yield* Effect.flip(ImageBuild.verify(damaged))).reason._tag, "Corrupted")
    })
  )

  it.effect("has a file system of a known format below it", (context) =>
    Effect.gen(function* () {
      const { image } = yield* present(context)
      const bytes = Buffer.alloc(4)
      const file = openSync(image.base.path, "r")
      readSync(file, bytes, 0, 4, 1_024)
      closeSync(file)
      assert.strictEqual(bytes.readUInt32LE(), 0xe0f5e1e2)
    })
  )

  it.effect("is told of step by step, and taken from the cache when nothing has changed", (context) =>
    Effect.gen(function* () {
      const { image } = yield* present(context)
      const told = yield* Builder.following({ template: image.template, agentSources }).pipe(
        Stream.runCollect,
        Effect.provide(Cache.layer)
      )
      assert.deepStrictEqual(
        told.flatMap((event) => (event._tag === "Reused" ? [event.step] : [])),
        ["kernel", "agent", "initrd", "base", "disk", "image"]
      )
      assert.deepStrictEqual(told.at(-1), { _tag: "Built", image })
    })
  )

  it.effect(
    "is mended by the next build where it is damaged",
    (context) =>
      Effect.gen(function* () {
        const { image } = yield* present(context)
        const cache = yield* ownCache
        const wanted = { template: { ...image.template, diskMebibytes: 64 }, agentSources }
        const built = yield* Effect.provide(Builder.build(wanted), cache)
        appendFileSync(built.initrd.path, "x")
        rmSync(built.disk.path)
        const told = yield* Effect.provide(Stream.runCollect(Builder.following(wanted)), cache)
        assert.deepStrictEqual(
          told.flatMap((event) => (event._tag === "Made" ? [event.step] : [])),
          ["initrd", "disk"]
        )
        yield* ImageBuild.verify(built)
        assert.deepStrictEqual(told.at(-1), { _tag: "Built", image: built })
      }).pipe(Effect.scoped),
    120_000
  )
})
