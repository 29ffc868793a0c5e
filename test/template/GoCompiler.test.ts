import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Program from "../../src/process/Program.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as GoCompiler from "../../src/template/image/GoCompiler.ts"
import { temporary } from "../qemu/directory.ts"
import { read } from "../repository.ts"

const sources = fileURLToPath(new URL("../../guest", import.meta.url))

describe("the compiler of the agent", () => {
  it("is new enough from the release on that the agent is written for", () => {
    for (const [release, isEnough] of [
      ["1.19.8", false],
      ["1.25.9", false],
      ["1.26", true],
      ["1.26.0", true],
      ["1.26.8", true],
      ["2.0", true]
    ] as const) {
      assert.strictEqual(GoCompiler.isAtLeast(release, "1.26.0"), isEnough, release)
    }
  })

  it("says its release, if it was built from one", () => {
    assert.strictEqual(GoCompiler.releaseOf("go version go1.19.8 linux/amd64"), "1.19.8")
    assert.strictEqual(GoCompiler.releaseOf("go version devel +abc linux/amd64"), undefined)
  })

  it.live("is looked for on this host", (context) =>
    Effect.gen(function* () {
      const release = yield* GoCompiler.required(sources)
      assert.include(read("guest/go.mod"), `go ${release}\n`)
      if (!(yield* Program.isInstalled("go"))) return context.skip("there is no Go here")
      const { any, newEnough } = yield* GoCompiler.find(sources)
      assert.match(any.version, /^go version /)
      if (newEnough !== undefined) {
        assert.isTrue(GoCompiler.isAtLeast(GoCompiler.releaseOf(newEnough.version) ?? "0", release))
      }
    }).pipe(
      Effect.provide(Layer.unwrap(Effect.map(temporary, Cache.layerAt))),
      Effect.scoped,
      Effect.provide(NodeServices.layer)
    )
  )
})
