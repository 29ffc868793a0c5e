/** The commands of tokens and keys as a process of their own. Says why it failed by the reason's name and its message. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { keys } from "../../src/cli/Keys.ts"
import { root } from "../../src/cli/Root.ts"
import { token } from "../../src/cli/token/Token.ts"

/** Runs a command with the words behind its name. */
export const run = (words: ReadonlyArray<string>) =>
  Command.runWith(root.pipe(Command.withSubcommands([keys, token])), { version: "0" })(words).pipe(
    Effect.provide(NodeServices.layer)
  )

if (process.argv[1] === import.meta.filename) {
  const ended = run(process.argv.slice(2)).pipe(
    Effect.catch((error) => Effect.sync(() => process.stderr.write(`${error.message}\n`)))
  )
  await Effect.runPromise(ended)
}
