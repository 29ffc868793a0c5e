import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type { Page } from "../../approval/Approvals.ts"
import { commandLine } from "../CommandLine.ts"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"

/** `caisson approvals list`. */
export const list = Command.make(
  "list",
  {
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("How many to list, 1 to 500 (default: 50)"),
      Flag.withDefault(50)
    ),
    cursor: Flags.text("cursor", "CURSOR", "Go on where another list ended")
  },
  Effect.fnUntraced(function* ({ cursor, limit }) {
    const { home, json } = yield* root
    const { addressOf, inInbox } = yield* Effect.promise(() => import("../Held.ts"))
    const { Approvals } = yield* Effect.promise(() => import("../../approval/Approvals.ts"))
    const { requestJson, requestLines } = yield* Effect.promise(() => import("./Text.ts"))
    const { notes, out } = yield* Screen
    const page = yield* Approvals.use((approvals) => approvals.list({ limit, cursor })).pipe(
      inInbox(home),
      Effect.catchIf(
        (error) => error._tag === "UsageError" && error.reason === "NoHome",
        () => Effect.succeed<Page>({ requests: [], cursor: undefined })
      )
    )
    if (json) {
      const next = page.cursor === undefined ? {} : { cursor: page.cursor }
      return yield* out.say(JSON.stringify({ requests: page.requests.map(requestJson), ...next }))
    }
    for (const request of page.requests) {
      const { flags } = yield* addressOf(request.session, { home }, {})
      yield* out.say(requestLines(request, flags, out).join("\n"))
    }
    if (page.requests.length === 0 && page.cursor === undefined) yield* notes.say("nothing waits for a decision")
    if (page.cursor === undefined) return
    const { flags } = yield* addressOf("", { home }, {})
    yield* notes.say(`there is more: ${commandLine(["approvals", "list", "--cursor", page.cursor, ...flags])}`)
  })
).pipe(Command.withDescription("Lists the calls of all sessions that wait for a decision"))
