import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { defaults, type Limits } from "../machine/Limits.ts"
import { UsageError } from "./Problem.ts"

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

const toMillis = (text: string): number | undefined => {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const factor = units[unit]
  if (amount !== undefined && factor !== undefined) return Math.round(Number(amount) * factor)
  // Whatever else it is, it is only a duration if the library says so.
  const duration = Duration.fromInput(text as Duration.Input)
  const millis = Option.isSome(duration) ? Duration.toMillis(duration.value) : Number.NaN
  return Number.isFinite(millis) && millis >= 0 ? Math.round(millis) : undefined
}

/**
 * The limits that `--timeout` and `--memory` ask for. In the embedded tier those of CPU time are not above that of the wall, which is
 * looked at between turns there; a machine with a kernel of its own keeps the one of the wall itself.
 */
export const parse = Effect.fnUntraced(function* (
  flags: {
    readonly timeout: string | undefined
    readonly memory: number | undefined
  },
  isEmbedded: boolean
) {
  const memory = flags.memory === undefined ? {} : { memoryMebibytes: flags.memory }
  if (flags.timeout === undefined) return memory
  const wallMillis = toMillis(flags.timeout)
  if (wallMillis === undefined) {
    const message = `--timeout ${flags.timeout} is not a duration: write a number, 0 or more, and its unit, such as 500ms, 5s, 2m, or "5 seconds"`
    return yield* new UsageError({ reason: "InvalidDuration", message })
  }
  if (!isEmbedded) return { ...memory, wallMillis }
  return {
    ...memory,
    wallMillis,
    cpuRunMillis: Math.min(defaults.cpuRunMillis, wallMillis),
    cpuSliceMillis: Math.min(defaults.cpuSliceMillis, wallMillis)
  }
})

/** A session keeps the limits that it was opened with: asking for others is refused, asking for the same again is not. */
export const check = Effect.fnUntraced(function* (wanted: Partial<Limits>, actual: Limits) {
  const others = (["wallMillis", "memoryMebibytes"] as const).filter(
    (limit) => wanted[limit] !== undefined && wanted[limit] !== actual[limit]
  )
  if (others.length === 0) return
  const values = others.map((limit) => `${limit} ${actual[limit]}`).join(", ")
  const message = `a session keeps the limits that it was opened with (${values}): leave out --timeout and --memory`
  return yield* new UsageError({ reason: "LimitsAreFixed", message })
})
