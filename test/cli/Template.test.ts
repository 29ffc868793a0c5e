import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeTemplates } from "./templateCommand.ts"

const microvm = "tier: microvm\nimage: { debian: bookworm }\nlanguages: [shell]\n"
const embedded = "tier: embedded\nlanguages: [javascript]\n"

describe("caisson template list", () => {
  it.live("says of each template what there is of it", () =>
    Effect.gen(function* () {
      const { command, imageOf, json, templates, write } = makeTemplates()
      for (const name of ["built", "changed", "plain"]) write(name, microvm)
      write("own", embedded)
      const image = yield* imageOf("built")
      yield* imageOf("changed")
      write("changed", `${microvm}cpus: 2\n`)
      const { value } = yield* json("template", "list", "--templates", templates)
      assert.deepStrictEqual(
        value.templates.map(({ name, state }: Record<string, unknown>) => [name, state]),
        [
          ["built", "built"],
          ["changed", "outdated"],
          ["own", "ready"],
          ["plain", "not built"]
        ]
      )
      assert.isAbove(value.templates[0].bytes, 0)
      assert.match(value.templates[0].madeAt, /^\d{4}-.*Z$/)
      const { out } = yield* command("template", "list", "--templates", templates)
      assert.match(out, /^built +microvm +shell +built +\d+ bytes +\d{4}-/)
      rmSync(image.initrd.path)
      const after = yield* json("template", "list", "--templates", templates)
      assert.strictEqual(after.value.templates[0].state, "outdated")
    })
  )

  it.live("has those of Caisson, and before them those of the home", () =>
    Effect.gen(function* () {
      const { home, json } = makeTemplates()
      const names = () =>
        Effect.map(json("template", "list"), ({ value }) =>
          value.templates.map(({ name, tier }: Record<string, unknown>) => `${name} ${tier}`)
        )
      assert.includeMembers(yield* names(), ["javascript embedded", "python-data-analysis microvm", "shell microvm"])
      mkdirSync(join(home, "templates"), { recursive: true })
      writeFileSync(join(home, "templates", "shell.yaml"), `version: 1\nname: shell\n${embedded}`)
      assert.includeMembers(yield* names(), ["javascript embedded", "shell embedded"])
    })
  )

  it.live("says what is wrong with a template, where, and what was probably meant", () =>
    Effect.gen(function* () {
      const { command, templates, write } = makeTemplates()
      write("broken", microvm.replace("debian", "debain"))
      const { code, notes } = yield* command("template", "list", "--templates", templates)
      assert.strictEqual(code, 64)
      assert.include(notes, 'broken.yaml:4:10: unknown key "debain"; did you mean "debian"?')
      const unknown = yield* command("template", "inspect", "brokn", "--templates", templates)
      assert.strictEqual(unknown.code, 64)
      assert.include(unknown.notes, "there is no template brokn; did you mean broken?")
    })
  )

  it.live("says of a directory without templates that it has none", () =>
    Effect.gen(function* () {
      const { command, templates } = makeTemplates()
      const none = `there are no templates in ${templates}`
      const list = yield* command("template", "list", "--templates", templates)
      assert.deepStrictEqual(list, { code: 0, out: "", notes: none })
      // Whoever builds all wants something to be built.
      const all = yield* command("template", "build", "--all", "--templates", templates)
      assert.deepStrictEqual(all, { code: 64, out: "", notes: none })
    })
  )

  it.live("has all others beside one with a mistake", () =>
    Effect.gen(function* () {
      const { command, json, templates, write } = makeTemplates()
      write("broken", microvm.replace("debian", "debain"))
      write("own", embedded)
      const { code, value } = yield* json("template", "list", "--templates", templates)
      const [broken, own] = value.templates
      assert.strictEqual(code, 64)
      assert.deepInclude(broken, { name: "broken", state: "unusable" })
      assert.include(broken.problem, 'broken.yaml:4:10: unknown key "debain"')
      assert.deepInclude(own, { name: "own", state: "ready" })
      const { out } = yield* command("template", "list", "--templates", templates)
      assert.match(out, /^broken +unusable\nown +embedded +javascript +ready/)
    })
  )
})

