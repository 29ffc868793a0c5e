/** What becomes of calls that were let through, or that a person may let through, once a token they need has ended. Pure. */
import type { OpenCall } from "./OpenCall.ts"
import type { SessionEvent, Verdict } from "./SessionEvent.ts"

export type Denied = Extract<Verdict, { readonly _tag: "Denied" }>

type Answered = Extract<SessionEvent, { readonly _tag: "CallAnswered" }>

/** A denial as the answer of a call. Of one that may have had its effect, it stays unknown whether it had. */
export const answer = ({ call, receipt }: OpenCall, { error, ruling }: Denied): Answered => ({
  _tag: "CallAnswered",
  call: call.id,
  receipt: receipt === "prepared" ? "refused" : receipt,
  outcome: { _tag: "Rejected", error },
  ...(ruling === undefined ? {} : { ruling })
})
