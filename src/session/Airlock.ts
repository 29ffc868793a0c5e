/**
 * Where a guest's calls become recorded ones: checked against their tool, judged by the gate, in the order in which the
 * guest made them. Pure. What is decided here is journaled and never decided again.
 */
import * as Result from "effect/Result"
import * as Budget from "../capability/Budget.ts"
import { type Capability, covers } from "../capability/Capability.ts"
import type { Denial } from "../capability/Denial.ts"
import * as Gate from "../capability/Gate.ts"
import * as Pattern from "../capability/Pattern.ts"
import type { GuestError } from "../tool/GuestError.ts"
import type { ToolCall } from "../tool/ToolCall.ts"
import type { ToolInfo } from "../tool/ToolInfo.ts"
import type { Toolkit } from "../tool/Toolkit.ts"
import { sha256Of } from "./Digest.ts"
import * as Recipe from "./Recipe.ts"
import type { RecordedCall, Verdict } from "./SessionEvent.ts"
import type { SessionState } from "./SessionState.ts"

/** What this process lets a session's guest do. */
export interface Authority {
  readonly toolkit: Toolkit
  readonly capabilities: ReadonlyArray<Capability>
  /** How long a person has to decide on an asked call. */
  readonly decisionMillis: number
}

/** Whether this process has a tool for a method. */
export const offers = (toolkit: Toolkit, method: string): boolean =>
  toolkit.infos.some(({ path }) => path.replaceAll(".", "/") === method)

const isCovered = (capabilities: ReadonlyArray<Capability>, path: string): boolean => {
  const method = Pattern.method(path)
  return Result.isSuccess(method) && capabilities.some((capability) => covers(capability, method.success))
}

/** The tools that a guest may know of: those that some capability is about. */
export const granted = ({ capabilities, toolkit }: Authority): ReadonlyArray<ToolInfo> =>
  toolkit.infos.filter(({ path }) => isCovered(capabilities, path))

/** A refusal as the guest catches it. */
export const toGuestError = (denial: Denial): GuestError => ({
  name: denial.name,
  message: denial.message,
  reason: denial.reason
})

const toVerdict = (verdict: Gate.Verdict, authority: Authority, nowMillis: number): Verdict => {
  switch (verdict._tag) {
    case "Allow":
      return { _tag: "Allowed", capability: verdict.capability }
    case "Ask":
      return {
        _tag: "Asked",
        capability: verdict.capability,
        reason: verdict.reason,
        expiresMillis: nowMillis + authority.decisionMillis
      }
    case "Deny":
      return { _tag: "Denied", error: toGuestError(verdict.denial) }
  }
}

/** What a replay compares a request by. */
export const digest = (call: ToolCall): string => sha256Of(call.path, call.arguments)

export const judge = (
  authority: Authority,
  state: SessionState,
  calls: ReadonlyArray<ToolCall>,
  nowMillis: number
): ReadonlyArray<RecordedCall> => {
  let spent = state.spent
  return calls.map((call): RecordedCall => {
    const id = Recipe.branchId(call.id, state.branch)
    const denied = (denial: Denial): RecordedCall => ({
      id,
      digest: digest(call),
      method: call.path.replaceAll(".", "/"),
      input: call.arguments,
      readOnly: true,
      idempotent: true,
      verdict: { _tag: "Denied", error: toGuestError(denial) }
    })
    // A guest is not told what a tool takes that it may not call at all.
    if (!isCovered(authority.capabilities, call.path)) {
      const unseen = Gate.decide(authority.capabilities, spent, { method: call.path, input: {}, nowMillis })
      if (unseen._tag === "Deny") return denied(unseen.denial)
    }
    const prepared = authority.toolkit.prepare(call)
    if (Result.isFailure(prepared)) return denied(prepared.failure)
    const { input, inputText, method, readOnly, idempotent } = prepared.success
    const verdict = toVerdict(
      Gate.decide(authority.capabilities, spent, { method, input, nowMillis }),
      authority,
      nowMillis
    )
    if (verdict._tag !== "Denied") spent = Budget.spend(spent, verdict.capability)
    return { id, digest: digest(call), method, input: inputText, readOnly, idempotent, verdict }
  })
}

/** Only calls whose answers may be lost with the process can do without a snapshot of where they were made. */
export const needsSnapshot = (calls: ReadonlyArray<RecordedCall>): boolean =>
  calls.some((call) => call.verdict._tag === "Asked" || (call.verdict._tag === "Allowed" && !call.readOnly))
