/** The subcommands that decide. They need no hold of the session: whoever has it takes the decision up. */
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Answer } from "../../session/Answer.ts"
import * as Flags from "../Flags.ts"
import { UsageError } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"

const shared = {
  session: Flags.session,
  call: Flags.call,
  by: Flags.by,
  digest: Flags.text("digest", "SHA256", "Decide only if this is still the question: see `approvals list --json`"),
  resume: Flags.toggle("resume", "Then go on with the run here, unless another process holds the session"),
  tools: Flags.tools
}

interface Given {
  readonly session: string
  readonly call: string
  readonly by: string
  readonly digest: string | undefined
  readonly resume: boolean
  readonly tools: string | undefined
}

/** Goes on with the run, and says what it came to. */
const goOn = Effect.fnUntraced(function* ({ session: id, tools }: Given, home: string, json: boolean) {
  const { inExistingHome, perform, resume } = yield* Effect.promise(() => import("../Held.ts"))
  yield* Effect.gen(function* () {
    const held = yield* resume(id, { home, tools })
    const nothing = new UsageError({ reason: "NothingToResume", message: `nothing was ever run in session ${id}` })
    const operation = Effect.flatMap(
      held.session.resume(),
      Option.match({ onNone: () => Effect.fail(nothing), onSome: Effect.succeed })
    )
    yield* perform(held, operation, { format: json ? "json" : "text" })
  }).pipe(Effect.scoped, inExistingHome(home))
})

const decide = Effect.fnUntraced(function* (given: Given, answer: Answer) {
  const { home, json } = yield* root
  const { by, call, digest, session } = given
  const { inInbox } = yield* Effect.promise(() => import("../Held.ts"))
  const { Approvals } = yield* Effect.promise(() => import("../../approval/Approvals.ts"))
  const { decisionJson, decisionText, isSame } = yield* Effect.promise(() => import("./Text.ts"))
  const { load } = yield* Effect.promise(() => import("../ToolsModule.ts"))
  const { notes, out } = yield* Screen
  const toolkit = given.tools === undefined ? undefined : (yield* load(given.tools)).toolkit
  const decided = yield* Approvals.use((approvals) =>
    answer._tag === "Approve"
      ? approvals.approve(session, call, { by, digest, toolkit, input: answer.input })
      : approvals.deny(session, call, { by, digest, reason: answer._tag === "Deny" ? answer.reason : undefined })
  ).pipe(inInbox(home))
  const said = `call ${call} of session ${session} was ${decisionText(decided.decision)}`
  if (!decided.isFirst && !isSame(decided.decision, by, answer)) {
    return yield* new UsageError({ reason: "DecidedBefore", message: `${said}, and the first decision counts` })
  }
  const say = json
    ? out.say(JSON.stringify({ session, call, ...decisionJson(decided.decision) }))
    : out.say(out.tame(said))
  if (!given.resume) return yield* say
  if (!json) yield* say
  yield* goOn(given, home, json).pipe(
    Effect.catchReason("JournalError", "SessionBusy", () =>
      json ? say : notes.say("another process holds the session, and takes the decision up")
    )
  )
})

/** `caisson approvals approve`. */
export const approve = Command.make(
  "approve",
  { ...shared, input: Flags.text("input", "JSON", "Call the tool with this input instead; it is checked again") },
  Effect.fnUntraced(function* ({ input, ...given }) {
    const edited = input === undefined ? {} : { input: yield* Flags.parseJson("input", input) }
    yield* decide(given, { _tag: "Approve", ...edited })
  })
).pipe(
  Command.withDescription("Lets a call go ahead, whichever process holds its session, now or later"),
  Command.withExamples([
    { command: "caisson approvals approve monday 1.2", description: "Let it go ahead" },
    { command: `caisson approvals approve monday 1.2 --input '{"amount":20}'`, description: "With another input" }
  ])
)

/** `caisson approvals deny`. */
export const deny = Command.make(
  "deny",
  { ...shared, reason: Flags.text("reason", "TEXT", "What the guest is told") },
  ({ reason, ...given }) => decide(given, { _tag: "Deny", ...(reason === undefined ? {} : { reason }) })
).pipe(Command.withDescription("Refuses a call; the guest can catch that"))
