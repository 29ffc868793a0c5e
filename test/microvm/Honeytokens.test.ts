import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Honeytokens from "../../src/home/Honeytokens.ts"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import { leftOut } from "./leftOut.ts"
import { lacking, tierOf } from "./machines.ts"

const why = await lacking("shell")

const value = "key-4b1f09ac77"

if (why === undefined) {
  describe("honeytokens of a template", () => {
    it.live(
      "lie in its machines, which need no image of their own",
      () =>
        Effect.gen(function* () {
          const tier = Honeytokens.planted(yield* Machines, [
            { path: "/workspace/keys/deploy", value },
            { path: "/var/backups/deploy.key", value }
          ])
          const machine = yield* tier.boot({ limits: { ...defaults, cpuSliceMillis: 60_000 }, seed: "honeytokens" })
          const turn = yield* machine.start({
            ordinal: 1,
            language: "shell",
            source: "cat /workspace/keys/deploy; cat /var/backups/deploy.key",
            nowMillis: 0,
            tools: []
          })
          assert.deepStrictEqual(turn.output, [{ stream: "stdout", text: `${value}\n${value}\n` }])
          assert.isUndefined(turn.files)
        }).pipe(Effect.scoped, Effect.provide(tierOf("shell"))),
      300_000
    )
  })
} else {
  leftOut("honeytokens of machines", why)
}
