/** What a shell finds around it in a real machine, and not only its own interpreter. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import { lacking, tierOf } from "./machines.ts"

const source = `
mapfile -t lines < <(printf 'a\\nb\\n')
echo "\${#lines[@]}" > >(cat)
wait $!
echo out > /dev/stdout
echo error > /dev/stderr
cat /dev/stdin < <(echo in)`

const descriptors = Effect.gen(function* () {
  const limits = { ...defaults, cpuSliceMillis: 60_000, cpuRunMillis: 60_000 }
  const machine = yield* (yield* Machines).boot({ limits, seed: "seed" })
  const { output } = yield* machine.start({ ordinal: 1, language: "shell", source, nowMillis: 0, tools: [] })
  const textOf = (stream: string) => output.map((piece) => (piece.stream === stream ? piece.text : "")).join("")
  assert.deepStrictEqual([textOf("stdout"), textOf("stderr")], ["2\nout\nin\n", "error\n"])
})

describe("a shell in a microVM", () => {
  // A template is prepared for this, which takes a minute or more in software.
  it("opens what is open already by the names in /dev", { timeout: 900_000 }, async ({ skip }) => {
    const why = await lacking("shell")
    skip(why !== undefined, why)
    await Effect.runPromise(descriptors.pipe(Effect.scoped, Effect.provide(tierOf("shell"))))
  })
})
