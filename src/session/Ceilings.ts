/** Resources that a token and a policy allow, beside the limits of a session. */
import { Limits } from "../machine/Limits.ts"
import * as Policy from "../policy/Policy.ts"
import type { Context } from "../policy/Subject.ts"
import type { Limits as OfToken } from "../token/Authority.ts"

/** A token says how much CPU time the whole run has, and not how it may be spread. */
const ceilingsOf = ({ cpuMillis, memoryMebibytes, wallMillis }: OfToken): Policy.Limits => ({
  ...(memoryMebibytes === undefined ? {} : { memoryMebibytes }),
  ...(cpuMillis === undefined ? {} : { cpuRunMillis: cpuMillis }),
  ...(wallMillis === undefined ? {} : { wallMillis })
})

const names = Object.keys(Limits.fields) as ReadonlyArray<keyof Limits>

/** A policy's ceilings. What it says of output is one of them. */
export const ofPolicy = (policy: Policy.Policy, context: Context): Policy.Limits => {
  const { maxBytes = Number.POSITIVE_INFINITY } = policy.output
  const limits = Policy.limits(policy, context)
  const outputBytes = Math.min(limits.outputBytes ?? Number.POSITIVE_INFINITY, maxBytes)
  return Number.isFinite(outputBytes) ? { ...limits, outputBytes } : limits
}

/** Limits that keep to the ceilings of a policy and of a token. They may come out lower than any machine can have. */
export const lowered = (limits: Limits, policy: Policy.Limits, token: OfToken | undefined): Limits => {
  const ofToken = token === undefined ? {} : ceilingsOf(token)
  const lowest = (name: keyof Limits) =>
    Math.min(limits[name], policy[name] ?? Number.POSITIVE_INFINITY, ofToken[name] ?? Number.POSITIVE_INFINITY)
  return Object.fromEntries(names.map((name) => [name, lowest(name)])) as Limits
}

/** The first limit of a session that is wider than what a token allows. */
export const tighter = (limits: Limits, token: OfToken) => {
  const ceilings = ceilingsOf(token)
  for (const name of names) {
    const allowed = ceilings[name]
    if (allowed !== undefined && allowed < limits[name]) return { limit: name, allowed, needed: limits[name] }
  }
  return undefined
}
