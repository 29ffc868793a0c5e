import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result, Stream } from "effect"
import * as Query from "../../src/audit/Query.ts"
import { Home, Session, Toolkit } from "../../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-honeytokens-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const value = "key-4b1f09ac77"

/** A home with a template of the embedded tier. */
const homeOf = (name: string, honeytokens: string) => {
  const directory = join(root, name)
  mkdirSync(join(directory, "templates"), { recursive: true })
  writeFileSync(
    join(directory, "templates", "decoy.yaml"),
    `version: 1\nname: decoy\ntier: embedded\nlanguages: [javascript, shell]\nhoneytokens:\n  ${honeytokens}\n`
  )
  const layer = Layer.suspend(() =>
    Layer.fresh(Home.layer({ directory, machines: { threads: 1 }, audit: { detection: {} } }))
  )
  return { directory, layer }
}

const env = `- { path: /workspace/.env, value: ${value}, text: "DEPLOY_KEY=${value}\\n" }`

const grants = Effect.map(Toolkit.make([]), (toolkit) => ({ toolkit, capabilities: [] }))

describe("honeytokens of a template", () => {
  it.live("lie in its guests, and freeze the session that prints one", () =>
    Effect.gen(function* () {
      const { directory, layer } = homeOf("leak", env)
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s", template: "decoy" })
        const read = yield* session.run(`(await fs.readFile(".env")).length`)
        assert.strictEqual(read._tag === "Completed" && read.value, String(`DEPLOY_KEY=${value}\n`.length))
        assert.strictEqual(session.state().stance, "open")
        yield* session.run("cat .env", { language: "shell" })
        assert.strictEqual(session.state().stance, "frozen")
      }).pipe(Effect.scoped, Effect.provide(layer))
      const lines = yield* Stream.runCollect(Query.lines(join(directory, "audit"), { session: "s" }))
      const alert = lines.map((line) => Result.getOrThrow(Query.eventOf(line))).find(({ type }) => type === "alert")
      assert.deepInclude(alert?.data["details"], { honeytoken: "decoy:/workspace/.env" })
      assert.notInclude(JSON.stringify(alert), value)
    })
  )

  it.live("are as they were where a guest is made again from its journal", () =>
    Effect.gen(function* () {
      const { layer } = homeOf("again", env)
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s", template: "decoy" })
        yield* session.run(`globalThis.seen = JSON.stringify(await fs.stat(".env")); await fs.rm(".env")`)
      }).pipe(Effect.scoped, Effect.provide(layer))
      yield* Effect.gen(function* () {
        const session = yield* Session.resume("s", { ...(yield* grants), rebuild: true })
        const gone = yield* session.run(`(await fs.readdir(".")).includes(".env")`)
        assert.strictEqual(gone._tag === "Completed" && gone.value, "false")
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  )

  it.live("are in no guest of another template", () =>
    Effect.gen(function* () {
      const { layer } = homeOf("other", env)
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        const none = yield* session.run(`(await fs.readdir(".")).includes(".env")`)
        assert.strictEqual(none._tag === "Completed" && none.value, "false")
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  )

  it.live("keep a home from being opened whose templates a detector cannot read", () =>
    Effect.gen(function* () {
      const { layer } = homeOf("broken", "- { path: .env, value: short }")
      const refused = yield* Effect.flip(Effect.scoped(Layer.build(layer)))
      assert.strictEqual(refused.reason._tag, "NotUsable")
      assert.include(refused.message, "decoy.yaml:6:13: expected an absolute path")
    })
  )

  it.live("open no session where they cannot be planted", () =>
    Effect.gen(function* () {
      const { layer } = homeOf("clash", `- { path: /workspace, value: ${value} }`)
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), template: "decoy" })
        const refused = yield* Effect.flip(session.run("1"))
        assert.strictEqual(refused.reason._tag, "MachineUnavailable")
        assert.include(refused.message, "a honeytoken of its template cannot be planted")
        assert.isTrue(Option.isSome(Option.fromNullishOr(session.state().current)))
      }).pipe(Effect.scoped, Effect.provide(layer))
    })
  )
})
