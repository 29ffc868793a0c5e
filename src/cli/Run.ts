import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Language } from "../capability/Language.ts"
import { embedded } from "../machine/Tiers.ts"
import * as Flags from "./Flags.ts"
import { UsageError } from "./Problem.ts"
import { root } from "./Root.ts"
import * as RunLimits from "./RunLimits.ts"
import { Screen } from "./Screen.ts"
import * as Source from "./Source.ts"
import { read as readToken } from "./token/Argument.ts"

/** A session keeps the template that it was opened with. */
const checkTemplate = (wanted: string | undefined, actual: string) =>
  wanted === undefined || wanted === actual
    ? Effect.void
    : Effect.fail(
        new UsageError({
          reason: "TemplateIsFixed",
          message: `the session was opened with the template ${actual}: leave out --template, or give another --session`
        })
      )

/** `caisson run`. */
export const run = Command.make(
  "run",
  {
    file: Argument.String("FILE").pipe(
      Argument.withDescription("Code in a language of the template; - is standard input"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    code: Flag.String("eval").pipe(
      Flag.withAlias("e"),
      Flag.withMetavar("CODE"),
      Flag.withDescription("Code instead of a file; write --eval=CODE if it begins with two dashes"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    language: Flag.Literals("language", Language.literals).pipe(
      Flag.withDescription(
        "What the code is written in (default: as the file's ending says, else the first of the template)"
      ),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    session: Flags.text(
      "session",
      "ID",
      "Continue this session, or open it; without, the run gets a session of its own"
    ),
    runId: Flags.text(
      "run-id",
      "ID",
      "Make the run idempotent: the same id and code run once and give the same result"
    ),
    template: Flags.text("template", "NAME", "The environment of a new session (default: javascript)"),
    tools: Flags.tools,
    token: Flags.text(
      "token",
      "TOKEN",
      "A token for this run, which narrows what its calls may do; - reads it from standard input"
    ),
    timeout: Flags.text("timeout", "TIME", "Time for a run of a new session, such as 500ms, 5s, 2m"),
    memory: Flag.Int("memory").pipe(
      Flag.withMetavar("MIB"),
      Flag.withDescription("Heap of a new session's guest, in mebibytes (default: 64)"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  Effect.fnUntraced(function* (flags) {
    const { home, json } = yield* root
    const source = yield* Source.read(flags)
    const isEmbedded = flags.template === undefined || flags.template === embedded
    const limits = yield* RunLimits.parse(flags, isEmbedded)
    const token = flags.token === undefined ? undefined : yield* readToken(flags.token)
    const asked = { runId: flags.runId, language: source.language, token }
    const { start } = yield* Effect.promise(() => import("../quickjs/QuickJs.ts"))
    const started = isEmbedded ? start({ threads: 1, livesShortly: true }) : undefined
    const { inHome, perform, resumeOrOpen } = yield* Effect.promise(() => import("./Held.ts"))
    const { notes } = yield* Screen
    yield* Effect.gen(function* () {
      const held = yield* resumeOrOpen(
        flags.session,
        { home, tools: flags.tools },
        { template: flags.template, limits, firstRun: { code: source.text, ...asked } }
      )
      const { session } = held
      if (!held.isNew) {
        yield* checkTemplate(flags.template, session.state().template)
        yield* RunLimits.check(limits, session.state().limits)
      }
      if (flags.session === undefined && !json) yield* notes.say(notes.paint("dim", `session ${session.id}`))
      const operation = session.run(source.text, asked)
      yield* perform(held, operation, { format: json ? "json" : "text", language: source.language })
    }).pipe(Effect.scoped, inHome(home, { started }))
  })
).pipe(
  Command.withDescription("Runs code in a session, and says what it came to"),
  Command.withExamples([
    { command: "caisson run -e '1 + 1'", description: "Run an expression" },
    { command: "caisson run report.ts --session monday --tools tools.ts", description: "Run a file with tools" },
    { command: "caisson run -e 'ls | wc -l' --language shell --session monday", description: "Run a shell script" },
    {
      command: "caisson run plot.py --template python-data-analysis",
      description: "Run Python in a machine with a kernel of its own"
    },
    { command: "caisson run - --json --timeout 5s < generated.js", description: "Run what another program wrote" }
  ])
)
