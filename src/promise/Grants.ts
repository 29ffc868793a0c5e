import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type Capability, decodeList, type CapabilityInput as Exact } from "../capability/Capability.ts"
import type { Malformed } from "../capability/Plain.ts"
import type { Grants } from "../session/SessionOptions.ts"
import type { Tool } from "../tool/Tool.ts"
import * as Toolkit from "../tool/Toolkit.ts"
import type { ToolkitError } from "../tool/ToolkitError.ts"

/**
 * A capability as plain data.
 *
 * To the compiler `mode` may be any text, so that a literal in a variable of its own needs no `as const`; whatever is not `auto`
 * or `ask` is refused with `Malformed`.
 */
export type CapabilityInput = Omit<Exact, "mode"> & {
  readonly mode?: "auto" | "ask" | (string & Record<never, never>)
}

/** What a guest may ask of this process. */
export interface GrantOptions {
  /** Made by `tool`, or Effect tools that need no services. */
  readonly tools?: ReadonlyArray<Tool> | undefined
  /** Tried in order. With none, every call is denied. */
  readonly capabilities?: ReadonlyArray<Capability | CapabilityInput> | undefined
  /** How long a person has to decide on a call, after that it is denied: milliseconds, or a text like `2 days`. Default seven days. */
  readonly decision?: Duration.Input | undefined
  /** A token for sessions, which narrows what calls may do: see `Grants` of the Effect API. */
  readonly token?: string | undefined
}

export const toGrants = Effect.fnUntraced(function* ({
  capabilities = [],
  decision,
  token,
  tools = []
}: GrantOptions): Effect.fn.Return<Grants, ToolkitError | Malformed> {
  return {
    toolkit: yield* Toolkit.make(tools),
    capabilities: yield* Effect.fromResult(decodeList(capabilities)),
    decision,
    token
  }
})
