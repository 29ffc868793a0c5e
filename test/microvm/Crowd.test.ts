/** What becomes of a guest in which something was left behind that uses up its processes, on real machines. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines, type Program, type SnapshotMachine } from "../../src/machine/Machine.ts"
import { lacking, tierOf } from "./machines.ts"

const script = (source: string): Program => ({ ordinal: 1, language: "shell", source, nowMillis: 0, tools: [] })

const options = {
  limits: { ...defaults, wallMillis: 120_000, cpuSliceMillis: 60_000, cpuRunMillis: 60_000 },
  seed: "seed"
}

const printed = Effect.fnUntraced(function* (machine: SnapshotMachine, source: string) {
  const turn = yield* machine.start(script(source))
  assert.strictEqual(turn._tag, "Completed", JSON.stringify(turn))
  return turn.output.map(({ text }) => text).join("")
})

const bombed = Effect.gen(function* () {
  const machines = yield* Machines
  const machine = yield* machines.boot(options)
  yield* printed(machine, "kept=1; :(){ :|:& };:")
  const written = yield* machine.snapshot
  for (const guest of [machine, yield* machines.restore(written, options)]) {
    yield* printed(guest, "sleep 3")
    assert.strictEqual(yield* printed(guest, "echo $kept $(( $(ps -e | grep -c bash) < 8 ))"), "1 1\n")
  }
})

describe("a guest with as many processes as it may have", () => {
  // A template is prepared for this, which takes a minute or more in software.
  it("is rid of what was left behind, and goes on", { timeout: 900_000 }, async ({ skip }) => {
    const why = await lacking("shell")
    skip(why !== undefined, why)
    await Effect.runPromise(bombed.pipe(Effect.scoped, Effect.provide(tierOf("shell"))))
  })
})
