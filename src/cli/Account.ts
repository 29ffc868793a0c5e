/** What can be said of a session from its journal, by whoever does not hold it. */
import * as HashMap from "effect/HashMap"
import { fromWaitingCall, type WaitingCall } from "../promise/RunResult.ts"
import type { Summary } from "../session/journal/Journal.ts"
import { replay } from "../session/Replay.ts"
import { waitingCall } from "../session/RunResult.ts"
import type { Entry, SessionEvent } from "../session/SessionEvent.ts"
import { type Run, type SessionState, waiting } from "../session/SessionState.ts"
import { commandLine } from "./CommandLine.ts"
import { callsOf, type PastCall } from "./History.ts"
import { type Address, callJson, callLines } from "./Report.ts"
import type { Side } from "./Screen.ts"

interface PastRun {
  readonly run: string
  readonly status: "completed" | "failed" | "unfinished"
  readonly startedAt: string
  readonly calls: number
}

/** A session, its runs in their order, the calls that wait, and all calls that it ever made. */
export interface Account {
  readonly summary: Summary
  readonly runs: ReadonlyArray<PastRun>
  readonly waiting: ReadonlyArray<WaitingCall>
  readonly calls: ReadonlyArray<PastCall>
  /** When the first of its sleeps is over. */
  readonly wakesAt: string | undefined
  /** The run in progress, if nothing has to be answered for it to go on. */
  readonly goesOn: "awake" | "asleep" | undefined
}

const isoTime = (millis: number): string => new Date(millis).toISOString()

const statusOf = ({ outcome }: Run): PastRun["status"] => {
  if (outcome === undefined) return "unfinished"
  return outcome._tag === "Succeeded" ? "completed" : "failed"
}

const pastRun = (run: Run): PastRun => ({
  run: run.id,
  status: statusOf(run),
  startedAt: isoTime(run.startedMillis),
  calls: run.calls
})

const wakesAt = ({ sleeps }: SessionState): string | undefined =>
  sleeps.size === 0 ? undefined : isoTime(Math.min(...sleeps.values()))

const goesOn = (state: SessionState): Account["goesOn"] => {
  if (state.closed || state.current === undefined || waiting(state).length > 0) return undefined
  if (state.stance === "frozen") return undefined
  return state.sleeps.size > 0 && state.open.size === 0 ? "asleep" : "awake"
}

/** Of a session whose journal was compacted, only the summary is left. */
export const of = (summary: Summary, entries: ReadonlyArray<Entry>): Account => {
  const state = replay(entries)
  const runs = [...HashMap.values(state.runs), ...(state.current === undefined ? [] : [state.current])]
  return {
    summary,
    runs: runs.sort((left, right) => left.ordinal - right.ordinal).map(pastRun),
    waiting: waiting(state).map((open) => fromWaitingCall(waitingCall(open))),
    calls: callsOf(entries),
    wakesAt: wakesAt(state),
    goesOn: goesOn(state)
  }
}

/** Whether calls of it were let through to tools, so that it goes on only with a tools module. */
export const hasUsedTools = ({ calls }: Account): boolean => calls.some(({ verdict }) => verdict !== "denied")

export const summaryJson = (summary: Summary) => ({
  session: summary.session,
  status: summary.status,
  template: summary.template,
  metadata: summary.metadata,
  seq: summary.seq,
  createdAt: isoTime(summary.createdMillis),
  updatedAt: isoTime(summary.updatedMillis),
  ...(summary.dueMillis === null ? {} : { dueAt: isoTime(summary.dueMillis) })
})

/** One line of JSON. */
export const json = ({ calls, runs, summary, waiting }: Account): string =>
  JSON.stringify({ ...summaryJson(summary), runs, calls: waiting.map(callJson), receipts: calls })

export const statusText = ({ status }: Summary, side: Side): string =>
  side.paint(status === "paused" ? "yellow" : status === "closed" ? "dim" : "green", status)

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.length === 0 ? [] : ["", title, ...lines]

/** What happens at which time if nobody does anything before. */
const timeLines = ({ goesOn, waiting, wakesAt }: Account): ReadonlyArray<string> => {
  const [first] = waiting
    .flatMap(({ expiresAt, id }) => (expiresAt === null ? [] : { id, millis: expiresAt.getTime() }))
    .sort((left, right) => left.millis - right.millis)
  return [
    ...(first === undefined ? [] : [`  ${first.id} is refused by itself at ${isoTime(first.millis)}`]),
    ...(wakesAt === undefined || goesOn === "asleep" ? [] : [`  a sleep ends at ${wakesAt}`])
  ]
}

