import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Session from "../session/Answer.ts"
import { InvalidOptions, SessionError } from "../session/SessionError.ts"

/** Who says so, for the journal. */
const signed = { by: Schema.optional(Schema.String) }

const AnswerSchema = Schema.Union([
  Schema.Struct({ approve: Schema.Literal(true), input: Schema.optional(Schema.Unknown), ...signed }),
  Schema.Struct({ deny: Schema.String, ...signed }),
  Schema.Struct({ result: Schema.Unknown, ...signed }),
  Schema.Struct({ error: Schema.String, ...signed })
])

const ReconciliationSchema = Schema.Union([
  Schema.Struct({ committed: Schema.Unknown, ...signed }),
  Schema.Struct({ notCommitted: Schema.Literal(true), ...signed })
])

/**
 * What a person or the host says to a call that waits for a decision: let it go ahead (with another input, if one is given: it is
 * checked and decided on again), refuse it with a reason that the guest can catch, give its result without running its handler, or make it fail with a message.
 */
export type Answer = typeof AnswerSchema.Type

/** What became certain of a call whose outcome was unknown: its result, or that it had no effect and is to be started again. */
export type Reconciliation = typeof ReconciliationSchema.Type

const exactly =
  <A>(option: string, schema: Schema.Codec<A>, detail: string) =>
  (said: unknown): Effect.Effect<A, SessionError> =>
    Schema.decodeUnknownEffect(schema, { onExcessProperty: "error" })(said).pipe(
      Effect.mapError(() => new SessionError({ reason: new InvalidOptions({ option, detail }) }))
    )

const checkAnswer = exactly(
  "answer",
  AnswerSchema,
  "give one of { approve: true }, { deny: text }, { result: value }, { error: text }, and by: text if you like"
)

const checkReconciliation = exactly(
  "reconciliation",
  ReconciliationSchema,
  "give one of { committed: value }, { notCommitted: true }, and by: text if you like"
)

export const toAnswer = (said: Answer): Effect.Effect<Session.Answer, SessionError> =>
  Effect.map(checkAnswer(said), (answer) => {
    const by = answer.by === undefined ? {} : { by: answer.by }
    if ("approve" in answer) {
      return { _tag: "Approve", ...(answer.input === undefined ? {} : { input: answer.input }), ...by }
    }
    if ("deny" in answer) return { _tag: "Deny", reason: answer.deny, ...by }
    if ("result" in answer) return { _tag: "Return", value: answer.result, ...by }
    return { _tag: "Throw", message: answer.error, ...by }
  })

export const toReconciliation = (said: Reconciliation): Effect.Effect<Session.Reconciliation, SessionError> =>
  Effect.map(checkReconciliation(said), (reconciliation) => {
    const by = reconciliation.by === undefined ? {} : { by: reconciliation.by }
    if ("committed" in reconciliation) return { _tag: "Committed", value: reconciliation.committed, ...by }
    return { _tag: "NotCommitted", ...by }
  })
