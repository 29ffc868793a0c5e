import * as Command from "effect/cli/Command"
import { check } from "./PolicyCheck.ts"
import { explain } from "./PolicyExplain.ts"
import { replay } from "./PolicyReplay.ts"
import { test } from "./PolicyTest.ts"

/** `caisson policy`. */
export const policy = Command.make("policy").pipe(
  Command.withDescription("Checks, explains and tests the rules about what sessions may do"),
  Command.withSubcommands([check, explain, test, replay])
)
