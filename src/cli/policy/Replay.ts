import { resolve } from "node:path"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type { Change, Comparison } from "../../policy/Replay.ts"
import { notReadable } from "../InputFile.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import { decisionText } from "./Explain.ts"
import { callsIn, type Reading, type Recorded } from "./RecordedCalls.ts"
import * as PolicySource from "./Source.ts"
import { contextFlags } from "./Subject.ts"

const changeJson = ({ call, verdict }: Change<Recorded>) => ({
  seq: call.seq,
  time: call.time,
  session: call.session,
  run: call.run,
  method: call.method,
  before: { effect: call.effect, ...(call.rule === undefined ? {} : { rule: call.rule }) },
  after: verdict
})

const shown = 50

const lines = ({ calls, changes, counts, deniedByOthers }: Comparison<Recorded>, side: Side): ReadonlyArray<string> => {
  const told = changes.slice(0, shown).map(({ call, verdict }) => {
    const place = side.tame(`${call.time ?? ""}  ${call.session ?? ""}/${call.run ?? ""}`)
    const way = `${decisionText(call.effect, side)} to ${decisionText(verdict.effect, side)}`
    return `${place}  ${side.tame(call.method)}  ${way}: ${side.tame(verdict.reason)}`
  })
  const sums = Object.entries(counts).map(([way, count]) => `${count} from ${way}`)
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return [
    ...told,
    ...(total > told.length ? [`and ${total - told.length} more`] : []),
    sums.length === 0
      ? `nothing would change in ${calls} calls`
      : `${total} of ${calls} calls would change: ${sums.join(", ")}`,
    ...(deniedByOthers === 0
      ? []
      : [`${deniedByOthers} stay denied: no policy decided on them, but capabilities, a token or a detector`])
  ]
}

const auditFlag = Flag.String("audit").pipe(
  Flag.withMetavar("LOG"),
  Flag.withDescription("An audit log: a file, or a folder of .jsonl files"),
  Flag.map((path) => resolve(path))
)

/** `caisson policy replay`. */
export const replay = Command.make(
  "replay",
  { file: PolicySource.fileArgument, audit: auditFlag, context: contextFlags },
  Effect.fnUntraced(function* ({ audit, context, file }) {
    const { json } = yield* root
    const Replay = yield* Effect.promise(() => import("../../policy/Replay.ts"))
    const { notes, out } = yield* Screen
    const policy = yield* PolicySource.load(file)
    const reading: Reading = { unreadable: 0, isLog: false }
    const comparison = yield* Effect.try({
      try: () => Replay.replay(policy, callsIn(audit, context, reading)),
      catch: (cause) => notReadable(audit, cause)
    })
    if (!reading.isLog) return yield* notReadable(audit, "there is no audit log")
    const { calls, changes, counts, deniedByOthers } = comparison
    if (json) {
      const told = { policy: policy.id, calls, unreadable: reading.unreadable, deniedByOthers, counts }
      yield* out.say(JSON.stringify({ ...told, changes: changes.map(changeJson) }))
      return
    }
    yield* out.say(lines(comparison, out).join("\n"))
    if (reading.unreadable > 0) {
      yield* notes.say(`${notes.paint("yellow", "warning:")} ${reading.unreadable} records of calls could not be read`)
    }
  })
).pipe(Command.withDescription("Says which calls in an audit log a policy would have decided otherwise"))
