/** What a policy would have said about calls that were decided before. */
import { decide, type Policy } from "./Policy.ts"
import type { Decision } from "./Rule.ts"
import type { Context } from "./Subject.ts"
import type { Verdict } from "./Verdict.ts"

/** A call as it was decided on. */
export interface RecordedCall {
  readonly method: string
  readonly input: unknown
  readonly effect: Decision
  readonly rule?: string | undefined
  readonly atMillis: number
  readonly context: Context
}

/** A call of which the policy thinks otherwise. */
export interface Change<Call extends RecordedCall = RecordedCall> {
  readonly call: Call
  readonly verdict: Verdict
}

export interface Comparison<Call extends RecordedCall = RecordedCall> {
  readonly calls: number
  /** In the order of the calls; the first 1 000. */
  readonly changes: ReadonlyArray<Change<Call>>
  /** How many calls go from one decision to another, such as `allow to deny`. Those that stay are not in it. */
  readonly counts: Readonly<Record<string, number>>
}

const changesMax = 1_000

/** Decides on recorded calls again. Pure; the calls are taken one at a time. */
export const replay = <Call extends RecordedCall>(policy: Policy, calls: Iterable<Call>): Comparison<Call> => {
  const changes: Array<Change<Call>> = []
  const counts: Record<string, number> = {}
  let count = 0
  for (const call of calls) {
    count++
    const verdict = decide(policy, { _tag: "Tool", method: call.method, input: call.input }, call.context)
    if (verdict.effect === call.effect) continue
    const way = `${call.effect} to ${verdict.effect}`
    counts[way] = (counts[way] ?? 0) + 1
    if (changes.length < changesMax) changes.push({ call, verdict })
  }
  return { calls: count, changes, counts }
}
