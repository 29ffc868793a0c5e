import * as Held from "../approval/Approvals.ts"
import type { Decided } from "../session/Decision.ts"
import type { Lease, SignalOptions } from "./Lease.ts"

/** The inbox over all sessions of a home, whoever holds them. */
export interface Approvals {
  /** What waits for a decision. A page may be empty and still have a cursor to go on with. */
  readonly list: (options?: Held.ListOptions & SignalOptions) => Promise<Held.Page>
  readonly show: (session: string, call: string, options?: SignalOptions) => Promise<Held.Details>
  /** Records an approval, which whoever holds the session carries out. Gives the decision that counts: the first one. */
  readonly approve: (session: string, call: string, approving: Approving) => Promise<Decided>
  /** Records a refusal. Gives the decision that counts: the first one. */
  readonly deny: (session: string, call: string, denying: Held.Denying & SignalOptions) => Promise<Decided>
}

export type Approving = Omit<Held.Approving, "toolkit"> & SignalOptions
export type { ApprovalRequest } from "../approval/ApprovalRequest.ts"
export type { Denying, Details, Page } from "../approval/Approvals.ts"
export type { Decided } from "../session/Decision.ts"

export const make = (lease: Lease): Approvals => ({
  list: (options) =>
    lease.run(
      Held.Approvals.use(({ list }) => list(options)),
      options
    ),
  show: (session, call, options) =>
    lease.run(
      Held.Approvals.use(({ show }) => show(session, call)),
      options
    ),
  approve: (session, call, approving) =>
    lease.run(
      Held.Approvals.use(({ approve }) => approve(session, call, approving)),
      approving
    ),
  deny: (session, call, denying) =>
    lease.run(
      Held.Approvals.use(({ deny }) => deny(session, call, denying)),
      denying
    )
})
