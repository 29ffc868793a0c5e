import { resolve } from "node:path"
import * as Config from "effect/Config"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { exitCodeTable } from "./ExitCode.ts"

/** Where sessions are kept if nothing else is said. */
export const defaultHome = ".caisson"

/** The command without its subcommands: what all of them share. */
export const root = Command.make("caisson").pipe(
  Command.withSharedFlags({
    home: Flag.String("home").pipe(
      Flag.withMetavar("DIR"),
      Flag.withDescription(`Where sessions are kept (default: $CAISSON_HOME or ./${defaultHome})`),
      Flag.withFallbackConfig(Config.String("CAISSON_HOME")),
      Flag.withDefault(defaultHome),
      Flag.map((directory) => resolve(directory))
    ),
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Write nothing but JSON to standard output, one value on each line"),
      Flag.withoutNegation,
      Flag.withDefault(false)
    )
  }),
  Command.withShortDescription("Durable sandboxes for code that nobody trusts"),
  Command.withDescription(`Runs code that nobody trusts, in durable sessions.\n\nExit codes:\n${exitCodeTable}`)
)
