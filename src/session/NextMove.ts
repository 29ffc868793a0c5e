/** What is to be done next about a run. Pure: whoever drives it may stop anywhere, and another goes on. */
import type { Answer } from "../machine/Turn.ts"
import { canStart, needsDecision } from "./OpenCall.ts"
import * as Recipe from "./Recipe.ts"
import type { SessionEvent } from "./SessionEvent.ts"
import { answered, type SessionState, unstarted } from "./SessionState.ts"

/** Up to which times sleeps, and decisions that others record, are waited for. */
export interface Until {
  readonly sleepMillis: number
  readonly answerMillis: number
}

/** What a driver does next. */
export type Move =
  | { readonly _tag: "Give"; readonly answers: ReadonlyArray<{ readonly id: string; readonly answer: Answer }> }
  | { readonly _tag: "Start"; readonly program: Extract<Recipe.Step, { readonly _tag: "Start" }> }
  | { readonly _tag: "Wait"; readonly untilMillis: number | undefined }
  | { readonly _tag: "Stop" }

/** `lookMillis`: when to look for decisions again. */
export interface WaitUntil extends Until {
  readonly lookMillis: number
}

const wakeUps = (state: SessionState, nowMillis: number) =>
  [...state.sleeps]
    .filter(([, due]) => due <= nowMillis)
    .sort(([, left], [, right]) => left - right)
    .map(([id]) => ({ id, answer: { id: Recipe.localId(id) } }))

/** Decides from the state alone. `underWay`: handlers that are at work. */
export const nextMove = (state: SessionState, nowMillis: number, underWay: number, until: WaitUntil): Move => {
  if (state.current === undefined) return { _tag: "Stop" }
  if (state.stance === "frozen") return underWay > 0 ? { _tag: "Wait", untilMillis: undefined } : { _tag: "Stop" }
  const program = unstarted(state)
  if (program !== undefined) return { _tag: "Start", program }
  const outcomes = answered(state).map(({ call, outcome }) => ({
    id: call.id,
    answer: { id: Recipe.localId(call.id), ...(outcome === undefined ? {} : { outcome }) }
  }))
  const answers = [...outcomes, ...wakeUps(state, nowMillis)]
  if (answers.length > 0) return { _tag: "Give", answers }
  const due = state.sleeps.size === 0 ? undefined : Math.min(...state.sleeps.values())
  const asks = [...state.open.values()].some(needsDecision)
  const look = asks ? Math.min(due ?? Number.POSITIVE_INFINITY, until.lookMillis) : due
  if (underWay > 0 || (asks && nowMillis < until.answerMillis)) return { _tag: "Wait", untilMillis: look }
  if (due !== undefined && due <= until.sleepMillis) return { _tag: "Wait", untilMillis: look }
  return { _tag: "Stop" }
}

/** Asked calls for which the time to decide is over, as recorded refusals. */
export const expiries = (state: SessionState, nowMillis: number): ReadonlyArray<SessionEvent> =>
  [...state.open.values()].filter(needsDecision).flatMap(({ call }): ReadonlyArray<SessionEvent> => {
    if (call.verdict._tag !== "Asked" || (call.verdict.expiresMillis ?? Number.POSITIVE_INFINITY) > nowMillis) return []
    const error = { name: "CapabilityError", message: `nobody decided on ${call.method} in time`, reason: "Expired" }
    return [{ _tag: "CallAnswered", call: call.id, receipt: "refused", outcome: { _tag: "Rejected", error } }]
  })

/** Calls that were let through, and then what they ask for made somebody look closer, as recorded refusals. */
export const heldBack = (state: SessionState): ReadonlyArray<SessionEvent> => {
  const { stance } = state
  if (stance !== "frozen" && stance !== "asking") return []
  const held = [...state.open.values()].filter(
    (open) =>
      canStart(open) && open.receipt === "prepared" && (stance === "frozen" || open.call.verdict._tag === "Allowed")
  )
  return held.map(({ call }) => {
    const message = `${call.method} was held back: this session is ${stance === "frozen" ? "frozen" : "being watched"}`
    const error = { name: "CapabilityError", message, reason: "Frozen" }
    return { _tag: "CallAnswered", call: call.id, receipt: "refused", outcome: { _tag: "Rejected", error } }
  })
}
