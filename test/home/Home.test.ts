import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Capability, Home, Sandbox, Session, Sessions, Toolkit } from "../../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-home-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const noTools = Effect.map(Toolkit.make([]), (toolkit) => ({ toolkit, capabilities: [] }))

/** What another process would do: nothing is shared but the directory. */
const inHome = (directory: string) => Effect.provide(Layer.fresh(Home.layer({ directory, machines: { threads: 1 } })))

const valueOf = (result: { readonly _tag: string; readonly value?: string }) => {
  assert.strictEqual(result._tag, "Completed", JSON.stringify(result))
  return JSON.parse(result.value ?? "")
}

describe("a home", () => {
  it.live("is created for its owner alone, with a journal and a key", () =>
    Effect.gen(function* () {
      const directory = join(root, "new", "home")
      const opened = Effect.flatMap(noTools, Session.open).pipe(Effect.scoped)
      const { id } = yield* inHome(directory)(opened)
      assert.match(id, /^s-/)
      const modes = ["", "journal.sqlite", "snapshot.key"].map((file) => statSync(join(directory, file)).mode & 0o777)
      assert.deepStrictEqual(modes, [0o700, 0o600, 0o600])
      assert.includeMembers(readdirSync(directory), ["journal.sqlite", "snapshot.key"])
    })
  )

  it.live("keeps sessions from one opening to the next", () =>
    Effect.gen(function* () {
      const directory = join(root, "kept")
      const first = Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* noTools), id: "a" })
        return yield* session.run("var n = 41")
      })
      yield* inHome(directory)(Effect.scoped(first))
      const second = Effect.gen(function* () {
        const session = yield* Session.resume("a", yield* noTools)
        return yield* session.run("n + 1")
      })
      assert.strictEqual(valueOf(yield* inHome(directory)(Effect.scoped(second))), 42)
      const [summary] = yield* inHome(directory)(Sessions.Sessions.use((sessions) => sessions.list({ limit: 1 })))
      assert.deepInclude(summary, { session: "a", status: "idle" })
    })
  )

  it.live("is refused where its files are something else", () =>
    Effect.gen(function* () {
      const file = join(root, "file")
      writeFileSync(file, "")
      const nowhere = yield* Effect.flip(inHome(file)(Effect.void))
      assert.strictEqual(nowhere.reason._tag, "NotUsable")

      const directory = join(root, "foreign")
      yield* inHome(directory)(Effect.void)
      writeFileSync(
        join(directory, "journal.sqlite"),
        "no database, but longer than the header of one would have to be".repeat(9)
      )
      const foreign = yield* Effect.flip(inHome(directory)(Effect.void))
      assert.strictEqual(foreign.reason._tag, "SqliteError")
      assert.include(foreign.message, "journal.sqlite")
    })
  )

  it.live("has machines for sandboxes as well, in memory too", () =>
    Effect.gen(function* () {
      const capabilities = [Capability.make({ methods: "nothing/**" })]
      const result = yield* Sandbox.runOnce("6 * 7", { capabilities })
      assert.strictEqual(valueOf(result), 42)
    }).pipe(Effect.provide(Home.layerMemory({ machines: { threads: 1 } })))
  )

  it.live("has the templates of a directory, for sessions and sandboxes", () =>
    Effect.gen(function* () {
      const templates = join(root, "templates")
      mkdirSync(templates)
      writeFileSync(
        join(templates, "small.yaml"),
        "version: 1\nname: small\ntier: embedded\nlanguages: [typescript]\nmemoryMebibytes: 16\n"
      )
      const home = Home.layerMemory({ machines: { threads: 1 }, microVms: { templates: [templates] } })
      const toolkit = yield* Toolkit.make([])
      const tried = Effect.gen(function* () {
        const session = yield* Session.open({ template: "small", toolkit, capabilities: [] })
        assert.strictEqual(session.state().limits.memoryMebibytes, 16)
        assert.strictEqual(valueOf(yield* Sandbox.runOnce("6 * 7", { template: "small" })), 42)
        const unknown = yield* Effect.flip(Sandbox.runOnce("1", { template: "large" }))
        assert.strictEqual(unknown.message, "large is unknown; there is: javascript, small")
      })
      yield* tried.pipe(Effect.scoped, Effect.provide(home))
    })
  )
})
