/** Flags and arguments that several subcommands take. */
import { resolve } from "node:path"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { UsageError } from "./Problem.ts"
import { userName } from "./UserName.ts"

export const session = Argument.String("ID").pipe(Argument.withDescription("The session"))

export const call = Argument.String("CALL").pipe(Argument.withDescription("The waiting call, such as 1.2"))

/** An absolute path. */
export const tools = Flag.String("tools").pipe(
  Flag.withMetavar("MODULE"),
  Flag.withDescription(
    "A module whose default export is { tools, capabilities }; a session remembers the one that it was opened with"
  ),
  Flag.map((file) => resolve(file)),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** A flag that is set or not. */
export const toggle = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withoutNegation, Flag.withDefault(false))

export const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map(Option.getOrUndefined)
  )

/** Who decides, or says so: what a person says on the command line always has a name. */
export const by = text("by", "NAME", "Who says so, for the journal (default: the name of the user)").pipe(
  Flag.map((name) => name ?? userName())
)

export const seq = (description: string) =>
  Flag.Int("at").pipe(Flag.withMetavar("SEQ"), Flag.withDescription(description))

/** The value of a flag that takes JSON. */
export const parseJson = (flag: string, text: string) =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      return new UsageError({ reason: "InvalidJson", message: `--${flag} is not JSON: ${why}` })
    }
  })

/** The name of the one alternative that was given. */
export const onlyOne = (alternatives: Readonly<Record<string, unknown>>): Effect.Effect<string, UsageError> => {
  const names = Object.keys(alternatives).map((name) => `--${name}`)
  const given = Object.keys(alternatives).filter((name) => alternatives[name] !== undefined)
  const [only] = given
  if (only !== undefined && given.length === 1) return Effect.succeed(only)
  const choice = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`
  const message = given.length === 0 ? `give one of ${choice}` : `give only one of ${choice}`
  return Effect.fail(new UsageError({ reason: "Contradiction", message }))
}
