import type * as Fiber from "effect/Fiber"
import { type ExitCode, exitCodes } from "./ExitCode.ts"

/** How long an interrupted command may take to let go of what it holds. */
const graceMillis = 10_000

const codes = { SIGINT: exitCodes.interrupted.code, SIGTERM: exitCodes.terminated.code }

/**
 * Interrupts a fiber on the first Ctrl-C or SIGTERM, and ends the process on the second, or when it takes too long.
 *
 * Gives how to ask which exit code a signal demands, if one came.
 */
export const interrupting = (fiber: Fiber.Fiber<unknown, unknown>): (() => ExitCode | undefined) => {
  let code: ExitCode | undefined
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (code !== undefined) process.exit(code)
      code = codes[signal]
      setTimeout(() => process.exit(code), graceMillis).unref()
      fiber.interruptUnsafe()
    })
  }
  return () => code
}
