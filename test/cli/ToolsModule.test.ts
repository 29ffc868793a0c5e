import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { caisson, freshDirectory, jsonOf, makeHome } from "./command.ts"

const tools = fileURLToPath(new URL("./effectTools.ts", import.meta.url))

describe("a module of Effect tools", { timeout: 60_000 }, () => {
  it("gives guests what its tools give", async () => {
    const result = await makeHome().json(0, "run", "-e", "await vault.peek({})", "--tools", tools)
    assert.strictEqual(result["value"], "gold")
  })

  it("is told of a service that a tool needs and it does not provide", async () => {
    const { directory } = makeHome()
    const ended = await caisson(["run", "-e", "await vault.open({})", "--tools", tools, "--home", directory, "--json"])
    assert.strictEqual(ended.code, 1)
    const message = "tool vault.open needs the service caisson/test/Vault, which its module has to provide"
    assert.strictEqual(ended.stderr, `caisson: ${message}\n`)
    assert.deepInclude(jsonOf(ended)["error"], { message })
  })
})

describe("a tools module in a folder where nothing is installed", { timeout: 60_000 }, () => {
  it("has the packages of the command", async () => {
    const file = join(freshDirectory(), "tools.ts")
    writeFileSync(
      file,
      `import { Tool } from "caisson"
      import { tool } from "caisson/promise"
      import { Effect } from "effect"
      import * as Schema from "effect/Schema"
      const input = Schema.Struct({})
      const make = { description: "An answer", input, output: Schema.Int, execute: () => Effect.succeed(40) }
      const plain = { description: "An answer", input: { type: "object", properties: {} }, execute: async () => 2 } as const
      export default { tools: [Tool.make("one", make), tool("two", plain)], capabilities: [{ methods: "*" }] }`
    )
    const result = await makeHome().json(0, "run", "-e", "await one() + await two()", "--tools", file)
    assert.strictEqual(result["value"], 42)
  })

  it("has no others, and no parts of them that there are not", async () => {
    for (const name of ["nowhere", "caisson/nowhere"]) {
      const file = join(freshDirectory(), "tools.ts")
      writeFileSync(file, `import "${name}"`)
      const ended = await caisson(["declarations", "--tools", file, "--json"])
      assert.strictEqual(ended.code, 64)
      assert.deepInclude(jsonOf(ended)["error"], { reason: "InvalidToolsModule" })
    }
  })
})
