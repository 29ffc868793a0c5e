import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer, Schema } from "effect"
import * as Cache from "../../src/template/Cache.ts"
import * as Digest from "../../src/template/Digest.ts"
import * as Progress from "../../src/template/Progress.ts"
import { StepFailed, templateFailed } from "../../src/template/TemplateError.ts"

const Manifest = Schema.Struct({ version: Schema.Literal(1), text: Schema.String })

const recipe = (text: string) => ({
  step: "base" as const,
  key: Digest.ofValue(text),
  manifest: Manifest,
  make: (directory: string) =>
    Effect.gen(function* () {
      const files = yield* FileSystem.FileSystem
      yield* files.writeFileString(`${directory}/file`, text)
      return { version: 1 as const, text }
    })
})

/** Runs a test with a cache of its own, and gives it what is told. */
const inCache = <A, E>(
  test: (directory: string, told: Array<string>) => Effect.Effect<A, E, Cache.Cache | NodeServices.NodeServices>
) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "caisson-cache-"))),
    (directory) => {
      const told: Array<string> = []
      return test(directory, told).pipe(
        Effect.provideService(Progress.Listener, ({ _tag }) => Effect.sync(() => void told.push(_tag))),
        Effect.provide(Layer.merge(Cache.layerAt(directory), NodeServices.layer))
      )
    },
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )

describe("Cache", () => {
  it.live("makes what is not there, and takes what is", () =>
    inCache((directory, told) =>
      Effect.gen(function* () {
        const first = yield* Cache.obtain(recipe("a"))
        const second = yield* Cache.obtain(recipe("a"))
        assert.deepStrictEqual(first, second)
        assert.deepStrictEqual(told, ["Started", "Made", "Reused"])
        assert.deepStrictEqual(readdirSync(join(directory, "base")), [recipe("a").key])
        assert.deepStrictEqual(yield* Cache.latest("base", Manifest), first)
      })
    )
  )

  it.live("makes anew what is not whole", () =>
    inCache((directory) =>
      Effect.gen(function* () {
        const place = join(directory, "base", recipe("a").key)
        mkdirSync(place, { recursive: true })
        writeFileSync(join(place, "file"), "half")
        const made = yield* Cache.obtain(recipe("a"))
        assert.strictEqual(made.manifest.text, "a")
        writeFileSync(join(place, "manifest.json"), '{"version": 2}')
        yield* Cache.obtain(recipe("a"))
        assert.deepStrictEqual(readdirSync(place).sort(), ["file", "manifest.json"])
      })
    )
  )

  it.live("makes one thing of what two want at the same time", () =>
    inCache((directory) =>
      Effect.gen(function* () {
        const both = yield* Effect.all([Cache.obtain(recipe("a")), Cache.obtain(recipe("a"))], { concurrency: 2 })
        assert.deepStrictEqual(both[0], both[1])
        assert.deepStrictEqual(readdirSync(join(directory, "base")), [recipe("a").key])
      })
    )
  )

  it.live("leaves what another has made meanwhile, and takes that", () =>
    inCache((directory) =>
      Effect.gen(function* () {
        const { key, make, ...rest } = recipe("a")
        const inode = () => statSync(join(directory, "base", key)).ino
        let first = 0
        const slow = (draft: string) =>
          Effect.gen(function* () {
            yield* Cache.obtain(recipe("a"))
            first = inode()
            return { ...(yield* make(draft)), text: "second" }
          })
        assert.strictEqual((yield* Cache.obtain({ key, make: slow, ...rest })).manifest.text, "a")
        assert.strictEqual(inode(), first)
        assert.deepStrictEqual(readdirSync(join(directory, "base")), [key])
      })
    )
  )

  it.live("has what was asked for last as the latest", () =>
    inCache(() =>
      Effect.gen(function* () {
        for (const text of ["a", "b", "a"]) {
          yield* Cache.obtain(recipe(text))
          assert.strictEqual((yield* Cache.latest("base", Manifest))?.manifest.text, text)
        }
      })
    )
  )

  it.live("leaves nothing of what failed", () =>
    inCache((directory) =>
      Effect.gen(function* () {
        const failing = {
          ...recipe("a"),
          make: () => Effect.fail(templateFailed(new StepFailed({ step: "base", detail: "no" })))
        }
        const { reason } = yield* Effect.flip(Cache.obtain(failing))
        assert.strictEqual(reason._tag, "StepFailed")
        assert.deepStrictEqual(readdirSync(join(directory, "base")), [])
        assert.isUndefined(yield* Cache.latest("base", Manifest))
      })
    )
  )

  it.effect("is where the environment says", () =>
    Effect.gen(function* () {
      const at = (env: Record<string, string>) =>
        Effect.provide(
          Effect.map(Cache.Cache, ({ directory }) => directory),
          Layer.provide(Cache.layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
          { local: true }
        )
      assert.strictEqual(yield* at({ CAISSON_CACHE: "/a", HOME: "/h" }), "/a/templates")
      assert.strictEqual(yield* at({ XDG_CACHE_HOME: "/x", HOME: "/h" }), "/x/caisson/templates")
      assert.strictEqual(yield* at({ HOME: "/h" }), "/h/.cache/caisson/templates")
      assert.strictEqual(yield* at({ CAISSON_CACHE: "here", HOME: "/h" }), join(process.cwd(), "here/templates"))
      assert.isFalse(existsSync("/a/templates"))
    })
  )
})
