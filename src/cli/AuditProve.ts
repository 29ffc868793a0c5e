import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as AuditPlace from "./AuditPlace.ts"
import { root } from "./Root.ts"
import { Screen } from "./Screen.ts"

/** `caisson audit prove`. */
export const prove = Command.make(
  "prove",
  { run: Flag.String("run").pipe(Flag.withMetavar("ID"), Flag.withDescription("The run to prove")) },
  Effect.fnUntraced(function* ({ run }) {
    const { home } = yield* root
    const { prove } = yield* Effect.promise(() => import("../audit/Prove.ts"))
    const { toText } = yield* Effect.promise(() => import("../audit/Proof.ts"))
    const { out } = yield* Screen
    const proof = yield* prove(AuditPlace.directoryOf(home), run)
    yield* out.say(toText(proof).trimEnd())
  })
).pipe(
  Command.withDescription(
    "Writes a proof that events of a run are in the audit log, which can be checked without the log"
  ),
  Command.withExamples([
    { command: "caisson audit prove --run run-7 > proof.json", description: "To give to somebody" },
    { command: "caisson audit verify --proof proof.json", description: "What they do with it" }
  ])
)
