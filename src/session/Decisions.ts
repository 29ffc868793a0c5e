/**
 * What persons and hosts say of calls, checked against the call's state and recorded. First one wins; it is never undone.
 *
 * Q1. Every answer becomes a recorded decision first, whoever gives it, and what counts is what was recorded first.
 * Q2. A decision is applied by the holder of the session, once: it answers one question, which is no question any more then.
 * Q3. A recorded decision authorises nothing by itself. It is checked again when it is applied: what a token that has ended asked
 *     for is denied then, whatever was decided.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"
import type { TokenError } from "../token/TokenError.ts"
import type { Outcome } from "../tool/ToolCall.ts"
import * as Value from "../tool/Value.ts"
import { type Airlock, chargesOf } from "./Airlock.ts"
import type { Answer, Reconciliation } from "./Answer.ts"
import * as Decision from "./Decision.ts"
import { Journal, type JournalError } from "./journal/Journal.ts"
import * as Lapse from "./Lapse.ts"
import type { Ledger } from "./Ledger.ts"
import { needsDecision, needsReconciling, type OpenCall } from "./OpenCall.ts"
import * as Question from "./Question.ts"
import { AnswerRefused, SessionError, ToolMissing } from "./SessionError.ts"
import type { SessionEvent } from "./SessionEvent.ts"

type Failure = SessionError | JournalError | TokenError

export interface Decisions {
  /** Does nothing to a call that has its answer or was called off. */
  readonly answer: (call: string, answer: Answer) => Effect.Effect<void, Failure>
  readonly reconcile: (call: string, said: Reconciliation) => Effect.Effect<void, Failure>
  /** Applies what was recorded on the questions that are open now. */
  readonly applyRecorded: Effect.Effect<void, Failure>
}

/** Why a decision cannot be carried out. */
interface Refusal {
  readonly why: AnswerRefused["why"]
  readonly detail?: string
}

const refuse = (call: string, why: AnswerRefused["why"], detail?: string) =>
  new SessionError({ reason: new AnswerRefused({ call, why, ...(detail === undefined ? {} : { detail }) }) })

const fail = (why: AnswerRefused["why"], detail?: string): Result.Result<never, Refusal> =>
  Result.fail({ why, ...(detail === undefined ? {} : { detail }) })

const by = (said: { readonly by?: string | undefined }) => (said.by === undefined ? {} : { by: said.by })

const askedOf = ({ call }: OpenCall) => (call.verdict._tag === "Asked" ? call.verdict : undefined)

const missingTool = (method: string) => new SessionError({ reason: new ToolMissing({ method }) })

const isLarger = (text: string, bytes: number): boolean => Buffer.byteLength(text) > bytes

