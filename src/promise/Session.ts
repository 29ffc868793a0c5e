import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Journal } from "../session/journal/Journal.ts"
import type { Session as Held } from "../session/Session.ts"
import type { Entry, Stance } from "../session/SessionEvent.ts"
import type { ForkOptions } from "../session/SessionOptions.ts"
import { Sessions } from "../session/Sessions.ts"
import { type Reconciliation, toReconciliation } from "./Answer.ts"
import type { Lease, SignalOptions } from "./Lease.ts"
import { fromSession, type RunResult } from "./RunResult.ts"
import * as Sandbox from "./Sandbox.ts"

/**
 * A durable session, held by this process until it is released. Another process can then resume it, also after this one has
 * ended at any instruction.
 */
export interface Session extends Sandbox.Sandbox {
  readonly id: string
  /** Whether no machine of it is alive: whatever needs one next brings it back from the journal. */
  readonly isHibernated: () => boolean
  /** Says what became of a call whose outcome is unknown, and goes on. */
  readonly reconcile: (
    call: string,
    reconciliation: Reconciliation,
    options?: Sandbox.WaitOptions
  ) => Promise<RunResult>
  /** Goes on with the run in progress; of an idle session, gives the last result again. Undefined if nothing was ever run. */
  readonly resume: (options?: Sandbox.WaitOptions) => Promise<RunResult | undefined>
  /** Makes a new session with the same past, up to a recorded point, and gives its id. */
  readonly fork: (options?: ForkOptions & SignalOptions) => Promise<string>
  /** Takes the session back to a recorded point. Budgets stay spent, effects on the outside stay. */
  readonly rewind: (seq: number, options?: SignalOptions) => Promise<void>
  /** Says how far the session is trusted from now on, or takes back what a detector made of it. */
  readonly guard: (
    stance: Stance,
    said: { readonly reason: string; readonly by?: string | undefined } & SignalOptions
  ) => Promise<void>
  /** Ends the session for good, and releases it. Its journal stays. */
  readonly close: (options?: SignalOptions) => Promise<void>
  /** Every entry of the journal, from the first (or the one after `after`) on, and then each new one once it is durable. */
  readonly events: (options?: SignalOptions & { readonly after?: number | undefined }) => AsyncIterable<Entry>
}

/** A session, and the journal that it is in. */
export interface Made {
  readonly held: Held
  readonly journal: Journal["Service"]
}

/** Entries from a point on. What became durable before the release is given after it, so that no end is missing. */
const follow = (lease: Lease, held: Held, journal: Journal["Service"], after: number, options: SignalOptions) => {
  let position = after
  const note = (entry: Entry): Entry => {
    position = entry.seq
    return entry
  }
  const rest = Stream.suspend(() => Stream.fromIterableEffect(journal.read(held.id, position)))
  return lease.iterate(held.events({ after }), options, (live) =>
    Stream.concat(
      Stream.map(live, note),
      Stream.catch(rest, () => Stream.empty)
    )
  )
}

export const make = (lease: Lease, { held, journal }: Made): Session => ({
  ...Sandbox.make(lease, held),
  id: held.id,
  isHibernated: held.isHibernated,
  reconcile: (call, reconciliation, options) =>
    Sandbox.resultOf(
      lease,
      Effect.flatMap(toReconciliation(reconciliation), (said) => held.reconcile(call, said, options)),
      options
    ),
  resume: (options) =>
    lease.run(
      Effect.map(held.resume(options), (last) => Option.getOrUndefined(Option.map(last, fromSession))),
      options
    ),
  fork: (options) =>
    lease.run(
      Sessions.use((sessions) => sessions.fork(held.id, options)),
      options
    ),
  rewind: (seq, options) => lease.run(held.rewind(seq), options),
  guard: (stance, said) => lease.run(held.guard(stance, said), said),
  close: async (options) => {
    await lease.run(held.close, options)
    await lease.release()
  },
  events: (options = {}) => follow(lease, held, journal, options.after ?? 0, options)
})
