import * as Schema from "effect/Schema"

/** What is wrong at one place of a policy file. Lines and columns count from 1. */
export const PolicyIssue = Schema.Struct({
  line: Schema.Int,
  column: Schema.Int,
  /** What is written there, shortened to one line. */
  text: Schema.String,
  /** What is wrong with it. */
  detail: Schema.String,
  /** What may be written there, if that can be listed. */
  allowed: Schema.optionalKey(Schema.Array(Schema.String)),
  /** What was probably meant. */
  suggestion: Schema.optionalKey(Schema.String)
})
export type PolicyIssue = typeof PolicyIssue.Type

const extrasOf = ({ allowed, suggestion }: PolicyIssue): string => {
  const meant = suggestion === undefined ? "" : `; did you mean ${JSON.stringify(suggestion)}?`
  return allowed === undefined ? meant : `${meant}${meant === "" ? ";" : ""} allowed: ${allowed.join(", ")}`
}

/** An issue on one line: `policy.yaml:3:5: unknown key "efect"; did you mean "effect"? allowed: id, effect, ...`. */
export const format = (file: string, issue: PolicyIssue): string =>
  `${file}:${issue.line}:${issue.column}: ${issue.detail}${extrasOf(issue)}`

/** A policy file that cannot be used. `Malformed`: it has up to 20 issues, in the order of the file. */
export class PolicyError extends Schema.TaggedError<PolicyError>()("PolicyError", {
  reason: Schema.Literals(["NotReadable", "Malformed"]),
  file: Schema.String,
  /** Why the file cannot be read; empty for one that was. */
  detail: Schema.String,
  issues: Schema.Array(PolicyIssue)
}) {
  override get message() {
    if (this.reason === "NotReadable") return `the policy ${this.file} cannot be read: ${this.detail}`
    return this.issues.map((issue) => format(this.file, issue)).join("\n")
  }
}
