/** Which limits runs come to, and what is known of how far. Pure. */
import type { Limits } from "../machine/Limits.ts"
import type { GuestError } from "../tool/GuestError.ts"

const codes: ReadonlySet<string> = new Set([
  "CpuLimit",
  "MemoryLimit",
  "ProcessLimit",
  "StackLimit",
  "WallLimit",
  "SessionExpired",
  "Unresponsive",
  "TooManyCalls",
  "TooLarge"
])

/** The limit that a run ended with. What a guest can catch has no code: it is told by the words that its engine has for it. */
export const limitOf = ({ message, name, reason }: GuestError): string | undefined => {
  if (reason !== undefined) return codes.has(reason) ? reason : undefined
  if (name === "InternalError" && /^(?:out of memory|string too long)/.test(message)) return "MemoryLimit"
  return name === "RangeError" && /^Maximum call stack/.test(message) ? "StackLimit" : undefined
}

/** Milliseconds of the processor that a run has used, and those of them since it last waited. */
export interface Spent {
  readonly runMillis: number
  readonly turnMillis: number
}

/** A limit as an audit event has it. What is `allowed` and was `used` is in the unit in which the limit is set. */
export type Hit = {
  readonly limit: string
  readonly allowed?: number
  readonly used?: number
}

const cpuHit = ({ cpuRunMillis, cpuSliceMillis }: Limits, { runMillis, turnMillis }: Spent) => {
  if (runMillis >= cpuRunMillis) return { allowed: cpuRunMillis, used: runMillis }
  return turnMillis >= cpuSliceMillis ? { allowed: cpuSliceMillis, used: turnMillis } : {}
}

const known = (limit: string, limits: Limits, spent: Spent): Omit<Hit, "limit"> => {
  switch (limit) {
    case "CpuLimit":
      return cpuHit(limits, spent)
    case "MemoryLimit":
      return { allowed: limits.memoryMebibytes }
    case "StackLimit":
      return { allowed: limits.stackKibibytes }
    case "WallLimit":
      return { allowed: limits.wallMillis }
    case "OutputLimit":
      return { allowed: limits.outputBytes }
    default:
      return {}
  }
}

/** With what is known of it; of a session whose limits are not known, nothing is. */
export const hit = (limit: string, limits: Limits | undefined, spent: Spent): Hit => ({
  limit,
  ...(limits === undefined ? {} : known(limit, limits, spent))
})
