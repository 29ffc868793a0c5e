/**
 * How often each capability has been used.
 *
 * A call that is allowed or asked for costs one call of its capability, when that is decided. It is never given back, whatever
 * becomes of the call: its handler may have failed after it had its effect.
 */
import * as Capability from "./Capability.ts"

/** Calls by key of their capability: plain data, and a fold over the verdicts of a session. */
export type Spent = Readonly<Record<string, number>>

/** One more call of a capability. */
export const spend = (spent: Spent, key: string): Spent => ({ ...spent, [key]: used(spent, key) + 1 })

const used = (spent: Spent, key: string): number => (Object.hasOwn(spent, key) ? (spent[key] ?? Number.NaN) : 0)

/** A key of one of several lists of capabilities, which count for themselves; the list without a name has plain keys. */
export const keyWithin = (list: string, key: string): string => (list === "" ? key : `${list}:${key}`)

/** What was used of one of several lists, by plain keys. */
export const within = (spent: Spent, list: string): Spent => {
  if (list === "") return spent
  const start = keyWithin(list, "")
  const own = Object.entries(spent).filter(([key]) => key.startsWith(start))
  return Object.fromEntries(own.map(([key, count]) => [key.slice(start.length), count]))
}

/** How many calls a capability has left. What is no count leaves none. */
export const left = (capability: Capability.Capability, spent: Spent): number => {
  if (capability.maxCalls === undefined) return Number.POSITIVE_INFINITY
  const count = used(spent, Capability.key(capability))
  return Number.isSafeInteger(count) && count >= 0 ? Math.max(0, capability.maxCalls - count) : 0
}
