import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Decided, GivenDecision, RecordedDecision } from "../Decision.ts"
import { SessionClosed } from "../SessionError.ts"
import type { Entry, SnapshotId } from "../SessionEvent.ts"

/** What a list of sessions shows: derived from the journal, kept beside it so that nothing has to be replayed to list. */
export const Status = Schema.Literals(["idle", "running", "paused", "closed"])
export type Status = typeof Status.Type

export const Summary = Schema.Struct({
  session: Schema.String,
  status: Status,
  template: Schema.String,
  metadata: Schema.Record(Schema.String, Schema.String),
  /** Grows by one with every claim: a holder with an older epoch can no longer write. */
  epoch: Schema.Int,
  seq: Schema.Int,
  createdMillis: Schema.Number,
  updatedMillis: Schema.Number,
  /** When the session next wants to go on by itself (a sleep or an expiry), milliseconds since the epoch. */
  dueMillis: Schema.NullOr(Schema.Number)
})
export type Summary = typeof Summary.Type

export class SessionNotFound extends Schema.TaggedError<SessionNotFound>()("SessionNotFound", {
  session: Schema.String
}) {
  override get message() {
    return `session ${this.session} does not exist`
  }
}
export class SessionExists extends Schema.TaggedError<SessionExists>()("SessionExists", { session: Schema.String }) {
  override get message() {
    return `session ${this.session} exists already`
  }
}
/** Another live holder has the session. */
export class SessionBusy extends Schema.TaggedError<SessionBusy>()("SessionBusy", {
  session: Schema.String,
  owner: Schema.String,
  leaseUntilMillis: Schema.Number
}) {
  override get message() {
    return `session ${this.session} is held by ${this.owner} until ${new Date(this.leaseUntilMillis).toISOString()} at least`
  }
}
/** The holder lost the session to another one, or had given it back; nothing was written. */
export class Fenced extends Schema.TaggedError<Fenced>()("Fenced", { session: Schema.String, epoch: Schema.Int }) {
  override get message() {
    return `session ${this.session} was taken over by another holder, or given back (this one had epoch ${this.epoch})`
  }
}
/** The batch does not follow on from what is written; nothing was written. */
export class SequenceGap extends Schema.TaggedError<SequenceGap>()("SequenceGap", {
  session: Schema.String,
  expected: Schema.Int,
  found: Schema.Int
}) {
  override get message() {
    return `session ${this.session} goes on with entry ${this.expected}, and was to be given entry ${this.found}`
  }
}
export class StorageFailed extends Schema.TaggedError<StorageFailed>()("StorageFailed", {
  operation: Schema.String,
  cause: Schema.Defect()
}) {
  override get message() {
    return `the journal's storage failed to ${this.operation}`
  }
}
/** What is stored is not what this version can read: a damaged row, or one of a newer version. */
export class JournalDamaged extends Schema.TaggedError<JournalDamaged>()("JournalDamaged", {
  session: Schema.String,
  seq: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `journal of session ${this.session} cannot be read at ${this.seq}: ${this.detail}`
  }
}
export class JournalError extends Schema.TaggedError<JournalError>()("JournalError", {
  reason: Schema.Union([
    SessionNotFound,
    SessionExists,
    SessionBusy,
    Fenced,
    SequenceGap,
    StorageFailed,
    JournalDamaged,
    SessionClosed
  ])
}) {
  override get message() {
    return this.reason.message
  }
}

/** The right to write to one session, until another holder claims it. */
export interface Claim {
  readonly session: string
  readonly epoch: number
}

/** Who holds a session. `name` is for people; `isDead` lets a claimant on the same host pass over a lease whose process has ended. */
export interface Owner {
  readonly name: string
  readonly isDead: (name: string) => boolean
}

export interface SnapshotBytes {
  readonly id: SnapshotId
  readonly bytes: Uint8Array
}

export interface Batch {
  /** Their sequence numbers follow on from the last one written. */
  readonly entries: ReadonlyArray<Entry>
  readonly snapshots: ReadonlyArray<SnapshotBytes>
  readonly status: Status
  readonly dueMillis: number | null
}

export interface NewSession extends Batch {
  readonly session: string
  readonly template: string
  readonly metadata: Readonly<Record<string, string>>
}

export interface ListOptions {
  readonly limit: number
  readonly offset?: number | undefined
  /** Only sessions in which a call waits for a person or the host. */
  readonly status?: "paused" | undefined
  /** Only sessions that were created before this one. */
  readonly before?: string | undefined
}

/**
 * The append-only record of all sessions. A session is nothing but its journal: everything else is a cache of it.
 *
 * J1. Sequence numbers have no gaps, and a batch is written whole or not at all, with its snapshots.
 * J2. A batch is durable before `append` returns.
 * J3. Every write names the epoch of its claim; a claim that is not the newest, or was given back, writes nothing and fails
 *     with `Fenced`.
 * J4. A decision is no entry and changes nothing by itself: it is durable before `decide` returns, and of all on one question
 *     the first is the only one that is kept.
 */
export class Journal extends Context.Service<
  Journal,
  {
    /** Writes a new session and claims it (epoch 1). */
    readonly create: (session: NewSession, owner: Owner, leaseMillis: number) => Effect.Effect<Claim, JournalError>
    /** Claims a session that nobody holds, whose lease has ended, or whose owner is dead. */
    readonly claim: (session: string, owner: Owner, leaseMillis: number) => Effect.Effect<Claim, JournalError>
    /** Extends the leases of every session that this owner holds; so does every claim of its. No lease is ever shortened. */
    readonly renew: (owner: Owner, leaseMillis: number) => Effect.Effect<void, JournalError>
    /** Gives a claim back. Does nothing if another holder has the session by now. */
    readonly release: (claim: Claim) => Effect.Effect<void, JournalError>
    readonly append: (claim: Claim, batch: Batch) => Effect.Effect<void, JournalError>
    /** Entries with a sequence number greater than `after`, in order. */
    readonly read: (session: string, after: number) => Effect.Effect<ReadonlyArray<Entry>, JournalError>
    /** A snapshot's bytes, if they are still kept. */
    readonly snapshot: (id: SnapshotId) => Effect.Effect<Option.Option<Uint8Array>, JournalError>
    readonly summary: (session: string) => Effect.Effect<Summary, JournalError>
    /** Latest created first. */
    readonly list: (options: ListOptions) => Effect.Effect<ReadonlyArray<Summary>, JournalError>
    /**
     * Records a decision on a call, which needs no claim: whoever holds the session applies it. The first one on a question
     * counts and is never changed. Fails with `SessionNotFound` or `SessionClosed`; whether there is such a call is not asked.
     */
    readonly decide: (session: string, given: GivenDecision) => Effect.Effect<Decided, JournalError>
    /** Decisions that were recorded, on all calls or on some, in the order of their time. None are left once compacted. */
    readonly decisions: (
      session: string,
      calls?: ReadonlyArray<string>
    ) => Effect.Effect<ReadonlyArray<RecordedDecision>, JournalError>
    /** Drops the snapshots of a session but those named, unless another session refers to them. */
    readonly prune: (claim: Claim, keep: ReadonlyArray<SnapshotId>) => Effect.Effect<void, JournalError>
    /** Drops the entries, decisions and snapshots of sessions that were closed before a time; their summaries stay. Returns how many. */
    readonly compact: (closedBeforeMillis: number) => Effect.Effect<number, JournalError>
  }
>()("caisson/session/Journal") {}
