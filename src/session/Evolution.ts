/**
 * How entries make a session what it is: a pure fold.
 *
 * S1. `evolve` is total: every event has an answer in every state, since a journal may have been written by a crashed process.
 * S2. Budgets only grow. What a call spent stays spent through failure, rollback and rewind.
 * S3. Ordinals of runs and ids of calls are never used twice in one session.
 */
import * as HashMap from "effect/HashMap"
import * as Budget from "../capability/Budget.ts"
import type { Answer } from "../machine/Turn.ts"
import { type OpenCall, openCall } from "./OpenCall.ts"
import * as Recipe from "./Recipe.ts"
import type { Entry, RecordedCall, SessionEvent } from "./SessionEvent.ts"
import { type Run, type SessionState, unstarted } from "./SessionState.ts"

type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>

const withOpen = (state: SessionState, id: string, change: (open: OpenCall) => Partial<OpenCall>): SessionState => {
  const open = state.open.get(id)
  if (open === undefined) return state
  return { ...state, open: new Map(state.open).set(id, { ...open, ...change(open) }) }
}

/** What the guest was given to get to a turn, in the recipe's form. */
const given = (
  state: SessionState,
  turn: { readonly delivered: ReadonlyArray<string>; readonly nowMillis: number }
) => {
  if (turn.delivered.length === 0) return []
  const answers = turn.delivered.map((id): Answer => {
    const outcome = state.open.get(id)?.outcome
    return outcome === undefined ? { id: Recipe.localId(id) } : { id: Recipe.localId(id), outcome }
  })
  return [{ _tag: "Give" as const, answers, nowMillis: turn.nowMillis }]
}

const afterTurn = (run: Run, event: EventOf<"Parked"> | EventOf<"RunEnded">): Run => ({
  ...run,
  output: event.output.length === 0 ? run.output : [...run.output, ...event.output],
  displays: event.displays === undefined ? run.displays : [...run.displays, ...event.displays],
  phases: event.phases === undefined ? run.phases : { ...run.phases, ...event.phases },
  cpuMillis: run.cpuMillis + event.usage.cpuMillis,
  memoryBytes: event.usage.memoryBytes
})

/** The budgets after some calls. */
export const spend = (spent: Budget.Spent, calls: ReadonlyArray<RecordedCall>): Budget.Spent =>
  calls.reduce(
    (sum, { verdict }) =>
      verdict._tag === "Denied" ? sum : [verdict.capability, ...(verdict.also ?? [])].reduce(Budget.spend, sum),
    spent
  )

const parked = (state: SessionState, event: EventOf<"Parked">, seq: number): SessionState => {
  const open = new Map(state.open)
  const sleeps = new Map(state.sleeps)
  for (const id of [...event.delivered, ...event.cancelled]) {
    open.delete(id)
    sleeps.delete(id)
  }
  let known = state.known
  for (const call of event.calls) {
    open.set(call.id, openCall(call, seq))
    if (call.verdict._tag === "Asked" || !call.readOnly) known = HashMap.set(known, call.id, event.run)
  }
  for (const sleep of event.sleeps) sleeps.set(sleep.id, sleep.dueMillis)
  const requests = [
    ...event.calls.map((call) => ({ id: Recipe.localId(call.id), digest: call.digest })),
    ...event.sleeps.map((sleep) => ({ id: Recipe.localId(sleep.id), digest: String(sleep.dueMillis) }))
  ]
  const run = state.current === undefined ? undefined : afterTurn(state.current, event)
  return {
    ...state,
    current: run === undefined ? undefined : { ...run, calls: run.calls + event.calls.length },
    open,
    sleeps,
    known,
    spent: spend(state.spent, event.calls),
    recipe: Recipe.after(state.recipe, event, ...given(state, event), { _tag: "Expect", seq, requests, ended: false })
  }
}

const ended = (state: SessionState, event: EventOf<"RunEnded">, seq: number): SessionState => {
  if (state.current === undefined) return state
  const run = { ...afterTurn(state.current, event), outcome: event.outcome, rolledBack: event.rolledBack }
  const end = { _tag: "Expect" as const, seq, requests: [], ended: true }
  const recipeAfter = () => Recipe.after(state.recipe, event, ...given(state, event), end)
  return {
    ...state,
    runs: HashMap.set(state.runs, run.id, run),
    current: undefined,
    last: run,
    open: new Map(),
    sleeps: new Map(),
    quarantined: state.quarantined || event.quarantined,
    recipe: event.rolledBack ? state.recipeBeforeRun : recipeAfter()
  }
}

