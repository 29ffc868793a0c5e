/** What can be said to an agent: in a form that it reads, and within the bounds of that. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AgentError, Unsayable } from "./AgentError.ts"

/** Gives what is said in its form, and fails with what an agent would not read, or would take for something else. */
export const sayable = <A>(form: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownEffect(form)
  return (said: A): Effect.Effect<A, AgentError> =>
    Effect.mapError(decode(said), ({ message }) => new AgentError({ reason: new Unsayable({ detail: message }) }))
}
