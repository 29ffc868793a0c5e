import * as Schema from "effect/Schema"
import { type Form, fieldNames, fields, type TermsInput, Use } from "./Terms.ts"
import { TokenError, UnknownCaveat } from "./TokenError.ts"

const nonce = /^[0-9a-f]{24}$/
const nonceBytes = 12

/** A new nonce from random hexadecimal text. */
export const nonceFrom = (entropy: (bytes: number) => string): string => entropy(nonceBytes)

/**
 * What a holder takes away from a token. Every field that is stated must hold beside all that was stated before it; one that is
 * left out takes nothing away. A caveat without any makes a token that gives the same and can be revoked by itself.
 *
 * Where `files` is stated, the list in it that is left out allows nothing, as in a grant.
 */
export const Caveat = Schema.Struct({
  ...fields,
  use: Schema.optionalKey(Use),
  /** Tells apart two caveats that say the same. */
  nonce: Schema.String.check(Schema.isPattern(nonce, { message: "expected 24 hexadecimal digits" }))
}).annotate({
  message: "expected an object with the fields of a caveat",
  messageUnexpectedKey: `is no field of a caveat; those are ${fieldNames.join(", ")}`
})
/** A caveat as it stands in a token. */
export type Caveat = typeof Caveat.Type

/** A caveat as a holder states it; attenuating gives it a nonce. */
export type CaveatInput = TermsInput

const known = new Set([...fieldNames, "nonce"])
const nameShown = 64

const unknownField = (caveat: number) => (plain: unknown) => {
  const fields = typeof plain === "object" && plain !== null ? Object.keys(plain) : []
  const field = fields.find((field) => !known.has(field))
  if (field === undefined) return undefined
  return new TokenError({
    reason: new UnknownCaveat({ caveat, field: field.slice(0, nameShown).toWellFormed() })
  })
}

/** How the caveat with this number, counted from 1, is read. */
export const form = (caveat: number): Form<Caveat, typeof Caveat.Encoded> => ({
  where: `caveat ${caveat}`,
  schema: Caveat,
  inspect: unknownField(caveat)
})
