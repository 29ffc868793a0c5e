import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Form, fieldNames, fields, type Terms, type TermsInput, Use } from "./Terms.ts"

const tokenId = /^tok_[0-9a-f]{24}$/
const idBytes = 12

/** A new id from random hexadecimal text. */
export const idFrom = (entropy: (bytes: number) => string): string => `tok_${entropy(idBytes)}`

const isEverAccepted = Schema.makeFilter(
  ({ expiresMillis = Infinity, notBeforeMillis = 0 }: Pick<Terms, "expiresMillis" | "notBeforeMillis">) =>
    notBeforeMillis < expiresMillis
      ? undefined
      : { path: ["notBeforeMillis"], issue: "is not before expiresMillis: the token would never be accepted" }
)

/**
 * What a token gives, as its maker states it.
 *
 * What is authority is denied unless it is stated: `capabilities`, `files`, `network`. What is a limit or a binding limits
 * nothing if it is left out. `use` is `execution` unless it is stated; a token for a session may be used for one execution too.
 */
export const Grant = Schema.Struct({
  ...fields,
  id: Schema.String.check(Schema.isPattern(tokenId, { message: "expected tok_ and 24 hexadecimal digits" })),
  use: Use.pipe(Schema.withDecodingDefault(Effect.succeed("execution" as const)))
})
  .annotate({
    message: "expected an object with the fields of a grant",
    messageUnexpectedKey: `is no field of a grant; those are ${fieldNames.join(", ")}`
  })
  .check(isEverAccepted)
/** A grant as it stands in a token. */
export type Grant = typeof Grant.Type

/** A grant as its maker states it; minting gives it an id. */
export type GrantInput = TermsInput

export const form: Form<Grant, typeof Grant.Encoded> = { where: "grant", schema: Grant }
