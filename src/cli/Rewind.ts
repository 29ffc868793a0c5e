import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "./Flags.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson rewind`. */
export const rewind = Command.make(
  "rewind",
  { session: Flags.session, at: Flags.seq("The last entry of its journal that still counts") },
  Effect.fnUntraced(function* ({ at, session }) {
    const { home, json } = yield* root
    const { inExistingHome, resumeWithoutTools } = yield* Effect.promise(() => import("./Held.ts"))
    const { out } = yield* Screen
    yield* Effect.flatMap(resumeWithoutTools(session), (held) => held.rewind(at)).pipe(
      Effect.scoped,
      inExistingHome(home)
    )
    yield* out.say(json ? JSON.stringify({ session, at }) : `session ${session} is back at ${at}`)
  })
).pipe(
  Command.withDescription("Takes a session back to a recorded point; budgets stay spent, effects on the outside stay")
)
