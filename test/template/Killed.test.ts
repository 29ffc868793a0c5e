import { spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Contained from "../../src/process/Contained.ts"
import * as Identity from "../../src/process/Identity.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as Digest from "../../src/template/Digest.ts"
import { temporary } from "../qemu/directory.ts"

const script = fileURLToPath(new URL("builder.ts", import.meta.url))
const isRoot = process.geteuid?.() === 0

const mounted = (directory: string) => readFileSync("/proc/self/mountinfo", "utf8").includes(` ${directory} `)

/** Another process that builds. Gives its draft, and what ends it as nobody can prepare for. */
const builder = (cache: string) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly draft: string; readonly kill: Effect.Effect<void> }>((resume) => {
      const child = spawn(process.execPath, [script, cache], { stdio: ["ignore", "pipe", "inherit"] })
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
      const kill = Effect.andThen(
        Effect.sync(() => child.kill("SIGKILL")),
        Effect.promise(() => ended)
      )
      child.stdout.once("data", (line) => resume(Effect.succeed({ draft: String(line).trim(), kill })))
    }),
    ({ kill }) => kill
  )

const other = {
  step: "base" as const,
  key: Digest.ofValue("other"),
  manifest: Schema.Struct({}),
  make: () => Effect.succeed({})
}

layer(NodeServices.layer, { excludeTestServices: true })("a builder that was killed", (it) => {
  it.effect("has left no mounts, and the next one removes what it made", (context) =>
    Effect.gen(function* () {
      const isContained = yield* Effect.isSuccess(Contained.run("sh", ["-c", "test $$ = 1"], { isRoot }))
      if (isRoot && !isContained) return context.skip("root makes no namespaces here")
      const cache = yield* temporary
      const { draft, kill } = yield* builder(cache)
      assert.isFalse(mounted(draft))
      yield* Effect.provide(Cache.obtain(other), Cache.layerAt(cache))
      assert.isTrue(existsSync(draft))
      const foreign = join(cache, "base", `draft-1-1-${"0".repeat(8)}-AbCdEf`)
      mkdirSync(foreign)
      yield* kill
      yield* Effect.provide(Cache.obtain({ ...other, key: Digest.ofValue("next") }), Cache.layerAt(cache))
      assert.isFalse(existsSync(draft))
      assert.isFalse(mounted(draft))
      const drafts = readdirSync(join(cache, "base")).filter((name) => name.startsWith("draft-"))
      assert.deepStrictEqual(drafts, [foreign.slice(foreign.lastIndexOf("/") + 1)])
    }).pipe(Effect.scoped)
  )

  it("is known by the label that it has given to what it made", () => {
    const self = Identity.self()
    const label = Identity.labelOf(self)
    assert.isFalse(Identity.labelHasEnded(label))
    assert.isTrue(Identity.labelHasEnded(Identity.labelOf({ ...self, startTicks: "1" })))
    const [boot] = self.realm.split(" ")
    assert.isTrue(Identity.labelHasEnded(Identity.labelOf({ ...self, realm: "another boot" })))
    assert.isFalse(Identity.labelHasEnded(Identity.labelOf({ ...self, startTicks: "1", realm: `${boot} another` })))
    assert.isFalse(Identity.labelHasEnded("AbCdEf"))
  })
})
