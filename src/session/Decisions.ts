/** What persons and hosts say of calls, checked against the call's state and recorded. First one wins; it is never undone. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Result from "effect/Result"
import type { Outcome } from "../tool/ToolCall.ts"
import type { Toolkit } from "../tool/Toolkit.ts"
import * as Value from "../tool/Value.ts"
import type { Answer, Reconciliation } from "./Answer.ts"
import type { JournalError } from "./Journal.ts"
import type { Ledger } from "./Ledger.ts"
import { AnswerRefused, SessionError, ToolMissing } from "./SessionError.ts"
import { needsDecision, needsReconciling, type OpenCall } from "./SessionState.ts"

export interface Decisions {
  /** Does nothing to a call that has its answer or was called off. */
  readonly answer: (call: string, answer: Answer) => Effect.Effect<void, SessionError | JournalError>
  readonly reconcile: (call: string, said: Reconciliation) => Effect.Effect<void, SessionError | JournalError>
}

const refuse = (call: string, why: AnswerRefused["why"]) =>
  new SessionError({ reason: new AnswerRefused({ call, why }) })

const by = (said: { readonly by?: string }) => (said.by === undefined ? {} : { by: said.by })

const expiresMillis = ({ call }: OpenCall) =>
  call.verdict._tag === "Asked" && call.verdict.expiresMillis !== undefined
    ? call.verdict.expiresMillis
    : Number.POSITIVE_INFINITY

const missingTool = (method: string) => new SessionError({ reason: new ToolMissing({ method }) })

export const make = Effect.fnUntraced(function* (ledger: Ledger, toolkit: Toolkit) {
  const clock = yield* Clock.Clock

  /** A call that may still be answered; undefined if it has its answer, or was called off. */
  const find = Effect.fnUntraced(function* (call: string) {
    const { known, open } = ledger.state()
    const found = open.get(call)
    if (found === undefined && !HashMap.has(known, call)) return yield* refuse(call, "UnknownCall")
    return found?.outcome === undefined ? found : undefined
  })

  const valueText = Effect.fnUntraced(function* (call: string, value: unknown) {
    const text = Value.encode(value)
    if (Result.isFailure(text)) return yield* refuse(call, "NotAValue")
    if (Buffer.byteLength(text.success) > ledger.state().limits.resultBytes) return yield* refuse(call, "TooLarge")
    return text.success
  })

  const outcomeOf = Effect.fnUntraced(function* (open: OpenCall, answer: Exclude<Answer, { _tag: "Approve" }>) {
    const { id, method } = open.call
    if (answer._tag === "Return") return { _tag: "Succeeded", value: yield* valueText(id, answer.value) } as const
    const error =
      answer._tag === "Throw"
        ? { name: "ToolError", message: answer.message }
        : { name: "CapabilityError", message: answer.reason ?? `${method} was refused`, reason: "Refused" }
    return { _tag: "Rejected", error } as const
  })

  const decisions: Decisions = {
    answer: Effect.fnUntraced(function* (call, answer) {
      const open = yield* find(call)
      if (open === undefined) return
      if (needsReconciling(open)) return yield* refuse(call, "NeedsReconciling")
      if (!needsDecision(open)) return yield* refuse(call, "NotWaiting")
      if (expiresMillis(open) <= clock.currentTimeMillisUnsafe()) return yield* refuse(call, "Expired")
      if (answer._tag === "Approve" && toolkit.find(open.call.method) === undefined)
        return yield* missingTool(open.call.method)
      if (answer._tag === "Approve") ledger.record({ _tag: "CallApproved", call, ...by(answer) })
      else {
        const outcome: Outcome = yield* outcomeOf(open, answer)
        ledger.record({ _tag: "CallAnswered", call, receipt: "refused", outcome, ...by(answer) })
      }
      yield* ledger.flush
    }),
    reconcile: Effect.fnUntraced(function* (call, said) {
      const open = yield* find(call)
      if (open === undefined) return
      if (open.receipt !== "unknown") return yield* refuse(call, "NothingToReconcile")
      if (said._tag === "NotCommitted") ledger.record({ _tag: "CallNotCommitted", call, ...by(said) })
      else {
        const outcome: Outcome = { _tag: "Succeeded", value: yield* valueText(call, said.value) }
        ledger.record({ _tag: "CallAnswered", call, receipt: "committed", outcome, ...by(said) })
      }
      yield* ledger.flush
    })
  }
  return decisions
})
