import { closeSync, openSync, readSync } from "node:fs"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Builder from "../../src/template/Builder.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as ImageBuild from "../../src/template/image/ImageBuild.ts"
import { agentSources, present, World } from "../qemu/world.ts"

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
})