const started = (state: SessionState, event: EventOf<"RunStarted">): SessionState => ({
  ...state,
  runsStarted: Math.max(state.runsStarted, event.ordinal),
  current: {
    id: event.run,
    token: event.token,
    trace: event.trace,
    ordinal: event.ordinal,
    codeHash: event.codeHash,
    startedMillis: event.nowMillis,
    calls: 0,
    output: [],
    displays: [],
    phases: {},
    cpuMillis: 0,
    memoryBytes: 0,
    outcome: undefined,
    rolledBack: false
  },
  recipeBeforeRun: state.recipe,
  recipe: Recipe.extend(state.recipe, {
    _tag: "Start",
    ordinal: event.ordinal,
    language: event.language,
    source: event.source,
    nowMillis: event.nowMillis,
    token: event.token,
    rules: event.rules
  })
})

/** Whoever held the session before is gone: what it had started and not answered has an unknown outcome. */
export const takenOver = (state: SessionState): SessionState => ({
  ...state,
  open: new Map(
    [...state.open].map(([id, open]) => [
      id,
      open.receipt === "started" && open.outcome === undefined ? { ...open, receipt: "unknown" as const } : open
    ])
  )
})

const answeredCall = (state: SessionState, event: EventOf<"CallAnswered">, seq: number): SessionState =>
  withOpen(state, event.call, (open) =>
    open.outcome === undefined ? { outcome: event.outcome, receipt: event.receipt, answeredSeq: seq } : {}
  )

/** What the host did to the files stays, also if the run in progress is rolled back. */
const filesChanged = (state: SessionState, event: EventOf<"FilesChanged">, seq: number): SessionState => {
  const step = { _tag: "Files" as const, seq, operation: event.operation, nowMillis: event.nowMillis }
  const program = unstarted(state)
  const recipe =
    program === undefined
      ? Recipe.after(state.recipe, event, step)
      : { from: state.recipe.from, steps: [...state.recipe.steps.slice(0, -1), step, program] }
  return { ...state, recipe, recipeBeforeRun: Recipe.extend(state.recipeBeforeRun, step) }
}

/** A run that was recorded and has not begun is still to be begun, and what is before it is what was written down. */
const afterKept = (state: SessionState, event: EventOf<"Kept">): SessionState => {
  const from = Recipe.keptBy(event)
  if (from === undefined) return state
  const recipe = { from, steps: [] }
  const program = unstarted(state)
  if (program === undefined) return { ...state, recipe }
  return { ...state, recipe: Recipe.extend(recipe, program), recipeBeforeRun: recipe }
}

const guestLost = (state: SessionState): SessionState => ({
  ...state,
  recipe: Recipe.withoutRuns(state.recipe),
  recipeBeforeRun: Recipe.withoutRuns(state.recipeBeforeRun)
})

const approved = (state: SessionState, { call, charged = [], input }: EventOf<"CallApproved">): SessionState => ({
  ...withOpen(state, call, () => ({ approved: true, ...(input === undefined ? {} : { input }) })),
  spent: charged.reduce(Budget.spend, state.spent)
})

const opened = (state: SessionState, event: EventOf<"Opened">): SessionState => ({
  ...state,
  template: event.template,
  seed: event.seed,
  limits: event.limits,
  metadata: event.metadata,
  token: event.token
})

const apply = (state: SessionState, event: SessionEvent, seq: number): SessionState => {
  switch (event._tag) {
    case "Opened":
      return opened(state, event)
    case "RunStarted":
      return started(state, event)
    case "Parked":
      return parked(state, event, seq)
    case "RunEnded":
      return ended(state, event, seq)
    case "CallApproved":
      return approved(state, event)
    case "DecisionRefused":
      return withOpen(state, event.call, ({ refusals }) => ({ refusals: refusals + 1 }))
    case "CallStarted":
      return withOpen(state, event.call, (open) => ({ receipt: "started", attempts: open.attempts + 1 }))
    case "CallAnswered":
      return answeredCall(state, event, seq)
    case "CallNotCommitted":
      return withOpen(state, event.call, () => ({ receipt: "prepared" }))
    case "FilesChanged":
      return filesChanged(state, event, seq)
    case "Kept":
      return afterKept(state, event)
    case "GuestLost":
      return guestLost(state)
    case "TakenOver":
    case "Forked":
      return takenOver(state)
    case "Rewound":
      return state
    case "Guarded":
      return { ...state, stance: event.stance }
    case "Closed":
      return { ...state, closed: true }
  }
}

/** The state after one more entry. A `Rewound` entry needs the whole journal: see `Replay`. */
export const evolve = (state: SessionState, { atMillis, event, seq }: Entry): SessionState => {
  const isBeginning = event._tag === "Opened" || event._tag === "Forked"
  return { ...apply(state, event, seq), seq, openedMillis: isBeginning ? atMillis : state.openedMillis }
}
