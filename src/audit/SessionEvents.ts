/** From what a session's journal says to what an audit log keeps of it. Pure. */

import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import type { Limits } from "../machine/Limits.ts"
import type { FileChange, Output, Refusals, Usage } from "../machine/Turn.ts"
import type { Presented } from "../session/Authority.ts"
import type { Entry, RecordedCall, SessionEvent, Verdict } from "../session/SessionEvent.ts"
import type { EventType, JsonObject, NewEvent } from "./AuditEvent.ts"
import * as Limit from "./Limit.ts"
import * as NoticeEvents from "./NoticeEvents.ts"

/** What has to be remembered between entries. */
export interface Account {
  readonly session: string
  readonly tenant: string | undefined
  readonly run: string | undefined
  readonly trace: string | undefined
  readonly limits: Limits | undefined
  /** What the run has used of the processor. */
  readonly cpuMillis: number
  /** How often the run has parked. */
  readonly turns: number
  readonly open: HashMap.HashMap<string, RecordedCall>
}

export const begin = (session: string): Account => ({
  session,
  tenant: undefined,
  run: undefined,
  trace: undefined,
  limits: undefined,
  cpuMillis: 0,
  turns: 0,
  open: HashMap.empty()
})

type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>
type Draft = readonly [type: EventType, data: JsonObject]

/** An input as JSON where it is JSON; a text of which nothing can be told stays a text. */
const jsonOf = (text: string): Schema.Json => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const defined = (fields: Readonly<Record<string, Schema.Json | undefined>>): JsonObject => {
  const kept: Record<string, Schema.Json> = {}
  for (const key of Object.keys(fields)) {
    const value = fields[key]
    if (value !== undefined) kept[key] = value
  }
  return kept
}

const effects: Readonly<Record<Verdict["_tag"], string>> = { Allowed: "allow", Asked: "ask", Denied: "deny" }

const reasonOf = (verdict: Verdict): string | undefined => {
  switch (verdict._tag) {
    case "Allowed":
      return undefined
    case "Asked":
      return verdict.reason
    case "Denied":
      return verdict.error.reason
  }
}

const decided = (call: RecordedCall): ReadonlyArray<Draft> => {
  const { id, method, verdict } = call
  const { detections, layer, policy, rule } = verdict.ruling ?? {}
  const input = jsonOf(call.input)
  const said = defined({
    call: id,
    method,
    input,
    effect: effects[verdict._tag],
    reason: reasonOf(verdict),
    layer,
    policy,
    rule,
    detections
  })
  if (verdict._tag !== "Asked") return [["call.decided", said]]
  return [
    ["call.decided", said],
    ["approval.requested", defined({ call: id, method, input, rule, expires: verdict.expiresMillis })]
  ]
}

/** All that one stream was given in a turn is one event. */
const printed = (output: ReadonlyArray<Output>): ReadonlyArray<Draft> =>
  (["stdout", "stderr"] as const).flatMap((stream): ReadonlyArray<Draft> => {
    const text = output.map((piece) => (piece.stream === stream ? piece.text : "")).join("")
    return text === "" ? [] : [["output", { stream, text }]]
  })

const touched = (files: ReadonlyArray<FileChange> = [], by: "guest" | "host"): ReadonlyArray<Draft> =>
  files.map(({ kind, path }) =>
    kind === "removed" ? ["file.removed", { path, by }] : ["file.written", { path, change: kind, by }]
  )

/** Of a turn with more than are listed, the last one says how many more there were. */
const refused = ({ first, more }: Refusals = { first: [], more: 0 }): ReadonlyArray<Draft> =>
  first.map((one, index) => ["guest.refused", { ...one, ...(more > 0 && index === first.length - 1 ? { more } : {}) }])

const verified = (token: Presented | undefined): ReadonlyArray<Draft> =>
  token === undefined ? [] : [["token.verified", NoticeEvents.verified(token.ids, token.key)]]

const answered = (call: RecordedCall | undefined, event: EventOf<"CallAnswered">): ReadonlyArray<Draft> => {
  const { by, outcome, question, receipt, ruling } = event
  const error = outcome._tag === "Rejected" ? defined({ ...outcome.error }) : undefined
  const settled: Draft = [
    "call.settled",
    defined({ call: event.call, method: call?.method, receipt, by, error, layer: ruling?.layer })
  ]
  if (ruling !== undefined) {
    const why = error?.["reason"]
    return question === undefined ? [settled] : [["approval.refused", defined({ call: event.call, why, by })], settled]
  }
  if (call?.verdict._tag !== "Asked" || receipt !== "refused") return [settled]
  if (error?.["reason"] === "Expired") return [["approval.expired", { call: event.call }], settled]
  const decision = outcome._tag === "Rejected" ? "deny" : "return"
  return [["approval.decided", defined({ call: event.call, decision, by })], settled]
}

const limitHit = (limit: string | undefined, { cpuMillis, limits }: Account, usage: Usage): ReadonlyArray<Draft> => {
  if (limit === undefined) return []
  const spent = { turnMillis: usage.cpuMillis, runMillis: cpuMillis + usage.cpuMillis }
  return [["limit.hit", defined({ ...Limit.hit(limit, limits, spent) })]]
}

