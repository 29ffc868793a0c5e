import * as Command from "effect/cli/Command"
import { build } from "./TemplateBuild.ts"
import { inspect } from "./TemplateInspect.ts"
import { list } from "./TemplateList.ts"
import { prune } from "./TemplatePrune.ts"
import { verify } from "./TemplateVerify.ts"

/** `caisson template`. */
export const template = Command.make("template").pipe(
  Command.withDescription("Builds, lists, shows, checks and removes what microVMs start from"),
  Command.withSubcommands([build, list, inspect, verify, prune])
)
