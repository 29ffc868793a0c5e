import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "./Flags.ts"
import { UsageError } from "./Problem.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson cancel`. */
export const cancel = Command.make(
  "cancel",
  {
    session: Flags.session,
    reason: Flags.text("reason", "TEXT", "Why; it becomes the message of the run's error")
  },
  Effect.fnUntraced(function* ({ reason, session }) {
    const { home, json } = yield* root
    const { inExistingHome, resumeWithoutTools } = yield* Effect.promise(() => import("./Held.ts"))
    const { out } = yield* Screen
    const run = yield* Effect.gen(function* () {
      const held = yield* resumeWithoutTools(session)
      const { current } = held.state()
      yield* held.cancel(reason)
      if (current !== undefined) return current.id
      const message = `session ${session} has no run in progress`
      return yield* new UsageError({ reason: "NothingToCancel", message })
    }).pipe(Effect.scoped, inExistingHome(home))
    yield* out.say(json ? JSON.stringify({ session, cancelled: run }) : `run ${run} of session ${session} is cancelled`)
  })
).pipe(
  Command.withDescription(
    "Ends the run in progress: variables go back to where they were before it, effects on the outside stay"
  )
)
