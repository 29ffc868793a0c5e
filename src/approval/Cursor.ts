/** Where a page of requests ended, as a text that stays good while sessions come, are answered and go. */
import type { ApprovalRequest, Place } from "./ApprovalRequest.ts"

export interface Position {
  readonly session: string
  readonly place: Place
}

/** `<session>:<entry>.<call of it>`. */
const format = /^([A-Za-z0-9][A-Za-z0-9._-]{0,127}):(\d{1,15})\.(\d{1,15})$/

const write = ({ place, session }: Position): string => `${session}:${place.seq}.${place.index}`

export const after = ({ place, session }: ApprovalRequest): string => write({ session, place })

/** Behind everything that a session asks. */
export const behind = (session: string): string => write({ session, place: { seq: 999_999_999_999_999, index: 0 } })

export const parse = (text: string): Position | undefined => {
  const [, session, seq, index] = format.exec(text) ?? []
  return session === undefined ? undefined : { session, place: { seq: Number(seq), index: Number(index) } }
}
