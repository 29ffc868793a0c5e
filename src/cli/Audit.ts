import * as Command from "effect/cli/Command"
import { prove } from "./AuditProve.ts"
import { query } from "./AuditQuery.ts"
import { tail } from "./AuditTail.ts"
import { verify } from "./AuditVerify.ts"

/** `caisson audit`. */
export const audit = Command.make("audit").pipe(
  Command.withDescription("Shows, checks and proves what was asked, decided and done"),
  Command.withSubcommands([tail, query, verify, prove])
)
