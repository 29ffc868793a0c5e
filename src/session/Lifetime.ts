/**
 * How long a session may be used: until it is closed, or as old as its tier lets sessions become. One clock for all that it does.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Ledger } from "./Ledger.ts"
import type { Runner } from "./Runner.ts"
import { SessionClosed, SessionError, SessionExpired } from "./SessionError.ts"

interface Options {
  readonly ledger: Ledger
  readonly runner: Pick<Runner, "exclusively" | "expire">
  readonly clock: Clock.Clock
  /** Without it, for ever. */
  readonly totalMillis: number | undefined
}

/** Gives what fails once the session may not be used any more. What is under way then ends, and so does its machine. */
export const make = Effect.fnUntraced(function* ({ clock, ledger, runner, totalMillis }: Options) {
  const session = ledger.claim.session
  const closed = Effect.suspend(() =>
    ledger.state().closed ? Effect.fail(new SessionError({ reason: new SessionClosed({ session }) })) : Effect.void
  )
  if (totalMillis === undefined) return closed
  const leftMillis = () => Math.max(0, ledger.state().openedMillis + totalMillis - clock.currentTimeMillisUnsafe())
  const expired = new SessionExpired({ session, totalMillis })
  const expire = runner.exclusively(
    Effect.suspend(() => (ledger.state().closed ? Effect.void : runner.expire(expired.message)))
  )
  yield* Effect.forkScoped(Effect.delay(Effect.ignore(expire), leftMillis()))
  const inTime = Effect.suspend(() =>
    leftMillis() > 0 ? Effect.void : Effect.fail(new SessionError({ reason: expired }))
  )
  return Effect.andThen(closed, inTime)
})
