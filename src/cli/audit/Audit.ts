import * as Command from "effect/cli/Command"
import { prove } from "./Prove.ts"
import { query } from "./Query.ts"
import { tail } from "./Tail.ts"
import { verify } from "./Verify.ts"

/** `caisson audit`. */
export const audit = Command.make("audit").pipe(
  Command.withDescription("Shows, checks and proves what was asked, decided and done"),
  Command.withSubcommands([tail, query, verify, prove])
)
