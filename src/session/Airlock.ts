/**
 * Where a guest's calls become recorded ones: checked against their tool, judged by the gate, in the order in which the
 * guest made them. What is decided here is journaled and never decided again.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Budget from "../capability/Budget.ts"
import { covers } from "../capability/Capability.ts"
import type { Denial } from "../capability/Denial.ts"
import * as Gate from "../capability/Gate.ts"
import * as Pattern from "../capability/Pattern.ts"
import type { Program } from "../machine/Machine.ts"
import { type MachineRules, rulesFor as machineRulesFor } from "../policy/machine/MachineRules.ts"
import type { Context } from "../policy/Subject.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { GuestError } from "../tool/GuestError.ts"
import type { ToolCall } from "../tool/ToolCall.ts"
import type { Toolkit } from "../tool/Toolkit.ts"
import { type Authority, fileRulesOf, type Layer, layersOf, type Presented } from "./Authority.ts"
import { sha256Of } from "./Digest.ts"
import { spend } from "./Evolution.ts"
import * as Judgement from "./Judgement.ts"
import type { Denied } from "./Lapse.ts"
import * as Recipe from "./Recipe.ts"
import type { RecordedCall, Ruling, Verdict } from "./SessionEvent.ts"
import type { SessionState } from "./SessionState.ts"

export interface Airlock {
  readonly toolkit: Toolkit
  readonly policy: Authority["policy"]
  /** What a guest is told of the tools. It may know those that every layer has a capability about. */
  readonly shown: (recorded: ReadonlyArray<Presented | undefined>) => Pick<Program, "namespaces" | "tools">
  /** The paths of those whose calls need a snapshot. */
  readonly effectful: ReadonlyArray<string>
  /** What the machine has to keep to by itself in a run that starts now. */
  readonly rules: (
    state: SessionState,
    program: { readonly token?: Presented | undefined }
  ) => Effect.Effect<MachineRules | undefined, TokenError>
  readonly judge: (
    state: SessionState,
    calls: ReadonlyArray<ToolCall>,
    nowMillis: number
  ) => Effect.Effect<ReadonlyArray<RecordedCall>, TokenError>
  /** What would be said of a call that was asked for, if it were made now with another input, a `Value` text. */
  readonly rejudge: (
    state: SessionState,
    call: RecordedCall,
    inputText: string,
    nowMillis: number
  ) => Effect.Effect<RecordedCall, TokenError>
  /** The denial of a call that was judged before, if a token has ended since that its session or run is under. */
  readonly lapsed: (
    state: SessionState,
    call: RecordedCall,
    nowMillis: number
  ) => Effect.Effect<Denied | undefined, TokenError>
}

/** A refusal as the guest catches it. */
const toGuestError = (denial: Denial): GuestError => ({
  name: denial.name,
  message: denial.message,
  reason: denial.reason
})

const toDenied = (denial: Denial, ruling: Ruling | undefined): Denied => ({
  _tag: "Denied",
  error: toGuestError(denial),
  ...(ruling === undefined ? {} : { ruling })
})

const toVerdict = (judgement: Judgement.Judgement, expiresMillis: number): Verdict => {
  if (judgement._tag === "Deny") return toDenied(judgement.denial, judgement.ruling)
  const ruled = judgement.ruling === undefined ? {} : { ruling: judgement.ruling }
  const [capability = "", ...also] = judgement.charges
  const charged = { capability, ...(also.length === 0 ? {} : { also }), ...ruled }
  if (judgement._tag === "Allow") return { _tag: "Allowed", ...charged }
  const { approvers, reason } = judgement
  const until = Number.isFinite(expiresMillis) ? { expiresMillis } : {}
  return { _tag: "Asked", reason, ...until, ...(approvers === undefined ? {} : { approvers }), ...charged }
}

/** What a replay compares a request by. */
export const digest = (call: ToolCall): string => sha256Of(call.path, call.arguments)

const denied = (id: string, call: ToolCall, denial: Denial, ruling?: Ruling): RecordedCall => ({
  id,
  digest: digest(call),
  method: call.path.replaceAll(".", "/"),
  input: call.arguments,
  readOnly: true,
  idempotent: true,
  verdict: toDenied(denial, ruling)
})

const isCovered = ({ capabilities }: Layer, path: string): boolean => {
  const method = Pattern.method(path)
  return Result.isSuccess(method) && capabilities.some((capability) => covers(capability, method.success))
}

/** The layer that has no capability about a path at all. */
const lacking = (layers: ReadonlyArray<Layer>, path: string) => layers.find((layer) => !isCovered(layer, path))

