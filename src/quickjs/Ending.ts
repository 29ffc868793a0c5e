/** How runs end, and why some of them end their guest. */
import type { Limits } from "../machine/Limits.ts"
import type { GuestError } from "../tool/GuestError.ts"
import { type Engine, OutOfMemory } from "./Engine.ts"
import type { Host } from "./Host.ts"
import { Broken, type Outcome } from "./Kernel.ts"

/** How a turn ends a run. After a fatal ending the guest is not used any more. */
export type Ending = Outcome | { readonly _tag: "Fatal"; readonly error: GuestError }

export const failure = (name: string, reason: string, message: string): Outcome => ({
  _tag: "Error",
  error: { name, message, reason }
})

const fatal = (reason: string, message: string): Ending => ({
  _tag: "Fatal",
  error: { name: "InternalError", message, reason }
})

export const poison = fatal("Poisoned", "an earlier turn broke the guest's engine")

/** An outcome that is not too large. */
export const measured = (outcome: Extract<Outcome, { readonly _tag: "Value" }>, { resultBytes }: Limits): Outcome => {
  const bytes = Buffer.byteLength(outcome.text)
  if (bytes <= resultBytes) return outcome
  return failure("RangeError", "TooLarge", `the result has ${bytes} bytes, ${resultBytes} are allowed`)
}

interface Scene {
  readonly host: Host
  readonly limits: Limits
  readonly engines: ReadonlyArray<Engine>
}

/** Why the guest must not be used any more after a turn, if it must not. */
export const diagnose = (thrown: unknown, { engines, host, limits }: Scene): Ending | undefined => {
  if (host.stop !== undefined) return fatal(host.stop.reason, host.stop.message)
  if (thrown instanceof OutOfMemory) return fatal("MemoryLimit", `${thrown.message} (${limits.memoryMebibytes} MiB)`)
  if (thrown instanceof Broken) return fatal(thrown.reason, thrown.message)
  if (thrown instanceof RangeError) return fatal("StackLimit", "the guest exhausted the native stack")
  if (thrown !== undefined) return fatal("Poisoned", `the guest broke its engine: ${thrown}`)
  if (engines.some(({ fault }) => fault !== undefined)) return fatal("Poisoned", "its host failed the guest")
  return engines.every(({ isAtRest }) => isAtRest)
    ? undefined
    : fatal("Poisoned", "the guest left native frames behind")
}
