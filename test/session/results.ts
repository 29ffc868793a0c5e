import { assert } from "@effect/vitest"
import type { RunResult } from "../../src/session/RunResult.ts"

/** The value of a run that must have completed. */
export const completed = (result: RunResult) => {
  assert.strictEqual(result._tag, "Completed", JSON.stringify(result))
  return JSON.parse((result as Extract<RunResult, { _tag: "Completed" }>).value)
}

/** The id of the one call that a run must wait for. */
export const onlyCall = (result: RunResult) => {
  assert.strictEqual(result._tag, "Paused", JSON.stringify(result))
  const { calls } = result as Extract<RunResult, { _tag: "Paused" }>
  assert.lengthOf(calls, 1)
  return calls[0]?.id ?? ""
}

export const reasonOf = (error: { readonly reason: { readonly _tag: string } }) => error.reason._tag
