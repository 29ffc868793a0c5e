import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { caisson, jsonOf, makeHome } from "./command.ts"

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