/** What a guest did in a turn, but for its calls. */
const made = (account: Account, event: EventOf<"Parked" | "RunEnded">): ReadonlyArray<Draft> => {
  const isTakenBack = event._tag === "RunEnded" && event.rolledBack
  return [
    ...printed(event.output),
    ...refused(event.refusals),
    ...touched(isTakenBack ? [] : event.files, "guest"),
    ...(event.outputCut === true ? limitHit("OutputLimit", account, event.usage) : [])
  ]
}

const ended = (account: Account, event: EventOf<"RunEnded">): ReadonlyArray<Draft> => {
  const { outcome, rolledBack, snapshot, usage } = event
  const failed = outcome._tag === "Rejected" ? outcome.error : undefined
  return [
    ...made(account, event),
    ...limitHit(failed && Limit.limitOf(failed), account, usage),
    [
      "run.ended",
      defined({
        outcome: failed === undefined ? "succeeded" : "failed",
        error: failed === undefined ? undefined : defined({ ...failed }),
        rolledBack,
        usage: { ...usage },
        snapshot
      })
    ]
  ]
}

const draftsOf = (account: Account, event: SessionEvent): ReadonlyArray<Draft> => {
  switch (event._tag) {
    case "Opened":
      return [
        ["session.opened", { template: event.template, engine: event.engine, metadata: event.metadata }],
        ...verified(event.token)
      ]
    case "RunStarted":
      return [
        ...verified(event.token),
        ["run.started", { language: event.language, codeHash: event.codeHash, ordinal: event.ordinal }]
      ]
    case "Parked":
      return [
        ...made(account, event),
        ...event.calls.flatMap(decided),
        [
          "run.parked",
          defined({
            calls: event.calls.length,
            sleeps: event.sleeps.length,
            cancelled: [...event.cancelled],
            snapshot: event.snapshot
          })
        ]
      ]
    case "CallApproved": {
      const input = event.input === undefined ? undefined : jsonOf(event.input)
      return [["approval.decided", defined({ call: event.call, decision: "approve", by: event.by, input })]]
    }
    case "DecisionRefused":
      return [["approval.refused", defined({ call: event.call, why: event.why, by: event.by })]]
    case "CallStarted": {
      const call = Option.getOrUndefined(HashMap.get(account.open, event.call))
      return [["call.started", defined({ call: event.call, method: call?.method })]]
    }
    case "CallAnswered":
      return answered(Option.getOrUndefined(HashMap.get(account.open, event.call)), event)
    case "CallNotCommitted":
      return [["call.settled", defined({ call: event.call, receipt: "notCommitted", by: event.by })]]
    case "RunEnded":
      return ended(account, event)
    case "FilesChanged":
      return touched(event.files, "host")
    case "TakenOver":
      return [["session.resumed", { epoch: event.epoch }]]
    case "Forked":
      return [["session.forked", { from: event.session, seq: event.seq }]]
    case "Rewound":
      return [["session.rewound", { seq: event.seq }]]
    case "Kept":
      return [["session.kept", defined({ snapshot: event.snapshot })]]
    case "GuestLost":
      return [["session.lost", { runs: [...event.runs] }]]
    case "Guarded":
      return [["session.guarded", defined({ stance: event.stance, reason: event.reason, by: event.by })]]
    case "Closed":
      return [["session.closed", {}]]
  }
}

const after = (account: Account, event: SessionEvent): Account => {
  switch (event._tag) {
    case "Opened":
      return { ...account, tenant: event.metadata["tenant"], limits: event.limits }
    case "RunStarted":
      return { ...account, run: event.run, trace: event.trace?.id, cpuMillis: 0, turns: 0, open: HashMap.empty() }
    case "Parked": {
      const open = HashMap.setMany(
        account.open,
        event.calls.map((call) => [call.id, call] as const)
      )
      const cpuMillis = account.cpuMillis + event.usage.cpuMillis
      return { ...account, cpuMillis, turns: account.turns + 1, open }
    }
    case "CallAnswered":
      return { ...account, open: HashMap.remove(account.open, event.call) }
    case "RunEnded":
      return { ...account, run: undefined, trace: undefined, open: HashMap.empty() }
    default:
      return account
  }
}

/** The field of an event's data that says which entry of its session's journal it tells of. */
export const entryField = "entry"

/**
 * The events of one more entry, in order. `turn` is the run and how often it has parked, with this entry: what happens until
 * the next park belongs to that one.
 */
export const observe = (account: Account, entry: Entry): readonly [Account, ReadonlyArray<NewEvent>] => {
  const { event, seq } = entry
  const next = after(account, event)
  const run = "run" in event ? event.run : account.run
  const subject = {
    session: account.session,
    tenant: next.tenant,
    trace: next.trace ?? account.trace,
    ...(run === undefined ? {} : { run, turn: `${run}.${next.turns}` })
  }
  const events = draftsOf(account, event).map(
    ([type, data]): NewEvent => ({ type, ...subject, data: { ...data, [entryField]: seq } })
  )
  return [next, events]
}