describe("caisson template inspect", () => {
  it.live("shows all that a template comes to, and its image", () =>
    Effect.gen(function* () {
      const { command, imageOf, json, templates, write } = makeTemplates()
      write("own", `${microvm}warmUp: [{ run: "true" }]\n`)
      const before = yield* command("template", "inspect", "own", "--templates", templates)
      assert.include(before.out, "state         not built")
      const image = yield* imageOf("own")
      const { out } = yield* command("template", "inspect", "own", "--templates", templates)
      for (const part of [
        "network       none",
        "warm-up       1 step",
        image.id,
        image.base.path,
        "  bash  5.2  amd64"
      ]) {
        assert.include(out, part)
      }
      const { value } = yield* json("template", "inspect", "own", "--templates", templates)
      assert.deepNestedInclude(value, { "template.limits.processes": 256, state: "built", "image.id": image.id })
      assert.lengthOf(value.files, 4)
    })
  )
})

describe("the honeytokens of a template", () => {
  it.live("need no other image, and are in none", () =>
    Effect.gen(function* () {
      const { imageOf, json, templates, write } = makeTemplates()
      write("own", microvm)
      yield* imageOf("own")
      write("own", `${microvm}honeytokens: [{ path: /workspace/.env, value: key-4b1f09ac77 }]\n`)
      const { value } = yield* json("template", "inspect", "own", "--templates", templates)
      assert.strictEqual(value.state, "built")
      assert.notInclude(JSON.stringify(value.image), "key-4b1f09ac77")
    })
  )
})

describe("caisson template verify", () => {
  it.live("reads every part, and says which is not what was built", () =>
    Effect.gen(function* () {
      const { command, imageOf, json, templates, write } = makeTemplates()
      write("own", microvm)
      const verify = ["template", "verify", "own", "--templates", templates]
      const none = yield* command(...verify)
      assert.deepStrictEqual([none.code, none.notes], [64, "template own is not built: run caisson template build own"])
      const image = yield* imageOf("own")
      assert.deepInclude((yield* json(...verify)).value, { template: "own", ok: true })
      writeFileSync(image.base.path, "another")
      const changed = yield* command(...verify)
      assert.strictEqual(changed.code, 1)
      assert.match(changed.out, /^base {4}changed .*expected sha256:[0-9a-f]{64}, found sha256:[0-9a-f]{64}$/m)
      assert.include(changed.out, "caisson template build own builds anew what is changed or gone")
      rmSync(image.disk.path)
      const { code, value } = yield* json(...verify)
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(
        value.parts.map(({ state }: Record<string, unknown>) => state),
        ["as it was built", "as it was built", "changed", "gone"]
      )
    })
  )
})

describe("caisson template build", () => {
  it.live("takes one name, or all, and has nothing to do for the embedded tier", () =>
    Effect.gen(function* () {
      const { command, json, templates, write } = makeTemplates()
      write("own", embedded)
      for (const words of [[], ["own", "--all"]]) {
        const { code, notes } = yield* command("template", "build", ...words, "--templates", templates)
        assert.deepStrictEqual([code, notes], [64, "give the name of a template, or --all"])
      }
      const all = yield* json("template", "build", "--all", "--templates", templates)
      assert.deepStrictEqual([all.code, all.value], [0, { template: "own", state: "ready" }])
      const nowhere = yield* command("template", "build", "own", "--templates", join(templates, "none"))
      assert.strictEqual(nowhere.code, 64)
    })
  )

  it.live("tells mistakes in any template before it builds the first", () =>
    Effect.gen(function* () {
      const { command, templates, write } = makeTemplates()
      write("a", embedded)
      write("b", "tier: microvm\nlanguages: [shell]\n")
      const { code, notes, out } = yield* command("template", "build", "--all", "--templates", templates)
      assert.deepStrictEqual([code, out], [64, ""])
      assert.include(notes, "b.yaml:1:1: there is no image")
    })
  )
})