/** Who asks, for a policy: a session's metadata are its labels, and `tenant` is one of them. */
export const contextOf = ({ metadata, template }: SessionState): Context => ({
  template,
  tenant: metadata["tenant"],
  labels: metadata
})

/** The budgets that a call was taken from. */
export const chargesOf = ({ verdict }: RecordedCall): ReadonlyArray<string> =>
  verdict._tag === "Denied" ? [] : [verdict.capability, ...(verdict.also ?? [])]

const withoutOne = (spent: Budget.Spent, key: string): Budget.Spent => ({ ...spent, [key]: (spent[key] ?? 1) - 1 })

const judgeOne = (
  toolkit: Toolkit,
  rules: Judgement.Rules,
  spent: Budget.Spent,
  call: ToolCall & { readonly nowMillis: number; readonly expiresMillis: number }
): RecordedCall => {
  const { expiresMillis, id, nowMillis } = call
  // A guest is not told what a tool takes that it may not call at all.
  const layer = lacking(rules.layers, call.path)
  if (layer !== undefined) {
    const unseen = Gate.decide(layer.capabilities, {}, { method: call.path, input: {}, nowMillis })
    const ruling = layer.id === "" ? undefined : { layer: layer.name }
    if (unseen._tag === "Deny") return denied(id, call, unseen.denial, ruling)
  }
  const prepared = toolkit.prepare(call)
  if (Result.isFailure(prepared)) return denied(id, call, prepared.failure)
  const { input, inputText, method, readOnly, idempotent } = prepared.success
  const verdict = toVerdict(Judgement.judge(rules, spent, { method, input, nowMillis }), expiresMillis)
  return { id, digest: digest(call), method, input: inputText, readOnly, idempotent, verdict }
}

export const make = (session: string, authority: Authority): Airlock => {
  const { decisionMillis, isRevoked, policy, toolkit } = authority
  const granted = (recorded: ReadonlyArray<Presented | undefined>) => {
    const layers = layersOf(authority, recorded)
    return toolkit.infos.filter(({ path }) => lacking(layers, path) === undefined)
  }
  const namespaces = [...new Set(toolkit.infos.map(({ path }) => path.split(".", 1).join()))]
  const rulesFor = Effect.fnUntraced(function* (state: SessionState) {
    const layers = layersOf(authority, [state.token, state.current?.token])
    const rules: Judgement.Rules = {
      stance: state.stance,
      session,
      layers,
      policy: yield* policy,
      context: contextOf(state),
      isRevoked: layers.some(({ ids }) => ids.length > 0) ? yield* isRevoked : () => false
    }
    return rules
  })
  return {
    toolkit,
    policy,
    shown: (recorded) => ({ tools: granted(recorded), namespaces }),
    effectful: granted([]).flatMap(({ path }) => (toolkit.find(path)?.readOnly === false ? [path] : [])),
    rules: Effect.fnUntraced(function* (state, program) {
      const presented = [state.token, program.token]
      const isHeld = authority.presented.length > 0 || presented.some((token) => token !== undefined)
      const isRevoked = isHeld ? yield* authority.isRevoked : () => false
      return machineRulesFor(yield* policy, contextOf(state), fileRulesOf(session, authority, presented, isRevoked))
    }),
    rejudge: Effect.fnUntraced(function* (state, call, inputText, nowMillis) {
      const rules = yield* rulesFor(state)
      const made = { id: call.id, path: call.method, arguments: `[${inputText}]` }
      const spent = chargesOf(call).reduce(withoutOne, state.spent)
      return judgeOne(toolkit, rules, spent, { ...made, nowMillis, expiresMillis: nowMillis + decisionMillis })
    }),
    lapsed: Effect.fnUntraced(function* (state, { method }, nowMillis) {
      const refusal = Judgement.lapsed(yield* rulesFor(state), { method, nowMillis })
      return refusal === undefined ? undefined : toDenied(refusal.denial, refusal.ruling)
    }),
    judge: Effect.fnUntraced(function* (state, calls, nowMillis) {
      const rules = yield* rulesFor(state)
      let { spent } = state
      return calls.map((call) => {
        const made = { ...call, id: Recipe.branchId(call.id, state.branch), nowMillis }
        const judged = judgeOne(toolkit, rules, spent, { ...made, expiresMillis: nowMillis + decisionMillis })
        spent = spend(spent, [judged])
        return judged
      })
    })
  }
}

/** Only calls whose answers may be lost with the process can do without a snapshot of where they were made. */
export const needsSnapshot = (calls: ReadonlyArray<RecordedCall>): boolean =>
  calls.some((call) => call.verdict._tag === "Asked" || (call.verdict._tag === "Allowed" && !call.readOnly))
