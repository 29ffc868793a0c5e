/** What a policy would have made of calls that were decided before. */
import { decide, type Policy } from "./Policy.ts"
import { type Decision, decisions } from "./Rule.ts"
import type { Context } from "./Subject.ts"
import type { Verdict } from "./Verdict.ts"

/** A call as it was decided on. */
export interface RecordedCall {
  readonly method: string
  readonly input: unknown
  /** What became of it, by all that had a say. */
  readonly effect: Decision
  /** Whose word that was: a policy's, or that of capabilities, a token or a detector. Who allows a call does so with all others. */
  readonly by: "policy" | "others"
  readonly rule?: string | undefined
  readonly atMillis: number
  readonly context: Context
}

/** A call that would end otherwise under the policy. */
export interface Change<Call extends RecordedCall = RecordedCall> {
  readonly call: Call
  readonly verdict: Verdict
}

export interface Comparison<Call extends RecordedCall = RecordedCall> {
  readonly calls: number
  /** How many of them others than a policy denied: no policy changes that. */
  readonly deniedByOthers: number
  /** In the order of the calls; the first 1 000. */
  readonly changes: ReadonlyArray<Change<Call>>
  /** How many calls go from one decision to another, such as `allow to deny`. Those that stay are not in it. */
  readonly counts: Readonly<Record<string, number>>
}

const changesMax = 1_000

/** What others left to a policy: a call that they asked about is asked about, or denied. */
const together = ({ by, effect }: RecordedCall, said: Decision): Decision =>
  by === "others" && decisions.indexOf(effect) < decisions.indexOf(said) ? effect : said

/** Decides on recorded calls again. Pure; the calls are taken one at a time. */
export const replay = <Call extends RecordedCall>(policy: Policy, calls: Iterable<Call>): Comparison<Call> => {
  const changes: Array<Change<Call>> = []
  const counts: Record<string, number> = {}
  let count = 0
  let deniedByOthers = 0
  for (const call of calls) {
    count++
    if (call.by === "others" && call.effect === "deny") {
      deniedByOthers++
      continue
    }
    const verdict = decide(policy, { _tag: "Tool", method: call.method, input: call.input }, call.context)
    if (together(call, verdict.effect) === call.effect) continue
    const way = `${call.effect} to ${verdict.effect}`
    counts[way] = (counts[way] ?? 0) + 1
    if (changes.length < changesMax) changes.push({ call, verdict })
  }
  return { calls: count, deniedByOthers, changes, counts }
}
