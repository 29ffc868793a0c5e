/** What a guest with a kernel of its own cannot use up, on real machines. */
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines, type Program } from "../../src/machine/Machine.ts"
import { lacking, tierOf } from "./machines.ts"

const why = await lacking("shell")

const script = (source: string): Program => ({ ordinal: 1, language: "shell", source, nowMillis: 0, tools: [] })

if (why === undefined) {
  layer(tierOf("shell"), { timeout: "15 minutes", excludeTestServices: true })("the limits of a microVM", (it) => {
    it.effect("end a run that waits for its own clock, and keep what it has printed", () =>
      Effect.gen(function* () {
        const limits = { ...defaults, wallMillis: 2_000, cpuSliceMillis: 60_000, cpuRunMillis: 60_000 }
        const machine = yield* (yield* Machines).boot({ limits, seed: "seed" })
        const turn = yield* machine.start(script("echo begun; sleep 600"))
        assert.deepInclude(turn, { _tag: "Failed", fatal: true, output: [{ stream: "stdout", text: "begun\n" }] })
        assert.strictEqual(turn._tag === "Failed" && turn.error.reason, "WallLimit")
        const after = yield* Effect.flip(machine.start(script("echo again")))
        assert.strictEqual(after.reason._tag, "MachineLost")
      }).pipe(Effect.scoped)
    )
  })
} else {
  describe.skip(`the limits of a microVM: ${why}`, () => {})
}
