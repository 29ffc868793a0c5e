import type { Decision } from "./Rule.ts"

/** What a policy says about one subject: plain data. */
export interface Verdict {
  readonly effect: Decision
  /** The id of the rule that decided: of several with this effect, the first in the order of the alphabet. Undefined for a default. */
  readonly rule: string | undefined
  /** Why, for people. It never has the value of an argument. */
  readonly reason: string
  /** The ids of the `detect` rules that are about the subject, in the order of the alphabet. */
  readonly detections: ReadonlyArray<string>
}
