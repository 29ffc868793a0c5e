import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { Machines } from "../../src/machine/Machine.ts"
import { calls } from "./machine/Calls.ts"
import { endings } from "./machine/Endings.ts"
import { files } from "./machine/Files.ts"
import type { Programs } from "./machine/Programs.ts"
import { runs } from "./machine/Runs.ts"
import { snapshots } from "./machine/Snapshots.ts"
import { options, reasonOf } from "./machine/Steps.ts"
import { ownTraits, type Traits } from "./machine/Traits.ts"

export type { Programs } from "./machine/Programs.ts"
export type { Traits } from "./machine/Traits.ts"

/**
 * The behaviours that every tier has to show at its port. One tier is built for the whole suite; each test boots machines
 * of its own.
 */
export const suite = (
  name: string,
  {
    programs,
    tier,
    traits = ownTraits
  }: { readonly tier: Layer.Layer<Machines, unknown>; readonly programs: Programs; readonly traits?: Traits }
) =>
  layer(tier, { excludeTestServices: true, timeout: "5 minutes" })(`machines of the ${name} tier`, (it) => {
    calls(it, programs)
    runs(it, programs)
    snapshots(it, programs)
    endings(it, programs, traits)
    files(it, programs, traits)

    it.effect("O4 a tier that is closed gives no machines", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const context = yield* Scope.provide(Layer.build(Layer.fresh(tier)), scope)
        yield* Scope.close(scope, Exit.void)
        const boot = Machines.use((machines) => machines.boot(options())).pipe(Effect.scoped, Effect.provide(context))
        assert.strictEqual((yield* reasonOf(boot))._tag, "MachineUnavailable")
      })
    )
  })
