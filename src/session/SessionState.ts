/** What a session is at one point of its journal, and what can be told from that. How it came to be so: see `Evolution`. */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type * as Budget from "../capability/Budget.ts"
import type { Limits } from "../machine/Limits.ts"
import { defaults } from "../machine/Limits.ts"
import type { Display, Output, Phases } from "../machine/Turn.ts"
import type { Outcome } from "../tool/ToolCall.ts"
import type { Presented } from "./Authority.ts"
import type { Status } from "./journal/Journal.ts"
import { needsDecision, needsReconciling, type OpenCall } from "./OpenCall.ts"
import * as Recipe from "./Recipe.ts"
import type { Stance } from "./SessionEvent.ts"
import type { Trace } from "./Trace.ts"

export interface Run {
  readonly id: string
  readonly token: Presented | undefined
  readonly trace: Trace | undefined
  readonly ordinal: number
  readonly codeHash: string
  readonly startedMillis: number
  readonly calls: number
  readonly output: ReadonlyArray<Output>
  readonly displays: ReadonlyArray<Display>
  readonly phases: Phases
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly outcome: Outcome | undefined
  readonly rolledBack: boolean
}

export interface SessionState {
  readonly seq: number
  /** When it was opened, or forked. */
  readonly openedMillis: number
  readonly branch: number
  readonly template: string
  readonly seed: string
  readonly limits: Limits
  readonly metadata: Readonly<Record<string, string>>
  readonly token: Presented | undefined
  readonly closed: boolean
  readonly stance: Stance
  readonly quarantined: boolean
  readonly runsStarted: number
  readonly runs: HashMap.HashMap<string, Run>
  readonly current: Run | undefined
  /** The run that ended last. */
  readonly last: Run | undefined
  readonly open: ReadonlyMap<string, OpenCall>
  /** Due times by id. */
  readonly sleeps: ReadonlyMap<string, number>
  /** The runs of all calls that a person or the host may ever have been asked about, long gone ones included, by call. */
  readonly known: HashMap.HashMap<string, string>
  readonly spent: Budget.Spent
  readonly recipe: Recipe.Recipe
  readonly recipeBeforeRun: Recipe.Recipe
}

export const initial: SessionState = {
  seq: 0,
  openedMillis: 0,
  branch: 0,
  template: "javascript",
  seed: "",
  limits: defaults,
  metadata: {},
  token: undefined,
  closed: false,
  stance: "open",
  quarantined: false,
  runsStarted: 0,
  runs: HashMap.empty(),
  current: undefined,
  last: undefined,
  open: new Map(),
  sleeps: new Map(),
  known: HashMap.empty(),
  spent: {},
  recipe: Recipe.empty,
  recipeBeforeRun: Recipe.empty
}

/** Calls that the guest can be given an answer for now, in the order in which those were recorded. */
export const answered = (state: SessionState): ReadonlyArray<OpenCall> =>
  [...state.open.values()]
    .filter((open) => open.outcome !== undefined)
    .sort((left, right) => left.answeredSeq - right.answeredSeq)

/** Calls that a person or the host has to answer. */
export const waiting = (state: SessionState): ReadonlyArray<OpenCall> =>
  [...state.open.values()].filter(
    (open) => open.outcome === undefined && (needsDecision(open) || needsReconciling(open))
  )

export const statusOf = (state: SessionState): Status => {
  if (state.closed) return "closed"
  if (state.current === undefined) return "idle"
  if (state.stance === "frozen") return "paused"
  return waiting(state).length > 0 ? "paused" : "running"
}

/** When the session wants to go on by itself: its next wake-up or the next expiry of a question. */
export const dueMillis = (state: SessionState): number | null => {
  if (state.stance === "frozen") return null
  const times = [...state.sleeps.values()]
  for (const open of state.open.values()) {
    if (open.call.verdict._tag === "Asked" && needsDecision(open) && open.call.verdict.expiresMillis !== undefined) {
      times.push(open.call.verdict.expiresMillis)
    }
  }
  return times.length === 0 ? null : Math.min(...times)
}

/** The program of a run that was recorded and has not made its first turn. */
export const unstarted = (state: SessionState): Extract<Recipe.Step, { readonly _tag: "Start" }> | undefined => {
  const last = state.recipe.steps.at(-1)
  return state.current !== undefined && last?._tag === "Start" ? last : undefined
}

/** A finished run by its id, or the one in progress. */
export const findRun = (state: SessionState, id: string): Run | undefined =>
  state.current?.id === id ? state.current : Option.getOrUndefined(HashMap.get(state.runs, id))

/** An id for the next run that nobody has given to another one. */
export const freshRunId = (state: SessionState): string => {
  let ordinal = state.runsStarted + 1
  while (findRun(state, `r${ordinal}`) !== undefined) ordinal++
  return `r${ordinal}`
}
