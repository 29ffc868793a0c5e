import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import { Stance } from "../session/SessionEvent.ts"
import * as Flags from "./Flags.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson guard`. */
export const guard = Command.make(
  "guard",
  {
    session: Flags.session,
    stance: Argument.Literals("STANCE", Stance.literals).pipe(
      Argument.withDescription(
        "open: as its capabilities say; throttled: calls wait a while; asking: a person sees every call; frozen: nothing runs"
      )
    ),
    reason: Flags.text("reason", "TEXT", "Why, for the journal"),
    by: Flags.by
  },
  Effect.fnUntraced(function* ({ by, reason = "a person said so", session, stance }) {
    const { home, json } = yield* root
    const { inExistingHome, resumeWithoutTools } = yield* Effect.promise(() => import("./Held.ts"))
    const { out } = yield* Screen
    yield* Effect.flatMap(resumeWithoutTools(session), (held) => held.guard(stance, { reason, by })).pipe(
      Effect.scoped,
      inExistingHome(home)
    )
    yield* out.say(json ? JSON.stringify({ session, stance }) : `session ${session} is ${stance}`)
  })
).pipe(Command.withDescription("Says how far a session is trusted, or lets go one that a detector has stopped"))
