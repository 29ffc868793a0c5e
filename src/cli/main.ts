/** The command line: which subcommands there are, what they run on, and how the process ends. */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as CliConfig from "effect/cli/CliConfig"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Diagnostics from "./Diagnostics.ts"
import { type ExitCode, exitCodes } from "./ExitCode.ts"
import { manifest } from "./Package.ts"
import { type CommandError, fromCause } from "./Problem.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"
import * as Signals from "./Signals.ts"
import * as Subcommands from "./Subcommands.ts"
import * as Words from "./Words.ts"

/** What was asked for is shown; what went wrong is reported at the end, in one place and one form. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "Version" || (event._tag === "Help" && event.reason === "Requested")
      ? CliOutput.defaultPresenter.present(event)
      : Effect.void
}

/** Files and a terminal are for kinds of flags that no command here has: loading them would take a tenth of a short run. */
const noServices = Context.empty() as Context.Context<Command.Environment>

const program = (words: ReadonlyArray<string>) =>
  Effect.promise(() => Subcommands.load(words)).pipe(
    Effect.flatMap((subcommands) =>
      Effect.flatMap(
        Words.read(words),
        Command.runWith(root.pipe(Command.withSubcommands(subcommands)), { version: manifest.version })
      )
    ),
    Effect.provideService(CliOutput.Presenter, presenter),
    Effect.provide(CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })),
    Effect.provideContext(noServices)
  )

const wantsJson = (words: ReadonlyArray<string>): boolean => {
  const end = words.indexOf("--")
  return (end === -1 ? words : words.slice(0, end)).includes("--json")
}

const interrupted = (exitCode: ExitCode) => ({
  name: "Interrupted",
  // What is left behind is said by whoever leaves it.
  message: "ended by a signal",
  exitCode
})

/** Says what went wrong, as text and for `--json` as one line of JSON, and gives the exit code for it. */
const reportFailure = Effect.fnUntraced(function* (
  cause: Cause.Cause<CommandError | CliError.CliError>,
  words: ReadonlyArray<string>,
  signalCode: ExitCode | undefined
) {
  const problem = signalCode === undefined ? fromCause(cause) : interrupted(signalCode)
  if (typeof problem === "number") return problem
  const { notes, out } = yield* Screen
  const { exitCode, ...error } = problem
  const traces = exitCode === exitCodes.internal.code ? Diagnostics.traces(cause) : undefined
  yield* notes.say(traces ?? `${notes.paint("red", "caisson:")} ${notes.tame(error.message)}`)
  if (wantsJson(words)) yield* out.say(JSON.stringify({ error, exitCode }))
  return exitCode
})

/** Runs the command with the words behind its name, and ends the process. */
export const main = async (words: ReadonlyArray<string>): Promise<void> => {
  // A reader that goes away, such as `head`, is no reason to stop a run.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  const fiber = Effect.runFork(Effect.provide(program(words), Diagnostics.layer))
  const signalCode = Signals.interrupting(fiber)
  const exit = await Effect.runPromise(Fiber.await(fiber))
  const exitCode = Exit.isSuccess(exit)
    ? exitCodes.completed.code
    : await Effect.runPromise(reportFailure(exit.cause, words, signalCode()))
  // Tools may have left something behind that would keep the process alive.
  process.stdout.write("", () => process.exit(exitCode))
}
