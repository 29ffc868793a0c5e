import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import type { Change, Comparison, RecordedCall } from "../policy/Replay.ts"
import { decisions } from "../policy/Rule.ts"
import { decisionText } from "./PolicyExplain.ts"
import * as PolicySource from "./PolicySource.ts"
import { contextFlags } from "./PolicySubject.ts"
import { UsageError } from "./Problem.ts"
import { root } from "./Root.ts"
import { Screen, type Side } from "./Screen.ts"

const chunkBytes = 1_048_576
const lineMax = 64 * 1_048_576

/** A recorded call, and where its record is. */
interface Recorded extends RecordedCall {
  readonly seq: unknown
  readonly session: unknown
  readonly run: unknown
  readonly time: unknown
}

function* linesOf(file: string): Generator<string> {
  const descriptor = openSync(file, "r")
  try {
    const decoder = new TextDecoder()
    const buffer = new Uint8Array(chunkBytes)
    let rest = ""
    for (let bytes = readSync(descriptor, buffer); bytes > 0; bytes = readSync(descriptor, buffer)) {
      const lines = `${rest}${decoder.decode(buffer.subarray(0, bytes), { stream: true })}`.split("\n")
      rest = lines.pop() ?? ""
      if (rest.length > lineMax) throw new Error(`${file} has a line of more than ${lineMax} characters`)
      yield* lines
    }
    yield rest
  } finally {
    closeSync(descriptor)
  }
}

/** A file, or the `.jsonl` files of a folder in the order of their names. */
const filesOf = (path: string): ReadonlyArray<string> =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith(".jsonl"))
        .sort()
        .map((name) => join(path, name))
    : [path]

const parse = (line: string): Record<string, unknown> | undefined => {
  try {
    const event: unknown = JSON.parse(line)
    return typeof event === "object" && event !== null ? { ...event } : undefined
  } catch {
    return undefined
  }
}

interface Reading {
  unreadable: number
}

/** The calls in a log that were decided on. What a log keeps in `data` may also stand beside the other fields. */
function* callsIn(path: string, context: RecordedCall["context"], reading: Reading): Generator<Recorded> {
  for (const file of filesOf(path)) {
    for (const line of linesOf(file)) {
      if (line === "" || !line.includes('"call.decided"')) continue
      const event = parse(line)
      const fields = { ...event, ...(typeof event?.["data"] === "object" ? event["data"] : {}) }
      const { effect, input, method, rule, run, seq, session, tenant, time, type } = fields as Record<string, unknown>
      const decision = decisions.find((decision) => decision === effect)
      if (event !== undefined && type !== "call.decided") continue
      if (typeof method !== "string" || decision === undefined) {
        reading.unreadable++
        continue
      }
      yield {
        method,
        input,
        effect: decision,
        rule: typeof rule === "string" ? rule : undefined,
        atMillis: Date.parse(String(time)),
        context: typeof tenant === "string" ? { ...context, tenant } : context,
        seq,
        session,
        run,
        time
      }
    }
  }
}

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

const lines = ({ calls, changes, counts }: Comparison<Recorded>, side: Side): ReadonlyArray<string> => {
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
      : `${total} of ${calls} calls would change: ${sums.join(", ")}`
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
    const Replay = yield* Effect.promise(() => import("../policy/Replay.ts"))
    const { notes, out } = yield* Screen
    const policy = yield* PolicySource.load(file)
    const reading: Reading = { unreadable: 0 }
    const comparison = yield* Effect.try({
      try: () => Replay.replay(policy, callsIn(audit, context, reading)),
      catch: (cause) => {
        const why = cause instanceof Error ? cause.message : String(cause)
        return new UsageError({ reason: "NotReadable", message: `${audit} cannot be read: ${why}` })
      }
    })
    const { calls, changes, counts } = comparison
    if (json) {
      const told = { policy: policy.id, calls, unreadable: reading.unreadable, counts }
      yield* out.say(JSON.stringify({ ...told, changes: changes.map(changeJson) }))
      return
    }
    yield* out.say(lines(comparison, out).join("\n"))
    if (reading.unreadable > 0) {
      yield* notes.say(`${notes.paint("yellow", "warning:")} ${reading.unreadable} records of calls could not be read`)
    }
  })
).pipe(Command.withDescription("Says which calls in an audit log a policy would have decided otherwise"))
