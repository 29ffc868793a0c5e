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
      assert.strictEqual((yield* Effect.flip(Registry.names("/nowhere"))).reason._tag, "NotReadable")
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
