import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "./Flags.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** Stands for a tools module that the session does not remember: whoever types the command knows which one it is. */
const unknownTools = "MODULE"

/** `caisson show`. */
export const show = Command.make(
  "show",
  {
    session: Flags.session,
    events: Flags.toggle("events", "Show the entries of its journal instead")
  },
  Effect.fnUntraced(function* ({ events, session }) {
    const { home, json } = yield* root
    const { addressOf, lookingIn, toolsEntry } = yield* Effect.promise(() => import("./Held.ts"))
    const { Sessions } = yield* Effect.promise(() => import("../session/Sessions.ts"))
    const Account = yield* Effect.promise(() => import("./Account.ts"))
    const { out } = yield* Screen
    const { entries, summary } = yield* Sessions.use((sessions) =>
      Effect.all({ summary: sessions.summary(session), entries: sessions.entries(session) })
    ).pipe(lookingIn(home))
    const account = Account.of(summary, entries)
    const tools = summary.metadata[toolsEntry] ?? (Account.hasUsedTools(account) ? unknownTools : undefined)
    const address = yield* addressOf(session, { home, tools }, summary.metadata)
    if (events)
      for (const entry of entries) yield* out.say(json ? JSON.stringify(entry) : Account.entryLine(entry, out))
    else yield* out.say(json ? Account.json(account) : Account.lines(account, address, out).join("\n"))
  })
).pipe(
  Command.withDescription("Shows a session: its runs, the calls that wait, and what is known of every call's effect")
)
