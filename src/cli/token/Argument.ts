import * as Argument from "effect/cli/Argument"
import * as Effect from "effect/Effect"
import * as InputFile from "../InputFile.ts"
import type { UsageError } from "../Problem.ts"

/** A token, or `-` for one on standard input, where it does not stand in the list of processes. */
export const token = Argument.String("TOKEN").pipe(
  Argument.withDescription("The token, or - to read it from standard input")
)

/** More than any token has. */
const bytesMax = 131_072

/** The text of a token that was given, without what stands around it. */
export const read = (given: string): Effect.Effect<string, UsageError> =>
  Effect.map(given === "-" ? InputFile.fromStandardInput(bytesMax) : Effect.succeed(given), (text) => text.trim())
