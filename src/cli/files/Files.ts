import * as Command from "effect/cli/Command"
import { get } from "./Get.ts"
import { list } from "./List.ts"
import { put } from "./Put.ts"
import { remove } from "./Remove.ts"

/** `caisson files`. */
export const files = Command.make("files").pipe(
  Command.withDescription("The files of a session: look at them, and copy them to this machine and back"),
  Command.withSubcommands([list, get, put, remove])
)
