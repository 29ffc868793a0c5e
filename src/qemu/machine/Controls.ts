import * as Effect from "effect/Effect"
import type { Child } from "../process/Child.ts"
import { controlFailed, type QemuError } from "../QemuError.ts"
import type { QmpError } from "../qmp/QmpError.ts"

/** How long a process may take to end after it has closed its control connection. */
const endsWithin = "2 seconds"

/**
 * Does something over a control connection. A hypervisor that ends closes it first, and then says why it ended: whoever only hears
 * of the former is told the latter.
 */
export const through = <A, R>(child: Child, doing: Effect.Effect<A, QmpError | QemuError, R>) =>
  Effect.catch(doing, (error): Effect.Effect<never, QemuError> => {
    if (error._tag === "QemuError") return Effect.fail(error)
    if (error.reason._tag !== "QmpClosed") return Effect.fail(controlFailed(error))
    return Effect.timeoutOrElse(child.failsWhenEnded, {
      duration: endsWithin,
      orElse: () => Effect.fail(controlFailed(error))
    })
  })
