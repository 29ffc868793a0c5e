/** Policies for tests. */
import { assert } from "@effect/vitest"
import { Result } from "effect"
import { parse } from "../../src/policy/document/ReadPolicy.ts"
import type { Policy } from "../../src/policy/Policy.ts"
import type { PolicyError } from "../../src/policy/PolicyError.ts"

/** Reads a policy that must be right. Its version and name are added. */
export const policyOf = (text: string): Policy => {
  const parsed = parse("policy.yaml", `version: 1\nname: test\n${text}`)
  if (Result.isFailure(parsed)) throw parsed.failure
  return parsed.success
}

/** What is wrong with a policy file. */
export const errorOf = (text: string): PolicyError => {
  const parsed = parse("policy.yaml", text)
  assert.isTrue(Result.isFailure(parsed), "the policy is right")
  if (Result.isSuccess(parsed)) throw new TypeError("no error")
  return parsed.failure
}

/** The places and details of what is wrong: `3:5 unknown key "efect"`. */
export const issuesOf = (text: string): ReadonlyArray<string> =>
  errorOf(text).issues.map(({ column, detail, line }) => `${line}:${column} ${detail}`)
