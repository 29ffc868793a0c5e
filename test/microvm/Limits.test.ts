/** What a guest with a kernel of its own cannot use up, on real machines. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines, type Program } from "../../src/machine/Machine.ts"
import { lacking, tierOf } from "./machines.ts"

const script = (source: string): Program => ({ ordinal: 1, language: "shell", source, nowMillis: 0, tools: [] })

const limits = { ...defaults, wallMillis: 3_000, cpuSliceMillis: 60_000, cpuRunMillis: 60_000 }

const waiting = Effect.gen(function* () {
  const machine = yield* (yield* Machines).boot({ limits, seed: "seed" })
  const turn = yield* machine.start(script("echo begun; sleep 600"))
  assert.deepInclude(turn, { _tag: "Failed", fatal: true, output: [{ stream: "stdout", text: "begun\n" }] })
  assert.strictEqual(turn._tag === "Failed" && turn.error.reason, "WallLimit")
  const after = yield* Effect.flip(machine.start(script("echo again")))
  assert.strictEqual(after.reason._tag, "MachineLost")
})

const chatty = Effect.gen(function* () {
  const machine = yield* (yield* Machines).boot({ limits: { ...defaults, outputBytes: 60 }, seed: "seed" })
  const cut = yield* machine.start(script("seq 1000"))
  assert.isTrue(cut.outputCut)
  // What looks like the mark is none.
  const said = yield* machine.start(script("printf '\\n[output truncated at 60 bytes]\\n'"))
  assert.isUndefined(said.outputCut)
  assert.strictEqual(said.output.at(-1)?.text, "\n[output truncated at 60 bytes]\n")
})

const crowded = Effect.gen(function* () {
  const machine = yield* (yield* Machines).boot({ limits: { ...limits, wallMillis: 60_000 }, seed: "seed" })
  const turn = yield* machine.start(script("head -c 20000000 /dev/urandom > /workspace/noise; sync"))
  assert.strictEqual(turn._tag, "Completed")
  const { reason } = yield* Effect.flip(machine.snapshot)
  assert.deepInclude(reason, { _tag: "SnapshotTooLarge", bytesMax: 16_777_216 })
})

/** Nobody has it written down meanwhile: it has ended its interpreter by the next run, or in it. */
const multiplying = Effect.gen(function* () {
  const machine = yield* (yield* Machines).boot({ limits: { ...limits, wallMillis: 60_000 }, seed: "seed" })
  const left = yield* machine.start(script("(while :; do (sleep 1000 &) done) >/dev/null 2>&1 &"))
  assert.strictEqual(left._tag, "Completed")
  const ended = yield* machine.start(script("sleep 600"))
  assert.deepInclude(ended, { _tag: "Failed", fatal: true })
  assert.strictEqual(ended._tag === "Failed" && ended.error.reason, "ProcessLimit")
  const after = yield* Effect.flip(machine.start(script("echo again")))
  assert.strictEqual(after.reason._tag, "MachineLost")
})

describe("the limits of a microVM", () => {
  // A template is prepared for this, which takes a minute or more in software.
  it("end a run that waits for its own clock, and keep what it has printed", { timeout: 900_000 }, async ({ skip }) => {
    const why = await lacking("shell")
    skip(why !== undefined, why)
    await Effect.runPromise(waiting.pipe(Effect.scoped, Effect.provide(tierOf("shell"))))
  })

  it(
    "say once that more was printed than is allowed, whatever a guest prints",
    { timeout: 900_000 },
    async ({ skip }) => {
      const why = await lacking("shell")
      skip(why !== undefined, why)
      await Effect.runPromise(chatty.pipe(Effect.scoped, Effect.provide(tierOf("shell"))))
    }
  )

  it("end a machine whose programs want more processes than there may be", { timeout: 900_000 }, async ({ skip }) => {
    const why = await lacking("shell")
    skip(why !== undefined, why)
    await Effect.runPromise(multiplying.pipe(Effect.scoped, Effect.provide(tierOf("shell"))))
  })

  it("say of files that cannot be written down how much can", { timeout: 900_000 }, async ({ skip }) => {
    const why = await lacking("shell")
    skip(why !== undefined, why)
    const tier = tierOf("shell", {}, { checkpointBytesMax: 16_777_216 })
    await Effect.runPromise(crowded.pipe(Effect.scoped, Effect.provide(tier)))
  })
})
