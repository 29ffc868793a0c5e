import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type * as Session from "../session/Answer.ts"
import * as Flags from "./Flags.ts"
import { root } from "./Root.ts"

/** `caisson reconcile`. */
export const reconcile = Command.make(
  "reconcile",
  {
    session: Flags.session,
    call: Flags.call,
    committed: Flags.text("committed", "JSON", "It had its effect, and this is its result"),
    notCommitted: Flags.toggle("not-committed", "It had no effect: it is started again"),
    by: Flags.by,
    tools: Flags.tools
  },
  Effect.fnUntraced(function* ({ by, call, committed, notCommitted, session, tools }) {
    const { home, json } = yield* root
    yield* Flags.onlyOne({ committed, "not-committed": notCommitted || undefined })
    const said: Session.Reconciliation =
      committed === undefined
        ? { _tag: "NotCommitted", by }
        : { _tag: "Committed", value: yield* Flags.parseJson("committed", committed), by }
    const { inExistingHome, perform, resume } = yield* Effect.promise(() => import("./Held.ts"))
    yield* Effect.gen(function* () {
      const held = yield* resume(session, { home, tools })
      yield* perform(held, held.session.reconcile(call, said), { format: json ? "json" : "text" })
    }).pipe(Effect.scoped, inExistingHome(home))
  })
).pipe(
  Command.withDescription(
    "Says what became of a call that was under way when its process ended, and goes on with its run"
  ),
  Command.withExamples([
    { command: `caisson reconcile monday 1.2 --committed '{"id":7}'`, description: "It had its effect" },
    { command: "caisson reconcile monday 1.2 --not-committed", description: "It had none" }
  ])
)
