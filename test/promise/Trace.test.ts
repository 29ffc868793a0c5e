import { assert, describe, it } from "@effect/vitest"
import { Caisson, type Invocation, tool } from "../../src/promise.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"

describe("the trace of a run, with promises", () => {
  it("reaches a tool from whoever asked for the run", async () => {
    const heard: Array<Invocation> = []
    const note = tool("books.note", {
      description: "Notes a text",
      input: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
      execute: (_, invocation) => {
        heard.push(invocation)
      }
    })
    await using caisson = await Caisson.open({ machines: { threads: 1 } })
    await using sandbox = await caisson.sandbox({ tools: [note], capabilities: [{ methods: "books/*" }] })
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`
    const traced = await sandbox.run("await books.note({ text: 'a' })", { traceparent })
    const untraced = await sandbox.run("await books.note({ text: 'b' })")
    assert.deepStrictEqual([traced.status, untraced.status], ["completed", "completed"])
    assert.match(heard[0]?.traceparent ?? "", new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`))
    assert.strictEqual(heard[1]?.traceparent, undefined)
    const malformed = await sandbox.run("1", { traceparent: "nonsense" }).catch((error) => error)
    assert.strictEqual(malformed.reason?._tag, "InvalidOptions")
  })
})
