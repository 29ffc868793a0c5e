/**
 * The one place where it is decided whether a guest's call may leave. A total function of plain data: nothing is read, changed
 * or remembered here. What no capability covers is denied.
 */
import * as Result from "effect/Result"
import * as Budget from "./Budget.ts"
import * as Capability from "./Capability.ts"
import * as Constraint from "./Constraint.ts"
import { Denial } from "./Denial.ts"
import * as Pattern from "./Pattern.ts"

export interface Call {
  /** Dotted or slash-separated. */
  readonly method: string
  readonly input: unknown
  readonly nowMillis: number
}

/** `capability` is the key of the one that a call is charged to: see `Budget.spend`. `reason` is the question to a person. */
export type Verdict =
  | { readonly _tag: "Allow"; readonly capability: string }
  | {
      readonly _tag: "Ask"
      readonly capability: string
      readonly reason: string
      /** Who may decide; without it, everybody. */
      readonly approvers?: ReadonlyArray<string>
    }
  | { readonly _tag: "Deny"; readonly denial: Denial }

/** From the farthest to the nearest: how far a capability got that does not let a call through. */
const nearness: ReadonlyArray<Denial["reason"]> = ["ConstraintFailed", "Expired", "BudgetExhausted"]

const nearer = (left: Denial | undefined, right: Denial): Denial =>
  left !== undefined && nearness.indexOf(left.reason) >= nearness.indexOf(right.reason) ? left : right

/** Why a capability that is about the method does not let a call through. The order of the questions is that of `nearness`. */
const denialBy = (
  capability: Capability.Capability,
  spent: Budget.Spent,
  call: Call,
  method: string
): Denial | undefined => {
  const checked = Constraint.check(capability.where ?? {}, call.input)
  if (Result.isFailure(checked)) {
    const { limit, operator, parameter, text } = checked.failure
    return new Denial({
      reason: "ConstraintFailed",
      message: `${method} is refused: ${text}`,
      parameter,
      operator,
      limit
    })
  }
  const { expiresMillis = Number.POSITIVE_INFINITY, maxCalls } = capability
  if (!(call.nowMillis < expiresMillis)) {
    return new Denial({ reason: "Expired", message: `the permission for ${method} has expired` })
  }
  if (Budget.left(capability, spent) > 0) return undefined
  return new Denial({ reason: "BudgetExhausted", message: `all ${maxCalls} calls allowed for ${method} are used up` })
}

const grant = (capability: Capability.Capability, method: string): Verdict => {
  const key = Capability.key(capability)
  if (capability.mode === "auto") return { _tag: "Allow", capability: key }
  const { approvers, description } = capability
  const asked = { capability: key, reason: description ?? `${method} needs approval` }
  return { _tag: "Ask", ...asked, ...(approvers === undefined ? {} : { approvers }) }
}

const methodShown = 64

const uncovered = (method: string): Denial => {
  const shown = JSON.stringify(method.slice(0, methodShown).toWellFormed())
  return new Denial({ reason: "NoCapability", message: `no capability allows ${shown}` })
}

/** `decide` for a method that was read already. */
export const judge = (
  capabilities: ReadonlyArray<Capability.Capability>,
  spent: Budget.Spent,
  call: Call & { readonly method: Pattern.Method }
): Verdict => {
  const { method } = call
  let nearest: Denial | undefined
  for (const capability of capabilities) {
    if (!Capability.covers(capability, method)) continue
    const denial = denialBy(capability, spent, call, method)
    if (denial === undefined) return grant(capability, method)
    nearest = nearer(nearest, denial)
  }
  return { _tag: "Deny", denial: nearest ?? uncovered(method) }
}

/**
 * Decides on one call. The first capability that is about the method, lets the input through, has not expired and has calls left
 * is the one used. With none, the denial is that of the capability which came nearest to it, and of equals the first:
 * `BudgetExhausted` before `Expired` before `ConstraintFailed` before `NoCapability`.
 */
export const decide = (
  capabilities: ReadonlyArray<Capability.Capability>,
  spent: Budget.Spent,
  call: Call
): Verdict => {
  const method = Pattern.method(call.method)
  if (Result.isFailure(method)) return { _tag: "Deny", denial: uncovered(call.method) }
  return judge(capabilities, spent, { ...call, method: method.success })
}

/** Whether a call would be let through or put to a person. Costs nothing. */
export const canCall = (capabilities: ReadonlyArray<Capability.Capability>, spent: Budget.Spent, call: Call): boolean =>
  decide(capabilities, spent, call)._tag !== "Deny"
