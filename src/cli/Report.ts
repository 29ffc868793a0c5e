import { inspect } from "node:util"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Language } from "../capability/Language.ts"
import {
  type CompletedRun,
  type FailedRun,
  fromSession,
  type PausedRun,
  type WaitingCall
} from "../promise/RunResult.ts"
import type { RunMetrics, RunResult } from "../session/RunResult.ts"
import type { GuestError } from "../tool/GuestError.ts"
import { commandLine } from "./CommandLine.ts"
import * as Displays from "./Displays.ts"
import { type ExitCode, exitCodes } from "./ExitCode.ts"
import { toJson } from "./Json.ts"
import { Ended } from "./Problem.ts"
import { Screen, type Side } from "./Screen.ts"

/** A session as the next command has to name it. */
export interface Address {
  readonly session: string
  /** Flags beside it: where it is kept, which tools it has. */
  readonly flags: ReadonlyArray<string>
}

const statusCodes: Record<"completed" | "failed" | "paused", ExitCode> = {
  completed: exitCodes.completed.code,
  failed: exitCodes.failed.code,
  paused: exitCodes.paused.code
}

/** A waiting call as part of a line of JSON. */
export const callJson = ({ expiresAt, id, input, method, needs, reason }: WaitingCall) => ({
  id,
  method,
  input: toJson(input),
  reason,
  needs,
  ...(expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() })
})

const errorJson = ({ column, line, message, name, reason }: GuestError) => ({
  name,
  message,
  ...(line === undefined ? {} : { line }),
  ...(column === undefined ? {} : { column }),
  ...(reason === undefined ? {} : { reason })
})

/** To three decimals: a clock gives more digits than it knows. */
const metricsJson = (metrics: RunMetrics) =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name, Math.round(value * 1_000) / 1_000]))

/** A result as one line of JSON. */
const resultJson = (result: RunResult): string => {
  const run = fromSession(result)
  return JSON.stringify({
    session: run.session,
    run: run.run,
    status: run.status,
    value: toJson(run.value),
    stdout: run.stdout,
    stderr: run.stderr,
    error: run.error === null ? null : errorJson(run.error),
    calls: run.calls.map(callJson),
    ...(run.status === "paused" && run.isFrozen ? { isFrozen: true } : {}),
    ...(run.displays.length === 0 ? {} : { displays: run.displays }),
    ...(Object.keys(run.phases).length === 0 ? {} : { phases: run.phases }),
    ...(run.status === "paused" && run.wakesAt !== null ? { wakesAt: run.wakesAt.toISOString() } : {}),
    metrics: metricsJson(run.metrics)
  })
}

/** The commands that answer a call. */
const answersTo = ({ id, needs }: WaitingCall, { flags, session }: Address): ReadonlyArray<string> =>
  (needs === "decision"
    ? [
        ["answer", session, id, "--approve"],
        ["answer", session, id, "--deny"]
      ]
    : [
        ["reconcile", session, id, "--committed", "null"],
        ["reconcile", session, id, "--not-committed"]
      ]
  ).map((words) => commandLine([...words, ...flags]))

/** A waiting call, why it waits, and what can be typed to go on. */
export const callLines = (call: WaitingCall, address: Address, side: Side): ReadonlyArray<string> => {
  const until = call.expiresAt === null ? "" : `, until ${call.expiresAt.toISOString()}`
  return [
    `  ${side.paint("bold", call.id)}  ${call.method}  ${side.tame(JSON.stringify(toJson(call.input)))}`,
    `      ${side.paint("dim", side.tame(`${call.reason}${until}`))}`,
    ...answersTo(call, address).map((command) => `      ${side.paint("cyan", command)}`)
  ]
}

const withoutTools = (flags: Address["flags"]) =>
  flags.includes("--tools") ? flags.toSpliced(flags.indexOf("--tools"), 2) : flags

const pauseLines = (run: PausedRun, address: Address, side: Side): ReadonlyArray<string> => {
  const resume = side.paint("cyan", commandLine(["resume", address.session, ...address.flags]))
  const calls = run.calls.flatMap((call) => callLines(call, address, side))
  const title = side.paint("yellow", `run ${run.run} of session ${run.session} is paused`)
  if (run.isFrozen) {
    const thaw = commandLine(["guard", address.session, "open", ...withoutTools(address.flags)])
    return [`${title}: the session is frozen`, `  ${side.paint("cyan", thaw)}`, `  ${resume}`]
  }
  if (run.wakesAt !== null) return [`${title}; it sleeps until ${run.wakesAt.toISOString()}`, ...calls, `  ${resume}`]
  return calls.length === 0 ? [title, `  ${resume}`] : [`${title} and waits for`, ...calls]
}

const failureLine = ({ error, rolledBack }: FailedRun, side: Side): string => {
  const place = error.line === undefined ? "" : ` (line ${error.line}${error.column ? `, column ${error.column}` : ""})`
  const reason = error.reason === undefined ? "" : ` [${error.reason}]`
  const state = rolledBack ? "; variables are as they were before the run" : ""
  return `${side.paint("red", side.tame(`${error.name}: ${error.message}`))}${side.tame(`${place}${reason}`)}${state}`
}

const shown = (value: unknown, side: Side): string =>
  side.tame(inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: 100 }))

/** The exit code that a script or a compiled program ended with. */
const programCode = ({ value }: CompletedRun): unknown =>
  Predicate.hasProperty(value, "exitCode") ? value.exitCode : 0

interface Telling {
  readonly address: Address
  readonly format: "text" | "json"
  readonly language: Language | undefined
}

/** What a run that has ended shows: its displays, or its value if that is in none of them; then where its files are. */
const showEnded = Effect.fnUntraced(function* (run: CompletedRun | FailedRun, { address, language }: Telling) {
  const { notes, out } = yield* Screen
  const { displays, phases } = run
  for (const text of Displays.texts(displays)) yield* out.say(out.tame(text))
  // A value that is shown in any form is one of the displays.
  const isShown = run.status === "failed" || Displays.isProgram(language) || displays.length > 0
  if (!isShown && !Displays.isNothing(run.value, language)) yield* out.say(shown(run.value, out))
  for (const line of Displays.fileLines(displays, address, notes)) yield* notes.say(line)
  for (const line of Displays.phaseLines(phases, notes)) yield* notes.say(line)
})

/**
 * Says what a run came to, for a person whose output has been shown already, or as JSON; ends with the exit code for it. Of a script
 * or a compiled program nothing is shown but the exit code, if it is not 0.
 */
export const report = Effect.fnUntraced(function* (result: RunResult, telling: Telling) {
  const { address, format, language } = telling
  const { notes, out } = yield* Screen
  const run = fromSession(result)
  const code = run.status === "completed" && Displays.isProgram(language) ? programCode(run) : 0
  if (format === "json") yield* out.say(resultJson(result))
  else if (run.status === "paused") yield* out.say(pauseLines(run, address, out).join("\n"))
  else {
    yield* showEnded(run, telling)
    if (run.status === "failed") yield* notes.say(failureLine(run, notes))
    else if (code !== 0) yield* notes.say(notes.paint("dim", `exit code ${code}`))
  }
  const exitCode = code === 0 ? statusCodes[run.status] : exitCodes.failed.code
  if (exitCode !== 0) return yield* new Ended({ exitCode })
})