/** How a run goes on that needs no answer. Whether a process is at it right now is not in its journal. */
const resumeLines = ({ goesOn, summary }: Account, { flags }: Address, side: Side): ReadonlyArray<string> => {
  if (goesOn === undefined) return []
  return [`  ${side.paint("cyan", commandLine(["resume", summary.session, ...flags]))}`]
}

const titleOf = ({ goesOn, summary, wakesAt }: Account, side: Side): string => {
  const name = `session ${side.paint("bold", summary.session)}`
  return goesOn === "asleep" ? `${name} sleeps until ${wakesAt}` : `${name} is ${statusText(summary, side)}`
}

/** For a person, with the commands that answer what waits or go on. */
export const lines = (account: Account, address: Address, side: Side): ReadonlyArray<string> => {
  const { calls, runs, summary } = account
  const metadata = Object.entries(summary.metadata).map(([key, value]) => `  ${key}: ${value}`)
  return [
    titleOf(account, side),
    `  ${summary.template}, opened ${isoTime(summary.createdMillis)}, ${summary.seq} entries until ${isoTime(summary.updatedMillis)}`,
    ...metadata,
    ...timeLines(account),
    ...section(
      "runs",
      runs.map(({ calls, run, startedAt, status }) => `  ${run}  ${status}, ${calls} calls, begun ${startedAt}`)
    ),
    ...section("goes on, unless a process is at it already, with", resumeLines(account, address, side)),
    ...section(
      "waiting",
      account.waiting.flatMap((call) => callLines(call, address, side))
    ),
    ...section(
      "calls",
      calls.map(({ id, method, receipt, run, verdict }) => `  ${id}  ${method}  ${verdict}, ${receipt}  (run ${run})`)
    )
  ]
}

const signature = ({ by }: { readonly by?: string }): string => (by === undefined ? "" : `, by ${by}`)

/** Who a call's answer came from, where that was not its handler. */
const answerer = (event: Extract<SessionEvent, { readonly _tag: "CallAnswered" }>): string => {
  if (event.ruling === undefined) return signature(event)
  const decided = event.by === undefined ? "" : `, approved by ${event.by}`
  return `, no longer allowed by ${event.ruling.layer}${decided}`
}

/** What is most worth knowing of an event beside its kind. */
const detailOf = (event: SessionEvent): string => {
  switch (event._tag) {
    case "RunStarted":
      return `${event.run}, ${event.language}`
    case "Parked":
      return [
        event.run,
        ...event.calls.map(({ id, method }) => `${id} ${method}`),
        ...event.sleeps.map(({ id }) => id)
      ].join(", ")
    case "RunEnded":
      return `${event.run}, ${event.outcome._tag === "Succeeded" ? "completed" : event.outcome.error.message}`
    case "CallAnswered":
      return `${event.call}, ${event.receipt}${answerer(event)}`
    case "CallApproved":
      return `${event.call}${event.input === undefined ? "" : ", with another input"}${signature(event)}`
    case "DecisionRefused":
      return `${event.call}, ${event.why}${signature(event)}`
    case "CallNotCommitted":
      return `${event.call}${signature(event)}`
    case "CallStarted":
      return event.call
    case "Rewound":
      return `to ${event.seq}`
    case "Forked":
      return `from ${event.session} at ${event.seq}`
    case "Opened":
      return event.template
    case "FilesChanged":
      return event.files.map(({ kind, path }) => `${kind} ${path}`).join(", ")
    case "TakenOver":
      return `epoch ${event.epoch}`
    case "Guarded":
      return `${event.stance}: ${event.reason}${signature(event)}`
    case "GuestLost":
      return event.runs.join(", ")
    case "Kept":
    case "Closed":
      return ""
  }
}

/** One entry of a journal in one line. */
export const entryLine = ({ atMillis, event, seq }: Entry, side: Side): string =>
  `${String(seq).padStart(5)}  ${side.paint("dim", isoTime(atMillis))}  ${event._tag.padEnd(16)} ${side.tame(detailOf(event))}`
