import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../Flags.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as AuditPlace from "./Place.ts"

/** `caisson audit prove`. */
export const prove = Command.make(
  "prove",
  {
    session: Flags.text("session", "ID", "The session of the run; needed if more than one has a run of this id"),
    run: Flag.String("run").pipe(Flag.withMetavar("ID"), Flag.withDescription("The run to prove"))
  },
  Effect.fnUntraced(function* (which) {
    const { home } = yield* root
    const { prove } = yield* Effect.promise(() => import("../../audit/Prove.ts"))
    const { toText } = yield* Effect.promise(() => import("../../audit/Proof.ts"))
    const { out } = yield* Screen
    const proof = yield* prove(AuditPlace.directoryOf(home), which)
    yield* out.say(toText(proof).trimEnd())
  })
).pipe(
  Command.withDescription(
    "Writes a proof that the events of one run of a session are in the audit log, which can be checked without the log"
  ),
  Command.withExamples([
    { command: "caisson audit prove --session monday --run r2 > proof.json", description: "To give to somebody" },
    { command: "caisson audit verify --proof proof.json", description: "What they do with it" }
  ])
)
