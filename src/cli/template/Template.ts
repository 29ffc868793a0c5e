import * as Command from "effect/cli/Command"
import { build } from "./Build.ts"
import { inspect } from "./Inspect.ts"
import { list } from "./List.ts"
import { prune } from "./Prune.ts"
import { verify } from "./Verify.ts"

/** `caisson template`. */
export const template = Command.make("template").pipe(
  Command.withDescription("Builds, lists, shows, checks and removes what microVMs start from"),
  Command.withSubcommands([build, list, inspect, verify, prune])
)
