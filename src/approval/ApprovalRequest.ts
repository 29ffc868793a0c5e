/** What waits for a person in one session, read off its journal by whoever does not hold it. */
import * as Result from "effect/Result"
import { needsDecision, type OpenCall } from "../session/OpenCall.ts"
import * as Question from "../session/Question.ts"
import { replay } from "../session/Replay.ts"
import type { Entry, Ruling } from "../session/SessionEvent.ts"
import type { SessionState } from "../session/SessionState.ts"
import * as Value from "../tool/Value.ts"

/** A decision on the same call that could not be carried out: why the call still waits. */
export interface RefusedDecision {
  readonly by: string | undefined
  /** As in `AnswerRefused`. */
  readonly why: string
  readonly detail: string | undefined
}

/** A call that waits for a person. */
export interface ApprovalRequest {
  readonly session: string
  readonly run: string
  readonly call: string
  /** Slash-separated. */
  readonly method: string
  /** What the tool would be called with. */
  readonly input: unknown
  /** The same as a `Value` text. */
  readonly inputText: string
  /** What a decision is bound to: see `Question.digestOf`. */
  readonly digest: string
  /** The question. */
  readonly reason: string
  /** Which layer and which of its rules ask, where it is not the session's own capabilities alone. */
  readonly ruling: Ruling | undefined
  /** Who may decide; undefined for everybody. */
  readonly approvers: ReadonlyArray<string> | undefined
  readonly askedMillis: number
  /** From then on the call is refused by itself; milliseconds since the epoch. */
  readonly expiresMillis: number | undefined
  /** The last decision on it, if that was refused. */
  readonly refused: RefusedDecision | undefined
  /** Where its question stands: entries are numbered, and so are the calls of one entry. */
  readonly place: Place
}

export interface Place {
  readonly seq: number
  readonly index: number
}

/** What is known of one session without holding it. */
export interface Known {
  readonly state: SessionState
  readonly requests: ReadonlyArray<ApprovalRequest>
  /** Digests of the questions that decisions were applied to. */
  readonly applied: ReadonlySet<string>
}

interface Asked extends Place {
  readonly run: string
  readonly atMillis: number
}

/** When and where each call was made. Ids are never used twice, so that those taken back by a rewind do no harm. */
const placesOf = (entries: ReadonlyArray<Entry>): ReadonlyMap<string, Asked> => {
  const places = new Map<string, Asked>()
  for (const { atMillis, event, seq } of entries) {
    if (event._tag !== "Parked") continue
    const { run } = event
    for (const [index, { id }] of event.calls.entries()) places.set(id, { seq, index, run, atMillis })
  }
  return places
}

const refusalsOf = (entries: ReadonlyArray<Entry>): ReadonlyMap<string, RefusedDecision> =>
  new Map(
    entries.flatMap(
      ({ event }): ReadonlyArray<[string, RefusedDecision]> =>
        event._tag === "DecisionRefused" ? [[event.call, { by: event.by, why: event.why, detail: event.detail }]] : []
    )
  )

const appliedIn = (entries: ReadonlyArray<Entry>): ReadonlySet<string> =>
  new Set(
    entries.flatMap(({ event }) =>
      (event._tag === "CallApproved" || event._tag === "CallAnswered") && event.question !== undefined
        ? [event.question]
        : []
    )
  )

const isEarlier = (left: Place, right: Place): boolean =>
  left.seq < right.seq || (left.seq === right.seq && left.index < right.index)

/** Whether a place comes after another one. */
export const isAfter = (place: Place, other: Place): boolean => isEarlier(other, place)

export const of = (session: string, entries: ReadonlyArray<Entry>): Known => {
  const state = replay(entries)
  const places = placesOf(entries)
  const refusals = refusalsOf(entries)
  const requestOf = (open: OpenCall): ReadonlyArray<ApprovalRequest> => {
    const { id, input, method, verdict } = open.call
    const asked = places.get(id)
    if (verdict._tag !== "Asked" || asked === undefined) return []
    return [
      {
        session,
        run: asked.run,
        call: id,
        method,
        input: Result.getOrElse(Value.decode(input), () => input),
        inputText: input,
        digest: Question.digestOf(state, open),
        reason: verdict.reason,
        ruling: verdict.ruling,
        approvers: verdict.approvers,
        askedMillis: asked.atMillis,
        expiresMillis: verdict.expiresMillis,
        refused: open.refusals === 0 ? undefined : refusals.get(id),
        place: { seq: asked.seq, index: asked.index }
      }
    ]
  }
  const requests = [...state.open.values()].filter(needsDecision).flatMap(requestOf)
  const inOrder = requests.sort((left, right) => (isEarlier(left.place, right.place) ? -1 : 1))
  return { state, requests: inOrder, applied: appliedIn(entries) }
}
