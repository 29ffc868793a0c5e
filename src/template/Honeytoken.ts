/** Values that nobody has a reason to use, and the files of a guest in which they are planted. */
import * as Schema from "effect/Schema"
import { areApart, GuestPath } from "./GuestPath.ts"

/** Shorter texts would be met by chance; beyond ASCII, encodings are ambiguous. */
export const HoneytokenValue = Schema.String.check(
  Schema.isMinLength(12),
  Schema.isMaxLength(256),
  Schema.isPattern(/^[\x21-\x7e]+$/, { message: "expected printable characters of ASCII without a space" })
)

export const PlantedHoneytoken = Schema.Struct({
  /** Of the file in a guest. Directories above it are made. */
  path: GuestPath,
  value: HoneytokenValue,
  /** What else is in the file, with the value in it. Default the value in a line of its own. */
  text: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(65_536)))
}).check(
  Schema.makeFilter(
    ({ text, value }) => text === undefined || text.includes(value) || "expected a text with the value in it"
  )
)
export type PlantedHoneytoken = typeof PlantedHoneytoken.Type

/** Those of a template. */
export const PlantedHoneytokens = Schema.Array(PlantedHoneytoken).check(Schema.isMaxLength(16), areApart)
