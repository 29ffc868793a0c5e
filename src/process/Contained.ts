/**
 * Programs that change what is mounted. Where root runs them and the host lets it, they have mounts and processes of their own, which
 * end with this process, whatever ends that: a program that was left behind would leave its mounts to the host.
 */
import * as Effect from "effect/Effect"
import * as Program from "./Program.ts"

/** `setpriv` ends `unshare` with this process, and that ends the first process of the namespace, with which all others end. */
const prefix = [
  ...["setpriv", "--pdeathsig=KILL", "--"],
  ...["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"]
]

/** Tried, since a container may not allow it. */
const works = Effect.isSuccess(Program.run("sh", ["-c", '"$@"', "sh", ...prefix, "true"]))

/** Runs a program as `Program.run` does. */
export const run = Effect.fn("Contained.run")(function* (
  program: string,
  given: ReadonlyArray<string>,
  options: Program.ProgramOptions & { readonly isRoot: boolean }
) {
  const through = options.isRoot && (yield* works) ? prefix : []
  return yield* Program.run(program, given, { ...options, through })
})
