/**
 * A policy: rules about what sessions may do, as an operator has written them into a file.
 *
 * - `deny` goes before `ask`, and `ask` before `allow`, whatever the order in the file. `detect` only reports.
 * - What no rule is about gets the default of its kind; a default that the file does not state is `deny`. Code has none: rules
 *   about code are hints, and what none of them is about is allowed.
 * - In doubt a rule that forbids (`deny`, `ask`, `detect`) is about a subject, and one that allows is not: if a check cannot be
 *   made on an argument, a path cannot be read, or a word of a command is not known.
 * - Of a script, every command that it runs is decided on, and the strictest decision is that of the script.
 * - It is data, and deciding is a pure function of it. Without a policy, nothing changes.
 */
import type { Case } from "./Case.ts"
import { matchFound } from "./Match.ts"
import { prepare } from "./Prepared.ts"
import { type Decision, type Position, type Rule, unmet, type When } from "./Rule.ts"
import { Rulebook } from "./Rulebook.ts"
import { settle } from "./Settle.ts"
import type { Context, Kind, Subject } from "./Subject.ts"
import * as Redaction from "./secret/Redaction.ts"
import type { Verdict } from "./Verdict.ts"

/** The resources that a policy can put a ceiling on, in the units of their names. */
export const limitNames = [
  "memoryMebibytes",
  "stackKibibytes",
  "cpuSliceMillis",
  "cpuRunMillis",
  "wallMillis",
  "sourceBytes",
  "outputBytes",
  "outstandingCalls",
  "callsPerRun",
  "argumentBytes",
  "resultBytes",
  "fileBytes",
  "fileEntries"
] as const
export type LimitName = (typeof limitNames)[number]

/** Ceilings by name. What is not named has none from the policy. */
export type Limits = Readonly<Partial<Record<LimitName, number>>>

/** Ceilings that hold under conditions. */
export interface Ceilings {
  readonly when?: When
  readonly values: Limits
  readonly position: Position
}

export interface Policy {
  /** SHA-256 of all that decides, in hexadecimal: the version of its decisions. It does not depend on the order of rules and keys. */
  readonly id: string
  readonly name: string
  /** Where it was read. */
  readonly file: string
  readonly defaults: Readonly<Record<Exclude<Kind, "code">, Decision>>
  /** What becomes of a script of which it cannot be told what it runs. See `unparsableOf`. */
  readonly unparsable?: "deny" | "ask"
  /** In the order of their ids. */
  readonly rules: ReadonlyArray<Rule>
  readonly limits: ReadonlyArray<Ceilings>
  readonly output: Redaction.Output
  readonly cases: ReadonlyArray<Case>
}

/** As much of a policy as decides on subjects. */
export type Decisive = Pick<Policy, "defaults" | "unparsable" | "rules">

/** Decides on one subject. Total, and the same for every order of the rules. */
export const decide = (policy: Decisive, subject: Subject, context: Context): Verdict => {
  const prepared = prepare(subject)
  const findings = Rulebook.of(policy)
    .rulesFor(prepared)
    .filter(({ when }) => unmet(when, context) === undefined)
    .map((rule) => ({ rule, match: matchFound(rule, prepared) }))
  return settle(policy, subject, prepared, findings)
}

/** The ceilings for who asks: of each resource the lowest whose conditions are met. */
export const limits = (policy: Policy, context: Context): Limits => {
  const lowest: Partial<Record<LimitName, number>> = {}
  for (const { values, when } of policy.limits) {
    if (unmet(when, context) !== undefined) continue
    for (const name of limitNames) {
      const value = values[name]
      if (value !== undefined) lowest[name] = Math.min(value, lowest[name] ?? Number.POSITIVE_INFINITY)
    }
  }
  return lowest
}

/** A text without the secrets that the policy names. For a stream of text, see `Redaction.push`. */
export const redact = ({ output }: Policy, text: string): string => Redaction.redact(output, text)
