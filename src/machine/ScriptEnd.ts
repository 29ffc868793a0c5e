import * as Result from "effect/Result"
import type { GuestError } from "../tool/GuestError.ts"
import * as Value from "../tool/Value.ts"
import type { Answer } from "./Turn.ts"

/** How a scripted guest, or a wait within one, came to its end. */
export type End =
  | { readonly _tag: "Returned"; readonly value: unknown }
  | { readonly _tag: "Threw"; readonly error: unknown }

/** A rejected call, as the script sees it thrown. */
class Rejection extends Error {
  readonly error: GuestError
  constructor(error: GuestError) {
    super(error.message)
    this.name = error.name
    this.error = error
  }
}

export const returned = (value: unknown): End => ({ _tag: "Returned", value })

/** Throws a `ValueError` for what has no text. */
export const textOf = (value: unknown): string => Result.getOrThrow(Value.encode(value))
export const valueOf = (text: string): unknown => Result.getOrThrow(Value.decode(text))

/** What was thrown, as plain data. */
export const guestError = (thrown: unknown): GuestError => {
  if (thrown instanceof Rejection) return thrown.error
  if (thrown instanceof Error) return { name: thrown.name, message: thrown.message }
  return { name: "Error", message: String(thrown) }
}

/** How an answer ends the wait for it. */
export const fromAnswer = (answer: Answer): End => {
  if (answer.outcome === undefined) return returned(undefined)
  if (answer.outcome._tag === "Rejected") return { _tag: "Threw", error: new Rejection(answer.outcome.error) }
  return returned(valueOf(answer.outcome.value))
}

/** How the end of its main guest ends a run. */
export const toOutcome = (end: End) => {
  const text = end._tag === "Threw" ? Result.fail(end.error) : Value.encode(end.value)
  return Result.isSuccess(text)
    ? { _tag: "Completed" as const, value: text.success }
    : { _tag: "Failed" as const, error: guestError(text.failure), fatal: false }
}
