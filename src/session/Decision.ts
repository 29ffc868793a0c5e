/** What somebody decided on a waiting call, as the journal keeps it beside the entries until a holder of the session applies it. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Value from "../tool/Value.ts"
import type { ValueError } from "../tool/value/ValueError.ts"
import type { Answer } from "./Answer.ts"

/** An `Answer` as plain data: the values in it are `Value` texts, and who gave it is said elsewhere. */
export const Decision = Schema.Union([
  Schema.TaggedStruct("Approve", { input: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Deny", { reason: Schema.optionalKey(Schema.String) }),
  Schema.TaggedStruct("Return", { value: Schema.String }),
  Schema.TaggedStruct("Throw", { message: Schema.String })
]).pipe(Schema.toTaggedUnion("_tag"))
export type Decision = typeof Decision.Type

/** A decision and what it is bound to. It says nothing of any other question. */
export interface GivenDecision {
  readonly call: string
  /** The question that was shown: see `Question.digestOf`. */
  readonly digest: string
  readonly decision: Decision
  /** Who decided; undefined for a host that names nobody. */
  readonly by: string | undefined
}

export interface RecordedDecision extends GivenDecision {
  readonly atMillis: number
}

/** The decision on a question that counts. */
export interface Decided {
  readonly decision: RecordedDecision
  /** It is the one that was given; else another one had been recorded before. */
  readonly isFirst: boolean
}

const approval = (input: unknown): Result.Result<Decision, ValueError> =>
  input === undefined
    ? Result.succeed({ _tag: "Approve" })
    : Result.map(Value.encode(input), (text) => ({ _tag: "Approve", input: text }))

/** Fails for a value that cannot cross into a guest. */
export const fromAnswer = (answer: Answer): Result.Result<Decision, ValueError> => {
  switch (answer._tag) {
    case "Approve":
      return approval(answer.input)
    case "Deny":
      return Result.succeed({ _tag: "Deny", ...(answer.reason === undefined ? {} : { reason: answer.reason }) })
    case "Return":
      return Result.map(Value.encode(answer.value), (value) => ({ _tag: "Return", value }))
    case "Throw":
      return Result.succeed({ _tag: "Throw", message: answer.message })
  }
}
