import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Registry from "../../src/template/Registry.ts"

const templates = fileURLToPath(new URL("../../templates", import.meta.url))

layer(NodeServices.layer, { excludeTestServices: true })("Registry", (it) => {
  it.effect("finds the templates of a directory by their names", () =>
    Effect.gen(function* () {
      assert.includeMembers([...(yield* Registry.names(templates))], ["javascript", "python-data-analysis", "shell"])
      assert.deepInclude(yield* Registry.find(templates, "javascript"), { name: "javascript", tier: "embedded" })
    })
  )

  it.effect("says of a template that is not there which there are, and which was probably meant", () =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(Registry.find(templates, "shel"))
      assert.deepInclude(reason, { _tag: "Unknown", name: "shel", suggestion: "shell" })
      assert.strictEqual((yield* Effect.flip(Registry.find(templates, "../policy"))).reason._tag, "Unknown")
      const nowhere = yield* Effect.flip(Registry.names("/nowhere"))
      assert.strictEqual(nowhere.reason._tag, "NotReadable")
      const why = "ENOENT: no such file or directory, scandir '/nowhere'"
      assert.strictEqual(nowhere.message, `/nowhere cannot be read: ${why}`)
    })
  )

  it.effect("refuses a file with another ending, and says which is read", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "caisson-registry-"))
      const text = (name: string) => `version: 1\nname: ${name}\ntier: embedded\nlanguages: [shell]\n`
      for (const file of ["shell.yml", "both.yaml", "both.YML", "own.yaml"]) {
        writeFileSync(join(directory, file), text(file.replace(/\.\w+$/, "")))
      }
      writeFileSync(join(directory, "README.md"), "")
      assert.deepStrictEqual(yield* Registry.names(directory), ["both", "own", "shell"])
      // One of Caisson's of the same name is not taken in its place.
      const { message, reason } = yield* Effect.flip(Registry.findIn([directory, templates], "shell"))
      assert.strictEqual(reason._tag, "NotReadable")
      const why = "cannot be read: the file of a template ends in .yaml: rename it, or take it away"
      assert.strictEqual(message, `${join(directory, "shell.yml")} ${why}`)
      assert.include((yield* Effect.flip(Registry.find(directory, "both"))).message, "both.YML")
      assert.deepInclude(yield* Registry.find(directory, "own"), { name: "own" })
      rmSync(directory, { recursive: true })
    })
  )

  it.effect("takes no template whose file has another name, and says where its own stands", () =>
    Effect.gen(function* () {
      const directory = mkdtempSync(join(tmpdir(), "caisson-registry-"))
      writeFileSync(join(directory, "a.yaml"), "version: 1\nname: b\ntier: embedded\nlanguages: [shell]\n")
      const { message, reason } = yield* Effect.flip(Registry.find(directory, "a"))
      assert.strictEqual(reason._tag, "Malformed")
      assert.strictEqual(message, `${join(directory, "a.yaml")}:2:7: it is b, and the file is that of a`)
      rmSync(directory, { recursive: true })
    })
  )
})
