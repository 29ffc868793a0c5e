import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"

/** `caisson approvals show`. */
export const show = Command.make(
  "show",
  { session: Flags.session, call: Flags.call },
  Effect.fnUntraced(function* ({ call, session }) {
    const { home, json } = yield* root
    const { addressOf, inInbox } = yield* Effect.promise(() => import("../Held.ts"))
    const { Approvals } = yield* Effect.promise(() => import("../../approval/Approvals.ts"))
    const { decisionJson, detailLines, requestJson } = yield* Effect.promise(() => import("./Text.ts"))
    const { out } = yield* Screen
    const details = yield* Approvals.use((approvals) => approvals.show(session, call)).pipe(inInbox(home))
    if (json) {
      const decisions = details.decisions.map((decision) => ({ ...decisionJson(decision), fate: decision.fate }))
      return yield* out.say(JSON.stringify({ ...requestJson(details.request), decisions }))
    }
    const { flags } = yield* addressOf(session, { home }, {})
    yield* out.say(detailLines(details, flags, out).join("\n"))
  })
).pipe(Command.withDescription("Shows a call that waits: its input, why it asks, who may decide, until when"))
