import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { MachineError, type Machines, UnknownTemplate } from "./Machine.ts"

/** The template of the machines that a process has anyway. */
export const embedded = "javascript"

/** Where machines of the other templates come from; by default there are none. */
export const Tiers = Context.Reference<(template: string) => Effect.Effect<Machines["Service"], MachineError>>(
  "caisson/machine/Tiers",
  {
    defaultValue: () => (template) =>
      Effect.fail(new MachineError({ reason: new UnknownTemplate({ template, known: [embedded] }) }))
  }
)
