import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Policy } from "./Policy.ts"

/** The policy in force in this process, asked for at every decision; by default there is none. */
export const InForce = Context.Reference<Effect.Effect<Policy | undefined>>("caisson/policy/InForce", {
  defaultValue: () => Effect.succeed(undefined)
})
