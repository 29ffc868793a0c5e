import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "./Flags.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson close`. */
export const close = Command.make(
  "close",
  { session: Flags.session },
  Effect.fnUntraced(function* ({ session }) {
    const { home, json } = yield* root
    const { inExistingHome, resumeWithoutTools } = yield* Effect.promise(() => import("./Held.ts"))
    const { out } = yield* Screen
    yield* Effect.flatMap(resumeWithoutTools(session), (held) => held.close).pipe(Effect.scoped, inExistingHome(home))
    yield* out.say(json ? JSON.stringify({ session, status: "closed" }) : `session ${session} is closed`)
  })
).pipe(Command.withDescription("Ends a session for good, and with it a run in progress"))