export const make = Effect.fnUntraced(function* (ledger: Ledger, airlock: Airlock) {
  const clock = yield* Clock.Clock
  const journal = yield* Journal
  const { toolkit } = airlock
  const { session } = ledger.claim
  const heldSinceMillis = clock.currentTimeMillisUnsafe()
  const reported = new Set<string>()

  /** A call that may still be answered; undefined if it has its answer, or was called off. */
  const find = Effect.fnUntraced(function* (call: string) {
    const { known, open } = ledger.state()
    const found = open.get(call)
    if (found === undefined && !HashMap.has(known, call)) return yield* refuse(call, "UnknownCall")
    return found?.outcome === undefined ? found : undefined
  })

  /** The call that asks a question now. */
  const asking = ({ call, digest }: { readonly call: string; readonly digest: string }): OpenCall | undefined => {
    const open = ledger.state().open.get(call)
    if (open === undefined || !needsDecision(open)) return undefined
    return Question.digestOf(ledger.state(), open) === digest ? open : undefined
  }

  const approval = Effect.fnUntraced(function* (
    open: OpenCall,
    given: Decision.GivenDecision,
    input: string | undefined
  ) {
    const { id: call, method } = open.call
    if (toolkit.find(method) === undefined) return yield* missingTool(method)
    const state = ledger.state()
    if (state.stance === "frozen") return fail("Frozen")
    const denied = yield* airlock.lapsed(state, open.call, clock.currentTimeMillisUnsafe())
    if (denied !== undefined) {
      return Result.succeed<SessionEvent>({ ...Lapse.answer(open, denied), ...by(given), question: given.digest })
    }
    const approved = { _tag: "CallApproved", call, ...by(given), question: given.digest } as const
    if (input === undefined) return Result.succeed<SessionEvent>(approved)
    if (isLarger(input, state.limits.argumentBytes)) return fail("TooLarge")
    const judged = yield* airlock.rejudge(state, open.call, input, clock.currentTimeMillisUnsafe())
    if (judged.verdict._tag === "Denied") {
      const { message, reason } = judged.verdict.error
      return fail(reason === "InvalidInput" ? "InvalidInput" : "InputDenied", message)
    }
    const approvers = judged.verdict._tag === "Asked" ? judged.verdict.approvers : undefined
    if (!Question.mayDecide(approvers, given.by)) return fail("NotAnApprover", approvers?.join(", "))
    const before = chargesOf(open.call)
    const charged = chargesOf(judged).filter((key) => !before.includes(key))
    return Result.succeed<SessionEvent>({
      ...approved,
      input: judged.input,
      ...(charged.length === 0 ? {} : { charged })
    })
  })

  const returned = Effect.fnUntraced(function* (open: OpenCall, valueText: string) {
    const { method } = open.call
    if (toolkit.find(method) === undefined) return yield* missingTool(method)
    const checked = toolkit.checkOutput(method, valueText)
    if (Result.isFailure(checked)) return fail("InvalidOutput", checked.failure)
    if (isLarger(checked.success, ledger.state().limits.resultBytes)) return fail("TooLarge")
    return Result.succeed<Outcome>({ _tag: "Succeeded", value: checked.success })
  })

  const outcomeOf = (open: OpenCall, decision: Exclude<Decision.Decision, { readonly _tag: "Approve" }>) => {
    const rejected = (error: { readonly name: string; readonly message: string; readonly reason?: string }) =>
      Effect.succeed(Result.succeed<Outcome>({ _tag: "Rejected", error }))
    switch (decision._tag) {
      case "Return":
        return returned(open, decision.value)
      case "Throw":
        return rejected({ name: "ToolError", message: decision.message })
      case "Deny": {
        const message = decision.reason ?? `${open.call.method} was refused`
        return rejected({ name: "CapabilityError", message, reason: "Refused" })
      }
    }
  }

  /** The event that a decision makes of an open question. Nothing is recorded here. */
  const settle = Effect.fnUntraced(function* (open: OpenCall, given: Decision.GivenDecision, atMillis: number) {
    const asked = askedOf(open)
    if ((asked?.expiresMillis ?? Number.POSITIVE_INFINITY) <= atMillis) return fail("Expired")
    if (!Question.mayDecide(asked?.approvers, given.by)) return fail("NotAnApprover", asked?.approvers?.join(", "))
    const { decision } = given
    if (decision._tag === "Approve") return yield* approval(open, given, decision.input)
    const outcome = yield* outcomeOf(open, decision)
    return Result.map(
      outcome,
      (outcome): SessionEvent => ({
        _tag: "CallAnswered",
        call: given.call,
        receipt: "refused",
        outcome,
        ...by(given),
        question: given.digest
      })
    )
  })

  const reportRefused = ({ call, by }: Decision.RecordedDecision, detail: string) =>
    Effect.logWarning(
      `the decision of ${by ?? "the host"} on call ${call} of session ${session} was refused: ${detail}`
    )

  /** An approval that denied the call: see `Lapse`. */
  const reportDenied = (recorded: Decision.RecordedDecision, event: SessionEvent) =>
    event._tag === "CallAnswered" && event.ruling !== undefined && event.outcome._tag === "Rejected"
      ? reportRefused(recorded, event.outcome.error.message)
      : Effect.void

  /** A question that expired is left to whoever refuses it for that; what a frozen session may not do waits until it may. */
  const apply = Effect.fnUntraced(function* (recorded: Decision.RecordedDecision) {
    const open = asking(recorded)
    if (open === undefined) return
    const settled = yield* settle(open, recorded, recorded.atMillis)
    // Looking at budgets and tokens takes time, in which the question may have found its answer.
    if (asking(recorded) === undefined) return
    if (Result.isSuccess(settled)) {
      ledger.record(settled.success)
      yield* reportDenied(recorded, settled.success)
    } else if (settled.failure.why !== "Expired" && settled.failure.why !== "Frozen") {
      const { call, digest: question } = recorded
      ledger.record({ _tag: "DecisionRefused", call, ...by(recorded), question, ...settled.failure })
      reported.add(question)
      yield* reportRefused(recorded, settled.failure.detail ?? settled.failure.why)
    }
    yield* ledger.flush
  })

  /** See `Question.digestOf`: it is the answer to a question that nobody asks any more. Of old ones it was said before. */
  const reportStale = ({ atMillis, by, call, digest }: Decision.RecordedDecision) => {
    if (atMillis < heldSinceMillis || reported.has(digest)) return Effect.void
    reported.add(digest)
    return Effect.logWarning(
      `Stale: the decision of ${by ?? "the host"} on call ${call} of session ${session} answers another question than the one that is asked now`
    )
  }

  const applyRecorded = Effect.gen(function* () {
    const waiting = [...ledger.state().open.values()].filter(needsDecision).map(({ call }) => call.id)
    if (waiting.length === 0) return
    const recorded = yield* journal.decisions(session, waiting)
    const current = recorded.filter((decision) => asking(decision) !== undefined)
    for (const decision of recorded) if (!current.includes(decision)) yield* reportStale(decision)
    for (const decision of current) yield* apply(decision)
  })

  const answer: Decisions["answer"] = Effect.fnUntraced(function* (call, answer) {
    const decision = Decision.fromAnswer(answer)
    for (;;) {
      const open = yield* find(call)
      if (open === undefined) return
      if (needsReconciling(open)) return yield* refuse(call, "NeedsReconciling")
      if (!needsDecision(open)) return yield* refuse(call, "NotWaiting")
      if (Result.isFailure(decision)) return yield* refuse(call, "NotAValue", decision.failure.message)
      const digest = Question.digestOf(ledger.state(), open)
      const given = { call, digest, decision: decision.success, by: answer.by }
      const settled = yield* settle(open, given, clock.currentTimeMillisUnsafe())
      if (Result.isFailure(settled)) return yield* refuse(call, settled.failure.why, settled.failure.detail)
      const decided = yield* journal.decide(session, given)
      yield* apply(decided.decision)
      const isAnotherQuestion = ledger.state().open.get(call)?.refusals !== open.refusals
      if (asking(given) === undefined && !isAnotherQuestion) return
    }
  })

  const committed = Effect.fnUntraced(function* (call: string, value: unknown) {
    const text = Value.encode(value)
    if (Result.isFailure(text)) return yield* refuse(call, "NotAValue")
    if (isLarger(text.success, ledger.state().limits.resultBytes)) return yield* refuse(call, "TooLarge")
    return { _tag: "Succeeded", value: text.success } satisfies Outcome
  })

  const decisions: Decisions = {
    answer,
    applyRecorded,
    reconcile: Effect.fnUntraced(function* (call, said) {
      const open = yield* find(call)
      if (open === undefined) return
      if (open.receipt !== "unknown") return yield* refuse(call, "NothingToReconcile")
      if (said._tag === "NotCommitted") ledger.record({ _tag: "CallNotCommitted", call, ...by(said) })
      else {
        const outcome = yield* committed(call, said.value)
        ledger.record({ _tag: "CallAnswered", call, receipt: "committed", outcome, ...by(said) })
      }
      yield* ledger.flush
    })
  }
  return decisions
})
