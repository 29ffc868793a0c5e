import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flags from "./Flags.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson fork`. */
export const fork = Command.make(
  "fork",
  {
    source: Flags.session,
    at: Flags.seq("The last entry of its journal to take over (default: all of them)").pipe(
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  Effect.fnUntraced(function* ({ at, source }) {
    const { home, json } = yield* root
    const { lookingIn } = yield* Effect.promise(() => import("./Held.ts"))
    const { Sessions } = yield* Effect.promise(() => import("../session/Sessions.ts"))
    const { out } = yield* Screen
    const session = yield* Sessions.use((sessions) => sessions.fork(source, { at })).pipe(lookingIn(home))
    yield* out.say(json ? JSON.stringify({ session, source, ...(at === undefined ? {} : { at }) }) : session)
  })
).pipe(Command.withDescription("Makes a new session with the same past, and prints its id"))
