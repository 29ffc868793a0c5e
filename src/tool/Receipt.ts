import * as Schema from "effect/Schema"

/**
 * What is known of a call's effect on the outside.
 *
 * `prepared`: recorded, its handler has not been started. `started`: the handler may have had its effect. `committed`: it
 * ended well. `failed`: it ended with an error. `unknown`: it was started and the process ended before its outcome was
 * recorded. `refused`: no handler was or will be started (denied, expired, cancelled, or answered by a person or the host).
 */
export const Receipt = Schema.Literals(["prepared", "started", "committed", "failed", "unknown", "refused"])
export type Receipt = typeof Receipt.Type
