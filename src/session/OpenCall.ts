/** A call whose answer the guest does not have yet, and what may be done about it. Pure. */
import type { Receipt } from "../tool/Receipt.ts"
import type { Outcome } from "../tool/ToolCall.ts"
import type { RecordedCall } from "./SessionEvent.ts"

export interface OpenCall {
  readonly call: RecordedCall
  readonly receipt: Receipt
  /** A person or the host let it go ahead. */
  readonly approved: boolean
  /** What its handler gets: the input that was asked with, or what a person put in its place. */
  readonly input: string
  /** How many decisions on it could not be carried out. */
  readonly refusals: number
  readonly attempts: number
  readonly outcome: Outcome | undefined
  /** Where its answer stands in the journal: the order in which answers are given. */
  readonly answeredSeq: number
}

/** A call as it is when it was recorded: one that was denied has its answer. */
export const openCall = (call: RecordedCall, seq: number): OpenCall => {
  const denied = call.verdict._tag === "Denied" ? call.verdict : undefined
  return {
    call,
    receipt: denied === undefined ? "prepared" : "refused",
    approved: false,
    input: call.input,
    refusals: 0,
    attempts: 0,
    outcome: denied === undefined ? undefined : { _tag: "Rejected", error: denied.error },
    answeredSeq: denied === undefined ? 0 : seq
  }
}

export const needsDecision = (open: OpenCall): boolean =>
  open.outcome === undefined && open.call.verdict._tag === "Asked" && !open.approved

/** It was started, its outcome is unknown, and it may not simply be started again. */
export const needsReconciling = (open: OpenCall): boolean =>
  open.outcome === undefined && open.receipt === "unknown" && !open.call.idempotent && !open.call.readOnly

/** Its handler may be started (again). */
export const canStart = (open: OpenCall): boolean =>
  open.outcome === undefined &&
  !needsDecision(open) &&
  (open.receipt === "prepared" || (open.receipt === "unknown" && !needsReconciling(open)))
