import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as AuditPlace from "./Place.ts"

const limitMax = 10_000_000

/** `caisson audit query`. */
export const query = Command.make(
  "query",
  {
    run: Flags.text("run", "ID", "Only events of a run"),
    session: Flags.text("session", "ID", "Only events of a session"),
    trace: Flags.text("trace", "ID", "Only events of a trace"),
    type: AuditPlace.typeFlag,
    since: Flags.text("since", "TIME", "Only events from a time on: 2026-11-20, 2026-11-20T08:30:00Z, or 90m ago"),
    until: Flags.text("until", "TIME", "Only events up to a time"),
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("How many to show, the earliest first (default: 1000)"),
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: limitMax }))),
      Flag.withDefault(1_000)
    )
  },
  Effect.fnUntraced(function* ({ since, until, ...names }) {
    const { home, json } = yield* root
    const { lines } = yield* Effect.promise(() => import("../../audit/Query.ts"))
    const { lineOf } = yield* Effect.promise(() => import("./Line.ts"))
    const { out } = yield* Screen
    const sinceMillis = yield* AuditPlace.timeOf("since", since)
    const untilMillis = yield* AuditPlace.timeOf("until", until)
    yield* lines(AuditPlace.directoryOf(home), { ...names, sinceMillis, untilMillis }).pipe(
      Stream.runForEach(({ text }) => out.say(json ? text : lineOf(text, out)))
    )
  })
).pipe(
  Command.withDescription("Shows events of the audit log; with --json, the lines as they stand in it"),
  Command.withExamples([
    { command: "caisson audit query --run run-7", description: "All that is known of a run" },
    {
      command: "caisson audit query --type call.decided --since 1h --json",
      description: "What was decided in the last hour"
    }
  ])
)
