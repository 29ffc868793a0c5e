import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import { baseImage } from "../../src/quickjs/BaseImage.ts"

const module = new URL("../../src/quickjs/BaseImage.ts", import.meta.url)

describe("the base image", () => {
  it("is what its identity says", async () => {
    const { id, snapshot } = await baseImage()
    assert.strictEqual(createHash("sha256").update(snapshot.memory).digest("hex"), id)
    assert.isTrue(snapshot.memory.subarray(0, snapshot.stackPointer).every((byte) => byte === 0))
    assert.strictEqual(snapshot.memory.length % 65_536, 0)
  })

  it("comes out the same in another process, in another time zone, locale and year", async () => {
    const { id } = await baseImage()
    const script = `Date.now = () => 5e12; const { baseImage } = await import("${module}"); console.log((await baseImage()).id)`
    const env = { ...process.env, TZ: "Asia/Kathmandu", LC_ALL: "tr_TR.UTF-8" }
    const found = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8", env })
    assert.strictEqual(found.trim(), id)
  })

  it("comes out the same in a worker", async () => {
    const script = `
      const { parentPort } = require("node:worker_threads")
      import("${module}").then(async ({ baseImage }) => parentPort.postMessage((await baseImage()).id))`
    const worker = new Worker(script, { eval: true })
    const found = await new Promise((resolve, reject) => {
      worker.once("message", resolve)
      worker.once("error", reject)
    })
    await worker.terminate()
    assert.strictEqual(found, (await baseImage()).id)
  })

  it("is made once in a thread", () => assert.strictEqual(baseImage(), baseImage()))
})
