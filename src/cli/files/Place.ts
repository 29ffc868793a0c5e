/** The session that a subcommand about files is about, and places in it. */

import { posix } from "node:path"
import * as Argument from "effect/cli/Argument"
import * as Effect from "effect/Effect"
import { workspace } from "../../file/Area.ts"
import type { Files } from "../../session/Files.ts"
import type { Session } from "../../session/Session.ts"
import type { CommandError } from "../Problem.ts"

export const path = Argument.String("PATH").pipe(
  Argument.withDescription("In the session: absolute, or from /workspace")
)

/** Beginning with a slash, without a slash at its end and without what leads nowhere. */
export const absolute = (path: string): string => posix.resolve(workspace, path)

/** Holds a session of an existing home for what is done with its files. */
export const withSession = Effect.fnUntraced(function* <A, R>(
  id: string,
  home: string,
  use: (session: Session) => Effect.Effect<A, CommandError, R>
) {
  const { inExistingHome, resumeWithoutTools } = yield* Effect.promise(() => import("../Held.ts"))
  return yield* Effect.flatMap(resumeWithoutTools(id), use).pipe(Effect.scoped, inExistingHome(home))
})

/** Whether there is a directory. */
export const isDirectory = (files: Files, path: string) =>
  Effect.map(files.stat(path), ({ kind }) => kind === "directory").pipe(
    Effect.catchIf(
      (error) => error._tag === "FileError" && error.code === "ENOENT",
      () => Effect.succeed(false)
    )
  )
