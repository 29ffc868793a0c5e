import { resolve } from "node:path"
import * as Config from "effect/Config"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
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
    policy: Flag.String("policy").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The rules that sessions are under (default: $CAISSON_POLICY)"),
      Flag.withFallbackConfig(Config.String("CAISSON_POLICY")),
      Flag.map((file) => resolve(file)),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    audited: Flag.Boolean("audited").pipe(
      Flag.withDescription("Keep an audit log of what sessions do, in the home (default: $CAISSON_AUDITED)"),
      Flag.withoutNegation,
      Flag.withFallbackConfig(Config.Boolean("CAISSON_AUDITED")),
      Flag.withDefault(false)
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
