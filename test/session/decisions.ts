/** Deciding on calls in tests: as the holder of a session, and as somebody who does not hold it. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Answer } from "../../src/session/Answer.ts"
import type { Decision } from "../../src/session/Decision.ts"
import type { Journal } from "../../src/session/journal/Journal.ts"
import * as Question from "../../src/session/Question.ts"
import { replay } from "../../src/session/Replay.ts"
import type { Session } from "../../src/session/Session.ts"
import { AnswerRefused, SessionError } from "../../src/session/SessionError.ts"

type JournalService = Journal["Service"]

/** What somebody records who does not hold the session, having seen what it asks now. */
export const decide = Effect.fnUntraced(function* (
  journal: JournalService,
  session: string,
  call: string,
  decision: Decision,
  by: string | undefined = "ann"
) {
  const state = replay(yield* journal.read(session, 0))
  const open = state.open.get(call)
  const digest = open === undefined ? "gone" : Question.digestOf(state, open)
  return yield* journal.decide(session, { call, digest, decision, by })
})

export const eventsOf = (journal: JournalService, session: string) =>
  Effect.map(journal.read(session, 0), (entries) => entries.map(({ event }) => event))

export const tagsAfter = (journal: JournalService, session: string, after: number) =>
  Effect.map(journal.read(session, after), (entries) => entries.map(({ event }) => event._tag))

export const whyOf = (error: unknown) =>
  error instanceof SessionError && error.reason instanceof AnswerRefused ? error.reason.why : String(error)

/** The answer is refused, and neither an entry nor a decision is left of it. */
export const refusedAnswer = Effect.fnUntraced(function* (
  journal: JournalService,
  session: Session,
  call: string,
  answer: Answer
) {
  const before = session.state().seq
  const error = yield* Effect.flip(session.answer(call, answer))
  assert.deepStrictEqual(yield* tagsAfter(journal, session.id, before), [])
  assert.deepStrictEqual(yield* journal.decisions(session.id), [])
  return whyOf(error)
})
