import * as Command from "effect/cli/Command"
import { approve, deny } from "./ApprovalsDecide.ts"
import { list } from "./ApprovalsList.ts"
import { show } from "./ApprovalsShow.ts"

/** `caisson approvals`. */
export const approvals = Command.make("approvals").pipe(
  Command.withDescription("The calls of all sessions that wait for a person, and the decisions on them"),
  Command.withSubcommands([list, show, approve, deny])
)
