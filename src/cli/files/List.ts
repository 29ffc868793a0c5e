import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { workspace } from "../../file/Area.ts"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as Place from "./Place.ts"
import { entryJson, entryLines } from "./Text.ts"

/** `caisson files ls`. */
export const list = Command.make(
  "ls",
  {
    session: Flags.session,
    path: Place.path.pipe(Argument.withDefault(workspace)),
    recursive: Flags.toggle("recursive", "With all that is below")
  },
  Effect.fnUntraced(function* ({ path: given, recursive, session: id }) {
    const { home, json } = yield* root
    const { out } = yield* Screen
    const path = Place.absolute(given)
    const entries = yield* Place.withSession(id, home, ({ files }) =>
      Effect.flatMap(files.stat(path), (found) =>
        found.kind === "directory" ? files.list(path, { recursive }) : Effect.succeed([found])
      )
    )
    if (json) yield* out.say(JSON.stringify({ session: id, path, entries: entries.map(entryJson) }))
    else for (const line of entryLines(entries, path, out)) yield* out.say(line)
  })
).pipe(
  Command.withDescription("Lists a directory of a session, by default /workspace"),
  Command.withExamples([
    { command: "caisson files ls monday", description: "What is in its workspace" },
    { command: "caisson files ls monday / --recursive", description: "All that it has" }
  ])
)
