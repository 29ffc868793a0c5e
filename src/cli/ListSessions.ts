import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Summary } from "../session/journal/Journal.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson sessions`. */
export const listSessions = Command.make(
  "sessions",
  {
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("How many to list (default: 100)"),
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))),
      Flag.withDefault(100)
    )
  },
  Effect.fnUntraced(function* ({ limit }) {
    const { home, json } = yield* root
    const { lookingIn } = yield* Effect.promise(() => import("./Held.ts"))
    const { Sessions } = yield* Effect.promise(() => import("../session/Sessions.ts"))
    const { statusText, summaryJson } = yield* Effect.promise(() => import("./Account.ts"))
    const { out } = yield* Screen
    const sessions = yield* Sessions.use((sessions) => sessions.list({ limit })).pipe(
      lookingIn(home),
      Effect.catchIf(
        (error) => error._tag === "UsageError" && error.reason === "NoHome",
        () => Effect.succeed<ReadonlyArray<Summary>>([])
      )
    )
    if (json) return yield* out.say(JSON.stringify({ sessions: sessions.map(summaryJson) }))
    for (const summary of sessions) {
      const updated = out.paint("dim", new Date(summary.updatedMillis).toISOString())
      yield* out.say(`${summary.session}  ${statusText(summary, out)}  ${updated}`)
    }
  })
).pipe(Command.withDescription("Lists sessions, newest first"))
