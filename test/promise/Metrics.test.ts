import { assert, describe, it } from "@effect/vitest"
import { prometheus } from "../../src/promise/Metrics.ts"
import { Caisson } from "../../src/promise.ts"
import { parse, valueOf } from "../session/exposition.ts"

describe("metrics, with promises", () => {
  it("are those of everything that this process has run", async () => {
    await using caisson = await Caisson.open({ machines: { threads: 1 } })
    const before = valueOf(parse(await prometheus()), "caisson_runs_total", { status: "completed" }) ?? 0
    await caisson.runOnce("1")
    await using sandbox = await caisson.sandbox()
    await sandbox.run("2")
    const families = parse(await prometheus())
    assert.strictEqual(valueOf(families, "caisson_runs_total", { status: "completed" }), before + 2)
    assert.strictEqual(valueOf(families, "caisson_sessions_open"), 1)
  })
})
