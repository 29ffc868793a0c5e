import * as Schema from "effect/Schema"
import { GuestError } from "./GuestError.ts"

/** A guest's request for one tool, as it left the machine: nothing in it has been checked yet. */
export const ToolCall = Schema.Struct({
  /** `<run ordinal>.<counter>`: the same whenever the same code runs from the same state. */
  id: Schema.String,
  /** The path the guest wrote, such as `stripe.charges.create`. */
  path: Schema.String,
  /** The array of arguments as a `Value` text. */
  arguments: Schema.String
})
export type ToolCall = typeof ToolCall.Type

/** What a call came to, as the guest will see it: a `Value` text or an error to throw. */
export const Outcome = Schema.Union([
  Schema.TaggedStruct("Succeeded", { value: Schema.String }),
  Schema.TaggedStruct("Rejected", { error: GuestError })
])
export type Outcome = typeof Outcome.Type
