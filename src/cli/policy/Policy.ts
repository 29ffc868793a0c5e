import * as Command from "effect/cli/Command"
import { check } from "./Check.ts"
import { explain } from "./Explain.ts"
import { replay } from "./Replay.ts"
import { test } from "./Test.ts"

/** `caisson policy`. */
export const policy = Command.make("policy").pipe(
  Command.withDescription("Checks, explains and tests the rules about what sessions may do"),
  Command.withSubcommands([check, explain, test, replay])
)
