/** Tests of a policy, in its file. */
import { decide, type Policy } from "./Policy.ts"
import type { Decision, Position } from "./Rule.ts"
import type { Context, Subject } from "./Subject.ts"
import type { Verdict } from "./Verdict.ts"

export interface Case {
  readonly name: string
  readonly subject: Subject
  readonly context: Context
  readonly expect: Decision
  /** The rule that must decide, if that matters. */
  readonly rule?: string
  readonly position: Position
}

/** What came of a case. */
export interface Tried {
  readonly case: Case
  readonly verdict: Verdict
  readonly passed: boolean
}

/** Decides on every case of a policy. */
export const tryAll = (policy: Policy): ReadonlyArray<Tried> =>
  policy.cases.map((tried) => {
    const verdict = decide(policy, tried.subject, tried.context)
    const isRule = tried.rule === undefined || tried.rule === verdict.rule
    return { case: tried, verdict, passed: verdict.effect === tried.expect && isRule }
  })
