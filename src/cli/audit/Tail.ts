import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { TailLine } from "../../audit/Tail.ts"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import { lineOf } from "./Line.ts"
import * as AuditPlace from "./Place.ts"

const linesMax = 10_000

/** `caisson audit tail`. */
export const tail = Command.make(
  "tail",
  {
    follow: Flags.toggle("follow", "Go on with new events as they are written, until Ctrl-C").pipe(Flag.withAlias("f")),
    lines: Flag.Int("lines").pipe(
      Flag.withAlias("n"),
      Flag.withDescription("How many of the last events to show (default: 10)"),
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: linesMax }))),
      Flag.withDefault(10)
    ),
    type: AuditPlace.typeFlag
  },
  Effect.fnUntraced(function* ({ follow, lines, type }) {
    const { home, json } = yield* root
    const Tail = yield* Effect.promise(() => import("../../audit/Tail.ts"))
    const { notes, out } = yield* Screen
    const directory = AuditPlace.directoryOf(home)
    const types = type === undefined ? undefined : [type]
    const show = ({ seq, text }: TailLine) => {
      if (seq === undefined) return notes.say(`caisson: ${text}`)
      return out.say(json ? text : lineOf(text, out))
    }
    const { last, since } = yield* Tail.last({ directory, types, count: lines })
    yield* Effect.forEach(last, show, { discard: true })
    if (follow) yield* Stream.runForEach(Tail.follow({ directory, types, since }), show)
  })
).pipe(Command.withDescription("Shows the last events of the audit log, and with --follow those that come"))
