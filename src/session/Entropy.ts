import { randomBytes } from "node:crypto"
import * as Context from "effect/Context"

/** Where ids and the seeds of guests come from: hexadecimal text of a number of random bytes. Tests give their own. */
export const Entropy = Context.Reference<(bytes: number) => string>("caisson/session/Entropy", {
  defaultValue: () => (bytes) => randomBytes(bytes).toString("hex")
})
