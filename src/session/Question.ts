/** What a person is asked by a call that waits. */
import { sha256Of } from "./Digest.ts"
import type { OpenCall } from "./OpenCall.ts"
import type { SessionState } from "./SessionState.ts"

/**
 * What a decision is bound to, beside the call. It is another question once the session was rewound, once a decision on it was
 * refused, and with another method or input: who answered the one has not answered the other.
 */
export const digestOf = ({ branch }: SessionState, { call, refusals }: OpenCall): string =>
  sha256Of(String(branch), String(refusals), call.method, call.input)

/** Whether somebody may decide. Where nobody is named, everybody may. */
export const mayDecide = (approvers: ReadonlyArray<string> | undefined, by: string | undefined): boolean =>
  approvers === undefined || (by !== undefined && approvers.includes(by))
