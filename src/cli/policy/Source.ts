/** Policy files as subcommands read them, and what they say about a file that is wrong. */
import * as Argument from "effect/cli/Argument"
import * as Effect from "effect/Effect"
import * as FileText from "../../policy/document/FileText.ts"
import type { PolicyError } from "../../policy/PolicyError.ts"
import { exitCodes } from "../ExitCode.ts"
import * as InputFile from "../InputFile.ts"
import { Ended } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"

/** The policy's file, as it is named in what is said about it. */
export const fileArgument = Argument.String("FILE").pipe(Argument.withDescription("The policy"))

/** What was to be reported has been: a case that failed, or a policy that cannot be used. */
export const failed = new Ended({ exitCode: exitCodes.failed.code })

/** Says all that is wrong with a file. */
const report = Effect.fnUntraced(function* ({ file, issues }: PolicyError) {
  const { json } = yield* root
  const { format } = yield* Effect.promise(() => import("../../policy/PolicyError.ts"))
  const { notes, out } = yield* Screen
  if (json) yield* out.say(JSON.stringify({ file, status: "malformed", issues }))
  else
    for (const issue of issues) yield* notes.say(`${notes.paint("red", "error:")} ${notes.tame(format(file, issue))}`)
  return yield* failed
})

/** Reads a policy, of at most 1 MiB. One that is malformed is reported, with all that is wrong, and ends the command. */
export const load = Effect.fnUntraced(function* (file: string) {
  const { parse } = yield* Effect.promise(() => import("../../policy/document/ReadPolicy.ts"))
  const text = yield* InputFile.fromFile(file, FileText.bytesMax)
  return yield* Effect.catchTag(Effect.fromResult(parse(file, text)), "PolicyError", report)
})
