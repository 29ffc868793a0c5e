/** What layers of capabilities and a policy, all of them together, say of one call. Pure. */
import * as Budget from "../capability/Budget.ts"
import { Denial } from "../capability/Denial.ts"
import * as Gate from "../capability/Gate.ts"
import type * as Pattern from "../capability/Pattern.ts"
import * as Policy from "../policy/Policy.ts"
import type { Context } from "../policy/Subject.ts"
import type { Layer } from "./Authority.ts"
import type { Ruling, Stance } from "./SessionEvent.ts"

/** Everything that has a say now. */
export interface Rules {
  readonly layers: ReadonlyArray<Layer>
  readonly policy: Policy.Policy | undefined
  /** Who asks, for the policy. */
  readonly context: Context
  readonly isRevoked: (id: string) => boolean
  readonly stance: Stance
  /** Whose call it is. */
  readonly session: string
}

export interface Call {
  readonly method: Pattern.Method
  readonly input: unknown
  readonly nowMillis: number
}

type Asking = Pick<Call, "nowMillis"> & { readonly method: string }

/** `charges` are the budgets that a call is taken from: the session's own, then one of each other layer. */
export type Judgement =
  | { readonly _tag: "Allow"; readonly charges: ReadonlyArray<string>; readonly ruling: Ruling | undefined }
  | {
      readonly _tag: "Ask"
      readonly charges: ReadonlyArray<string>
      readonly ruling: Ruling | undefined
      readonly reason: string
      readonly approvers: ReadonlyArray<string> | undefined
    }
  | { readonly _tag: "Deny"; readonly ruling: Ruling | undefined; readonly denial: Denial }

type Refusal = Extract<Judgement, { readonly _tag: "Deny" }>

const own = ({ id }: Layer) => id === ""

/** Why a layer has nothing to say any more. */
const lapse = (layer: Layer, rules: Rules, { method, nowMillis }: Asking): Denial | undefined => {
  if (!(nowMillis < layer.expiresMillis)) {
    return new Denial({ reason: "Expired", message: `the token that allows ${method} has expired` })
  }
  const { session = rules.session } = layer
  if (session !== rules.session) {
    return new Denial({ reason: "WrongSession", message: `the token that allows ${method} is for another session` })
  }
  if (!layer.ids.some(rules.isRevoked)) return undefined
  return new Denial({ reason: "Revoked", message: `the token that allows ${method} was revoked` })
}

/** The refusal of a layer that has nothing to say any more. What it once let through does not count. */
export const lapsed = (rules: Rules, call: Asking): Refusal | undefined => {
  for (const layer of rules.layers) {
    const denial = lapse(layer, rules, call)
    if (denial !== undefined) return { _tag: "Deny", denial, ruling: { layer: layer.name } }
  }
  return undefined
}

const judgeLayer = (layer: Layer, rules: Rules, spent: Budget.Spent, call: Call): Gate.Verdict => {
  const lapsed = lapse(layer, rules, call)
  if (lapsed !== undefined) return { _tag: "Deny", denial: lapsed }
  return Gate.judge(layer.capabilities, Budget.within(spent, layer.id), call)
}

/** Who wants a person to see a call, and what is asked. */
interface Question {
  readonly layer: string
  readonly reason: string
  readonly approvers?: ReadonlyArray<string> | undefined
}

/** Those whom both lists name; a list that is absent names everybody. */
const both = (left: ReadonlyArray<string> | undefined, right: ReadonlyArray<string> | undefined) =>
  left === undefined || right === undefined ? (left ?? right) : left.filter((name) => right.includes(name))

/**
 * What the layers say: the first that denies decides, of those that ask the first has the question, and whoever answers it must be
 * somebody whom each of them would ask.
 */
const hearLayers = (
  rules: Rules,
  spent: Budget.Spent,
  call: Call
): Refusal | { readonly charges: ReadonlyArray<string>; readonly question: Question | undefined } => {
  const charges: Array<string> = []
  let question: Question | undefined
  for (const layer of rules.layers) {
    const verdict = judgeLayer(layer, rules, spent, call)
    if (verdict._tag === "Deny") {
      return { _tag: "Deny", denial: verdict.denial, ruling: own(layer) ? undefined : { layer: layer.name } }
    }
    charges.push(Budget.keyWithin(layer.id, verdict.capability))
    if (verdict._tag !== "Ask") continue
    const approvers = both(question?.approvers, verdict.approvers)
    question = { layer: layer.name, reason: verdict.reason, ...question, approvers }
  }
  return { charges, question }
}

/** What a policy says, and who that was. */
const hearPolicy = ({ context, policy }: Rules, { input, method }: Call) => {
  if (policy === undefined) return undefined
  const verdict = Policy.decide(policy, { _tag: "Tool", method, input }, context)
  const { detections, rule } = verdict
  const layer = `policy ${policy.name}`
  const seen = { policy: policy.id, ...(detections.length === 0 ? {} : { detections }) }
  return { ...verdict, layer, seen, ruling: { layer, ...seen, ...(rule === undefined ? {} : { rule }) } }
}

const watched = ({ method }: Call): Question => ({
  layer: "detector",
  reason: `${method} is called by a session that is being watched`
})

const frozen: Refusal = {
  _tag: "Deny",
  denial: new Denial({ reason: "Frozen", message: "this session is frozen: no call is let through" }),
  ruling: { layer: "detector" }
}

/** Any that denies denies, else any that asks asks; a session that is frozen or watched is treated as such whatever they say. */
export const judge = (rules: Rules, spent: Budget.Spent, call: Call): Judgement => {
  if (rules.stance === "frozen") return frozen
  const heard = hearLayers(rules, spent, call)
  if ("denial" in heard) return heard
  const said = hearPolicy(rules, call)
  if (said?.effect === "deny") {
    return { _tag: "Deny", denial: new Denial({ reason: "PolicyDenied", message: said.reason }), ruling: said.ruling }
  }
  const { charges } = heard
  const question: Question | undefined =
    heard.question ??
    (said?.effect === "ask" ? said : undefined) ??
    (rules.stance === "asking" ? watched(call) : undefined)
  if (question === undefined) return { _tag: "Allow", charges, ruling: said?.ruling }
  const { approvers, layer, reason } = question
  const isSession = layer === "session" && said === undefined
  const ruling = question === said ? said.ruling : isSession ? undefined : { layer, ...said?.seen }
  return { _tag: "Ask", charges, ruling, reason, approvers }
}
