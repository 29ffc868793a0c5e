import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flags from "./Flags.ts"
import { UsageError } from "./Problem.ts"
import { root } from "./Root.ts"

const nothing = (id: string) =>
  new UsageError({ reason: "NothingToResume", message: `nothing was ever run in session ${id}` })

/** `caisson resume`. */
export const resume = Command.make(
  "resume",
  {
    session: Flags.session,
    rebuild: Flags.toggle("rebuild", "Do without snapshots: make the guest anew from the recorded answers"),
    tools: Flags.tools
  },
  Effect.fnUntraced(function* ({ rebuild, session: id, tools }) {
    const { home, json } = yield* root
    const held = yield* Effect.promise(() => import("./Held.ts"))
    yield* Effect.gen(function* () {
      const { address, session } = yield* held.resume(id, { home, tools }, { rebuild })
      const operation = Effect.flatMap(
        session.resume(),
        Option.match({ onNone: () => Effect.fail(nothing(id)), onSome: Effect.succeed })
      )
      yield* held.perform({ address, session }, operation, { format: json ? "json" : "text" })
    }).pipe(Effect.scoped, held.inExistingHome(home))
  })
).pipe(Command.withDescription("Goes on with the run in progress; of an idle session, gives the last result again"))
