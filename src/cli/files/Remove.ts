import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as Place from "./Place.ts"

/** `caisson files rm`. */
export const remove = Command.make(
  "rm",
  {
    session: Flags.session,
    path: Place.path,
    recursive: Flags.toggle("recursive", "A directory with all that is below")
  },
  Effect.fnUntraced(function* ({ path: given, recursive, session: id }) {
    const { home, json } = yield* root
    const { out } = yield* Screen
    const path = Place.absolute(given)
    yield* Place.withSession(id, home, ({ files }) => files.remove(path, { recursive }))
    yield* out.say(json ? JSON.stringify({ session: id, removed: path }) : `${path} of session ${id} is removed`)
  })
).pipe(Command.withDescription("Removes a file or an empty directory of a session"))
