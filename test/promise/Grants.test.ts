import { assert, describe, it } from "@effect/vitest"
import { type CapabilityInput, Declarations, runOnce, tool } from "../../src/promise.ts"

const named = (name: string) => tool(name, { description: "", input: { type: "object" }, execute: () => name })

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail("it was not rejected"),
    (error: unknown) => error
  )

describe("what a guest is granted", () => {
  it("takes capabilities that were written down as plain literals", async () => {
    const capabilities = [
      { methods: "a/b", where: { n: { le: 3 } } },
      { methods: ["a/c"], mode: "ask", maxCalls: 1 }
    ]
    const checked: ReadonlyArray<CapabilityInput> = capabilities
    const result = await runOnce("await a.b({ n: 1 }); await a.c()", {
      tools: [named("a.b"), named("a.c")],
      capabilities: checked
    })
    assert.deepStrictEqual([result.status, result.calls[0]?.method], ["paused", "a/c"])
  })

  it("refuses a mode that there is not", async () => {
    const malformed = await rejection(runOnce("1", { capabilities: [{ methods: "a/b", mode: "maybe" }] }))
    assert.deepInclude(malformed, { _tag: "Malformed", subject: "list of capabilities" })
  })

  it("refuses a tool that is given twice, and says so", async () => {
    const error = await rejection(runOnce("1", { tools: [named("a.b"), named("a/b")] }))
    assert.deepInclude(error, { _tag: "ToolkitError", reason: "NameCollision", detail: "it is given twice" })
  })

  it("T9 has tools whose names end in words of the language", async () => {
    const tools = ["files.delete", "db.import.default"].map(named)
    const options = { tools, capabilities: [{ methods: ["files/*", "db/**"], mode: "auto" }] }
    const result = await runOnce("[await files.delete({}), await db.import.default({})]", options)
    assert.deepStrictEqual<unknown>(result.value, ["files.delete", "db.import.default"])
    assert.match(Declarations.render(options), /declare const files: \{\s+delete\(/)
  })
})

describe("declarations", () => {
  it("are of the tools that the capabilities cover", () => {
    const tools = [named("a.b"), named("a.c")]
    const text = Declarations.render({ tools, capabilities: [{ methods: "a/c" }] })
    assert.include(text, "c(")
    assert.notInclude(text, "b(")
    assert.strictEqual(Declarations.render({ tools }), "")
  })

  it("are refused for capabilities that are not sound", () => {
    assert.throws(() => Declarations.render({ capabilities: [{ methods: "a//b" }] }), /malformed list of capabilities/)
  })
})
