import * as Command from "effect/cli/Command"
import { get } from "./FilesGet.ts"
import { list } from "./FilesList.ts"
import { put } from "./FilesPut.ts"
import { remove } from "./FilesRemove.ts"

/** `caisson files`. */
export const files = Command.make("files").pipe(
  Command.withDescription("The files of a session: look at them, and copy them to this machine and back"),
  Command.withSubcommands([list, get, put, remove])
)
