import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type * as Session from "../session/Answer.ts"
import * as Flags from "./Flags.ts"
import { UsageError } from "./Problem.ts"
import { root } from "./Root.ts"

interface Given {
  readonly approve: boolean
  readonly deny: boolean
  readonly reason: string | undefined
  readonly result: string | undefined
  readonly error: string | undefined
  readonly by: string
}

const toAnswer = Effect.fnUntraced(function* ({ approve, by, deny, error, reason, result }: Given) {
  const alternatives = { approve: approve || undefined, deny: deny || undefined, result, error }
  const chosen = yield* Flags.onlyOne(alternatives)
  if (reason !== undefined && chosen !== "deny") {
    return yield* new UsageError({ reason: "Contradiction", message: "--reason goes with --deny" })
  }
  if (result !== undefined) return { _tag: "Return", value: yield* Flags.parseJson("result", result), by } as const
  if (error !== undefined) return { _tag: "Throw", message: error, by } as const
  return approve
    ? ({ _tag: "Approve", by } as const)
    : ({ _tag: "Deny", ...(reason === undefined ? {} : { reason }), by } as const)
})

/** `caisson answer`. */
export const answer = Command.make(
  "answer",
  {
    session: Flags.session,
    call: Flags.call,
    approve: Flags.toggle("approve", "Let the call go ahead"),
    deny: Flags.toggle("deny", "Refuse it; the guest can catch that"),
    reason: Flags.text("reason", "TEXT", "With --deny: what the guest is told"),
    result: Flags.text("result", "JSON", "Give its result; its handler is not run"),
    error: Flags.text("error", "MESSAGE", "Make it fail; its handler is not run"),
    by: Flags.by,
    tools: Flags.tools
  },
  Effect.fnUntraced(function* (flags) {
    const { home, json } = yield* root
    const said: Session.Answer = yield* toAnswer(flags)
    const { inExistingHome, perform, resume } = yield* Effect.promise(() => import("./Held.ts"))
    yield* Effect.gen(function* () {
      const held = yield* resume(flags.session, { home, tools: flags.tools })
      yield* perform(held, held.session.answer(flags.call, said), { format: json ? "json" : "text" })
    }).pipe(Effect.scoped, inExistingHome(home))
  })
).pipe(
  Command.withDescription("Answers a call that waits for a decision, and goes on with its run"),
  Command.withExamples([
    { command: "caisson answer monday 1.2 --approve", description: "Let it go ahead" },
    { command: "caisson answer monday 1.2 --deny --reason 'too much'", description: "Refuse it" },
    { command: `caisson answer monday 1.2 --result '{"id":7}'`, description: "It was done by other means" }
  ])
)
