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
  /** How long a person has to decide on an asked call; infinite for as long as it takes. */
  readonly decisionMillis: number
}

export interface Airlock {
  readonly toolkit: Toolkit
  /** The tools that a guest may know of: those that some capability is about. */
  readonly granted: ReadonlyArray<ToolInfo>
  /** The paths of those whose calls need a snapshot. */
  readonly effectful: ReadonlyArray<string>
  readonly judge: (
    state: SessionState,
    calls: ReadonlyArray<ToolCall>,
    nowMillis: number
  ) => ReadonlyArray<RecordedCall>
}

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
    case "Ask": {
      const { capability, reason } = verdict
      const expiresMillis = nowMillis + authority.decisionMillis
      return { _tag: "Asked", capability, reason, ...(Number.isFinite(expiresMillis) ? { expiresMillis } : {}) }
    }
    case "Deny":
      return { _tag: "Denied", error: toGuestError(verdict.denial) }
  }
}

/** What a replay compares a request by. */
export const digest = (call: ToolCall): string => sha256Of(call.path, call.arguments)

const denied = (id: string, call: ToolCall, denial: Denial): RecordedCall => ({
  id,
  digest: digest(call),
  method: call.path.replaceAll(".", "/"),
  input: call.arguments,
  readOnly: true,
  idempotent: true,
  verdict: { _tag: "Denied", error: toGuestError(denial) }
})

const isCovered = (capabilities: ReadonlyArray<Capability>, path: string): boolean => {
  const method = Pattern.method(path)
  return Result.isSuccess(method) && capabilities.some((capability) => covers(capability, method.success))
}

export const make = (authority: Authority): Airlock => {
  const { capabilities, toolkit } = authority
  const granted = toolkit.infos.filter(({ path }) => isCovered(capabilities, path))
  const known = new Set(granted.map(({ path }) => path))

  const judgeOne = (id: string, spent: Budget.Spent, call: ToolCall, nowMillis: number): RecordedCall => {
    // A guest is not told what a tool takes that it may not call at all.
    if (!known.has(call.path) && !isCovered(capabilities, call.path)) {
      const unseen = Gate.decide(capabilities, spent, { method: call.path, input: {}, nowMillis })
      if (unseen._tag === "Deny") return denied(id, call, unseen.denial)
    }
    const prepared = toolkit.prepare(call)
    if (Result.isFailure(prepared)) return denied(id, call, prepared.failure)
    const { input, inputText, method, readOnly, idempotent } = prepared.success
    const verdict = toVerdict(Gate.judge(capabilities, spent, { method, input, nowMillis }), authority, nowMillis)
    return { id, digest: digest(call), method, input: inputText, readOnly, idempotent, verdict }
  }

  return {
    toolkit,
    granted,
    effectful: granted.flatMap(({ path }) => (toolkit.find(path)?.readOnly === false ? [path] : [])),
    judge: (state, calls, nowMillis) => {
      let { spent } = state
      return calls.map((call) => {
        const judged = judgeOne(Recipe.branchId(call.id, state.branch), spent, call, nowMillis)
        if (judged.verdict._tag !== "Denied") spent = Budget.spend(spent, judged.verdict.capability)
        return judged
      })
    }
  }
}

/** Only calls whose answers may be lost with the process can do without a snapshot of where they were made. */
export const needsSnapshot = (calls: ReadonlyArray<RecordedCall>): boolean =>
  calls.some((call) => call.verdict._tag === "Asked" || (call.verdict._tag === "Allowed" && !call.readOnly))
