import { layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { Machines } from "../../src/machine/Machine.ts"
import { temporary } from "../qemu/directory.ts"
import { calls } from "./session/Calls.ts"
import { files } from "./session/Files.ts"
import { lives } from "./session/Lives.ts"
import { outputs } from "./session/Outputs.ts"
import type { Programs } from "./session/Programs.ts"
import { runs } from "./session/Runs.ts"
import { Place } from "./session/Steps.ts"
import type { Traits } from "./session/Traits.ts"

/**
 * The behaviours that sessions have to show over every tier. All tests of the suite share a directory with one journal; each has
 * sessions, and processes that hold them, of its own.
 */
export const suite = (
  name: string,
  subject: {
    /** Machines that are kept in a directory, if they are kept anywhere. */
    readonly tier: (directory: string) => Layer.Layer<Machines, unknown>
    readonly programs: Programs
    readonly traits: Traits
  }
) => {
  const place = Layer.effect(
    Place,
    Effect.gen(function* () {
      const directory = yield* temporary
      const elsewhere = subject.tier(directory)
      return { directory, elsewhere, machines: Context.get(yield* Layer.build(elsewhere), Machines) }
    })
  )
  layer(place, { excludeTestServices: true, timeout: "15 minutes" })(`sessions over the ${name} tier`, (it) => {
    runs(it, subject)
    calls(it, subject)
    lives(it, subject)
    files(it, subject)
    outputs(it, subject)
  })
}
