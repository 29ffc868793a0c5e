import * as Command from "effect/cli/Command"
import { approve, deny } from "./Decide.ts"
import { list } from "./List.ts"
import { show } from "./Show.ts"

/** `caisson approvals`. */
export const approvals = Command.make("approvals").pipe(
  Command.withDescription("The calls of all sessions that wait for a person, and the decisions on them"),
  Command.withSubcommands([list, show, approve, deny])
)
