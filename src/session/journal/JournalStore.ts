/**
 * What a journal needs of a database, and the journal over it. Who may claim, what follows on what and what can be read is
 * decided here, once for all databases; a store compares, writes and reads texts and numbers.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { Decided, GivenDecision, RecordedDecision } from "../Decision.ts"
import { contentsOf } from "../FileRecord.ts"
import { SessionClosed } from "../SessionError.ts"
import type { Entry, SnapshotId } from "../SessionEvent.ts"
import { spanned } from "../Spanned.ts"
import {
  type Batch,
  type Claim,
  Fenced,
  type Journal,
  JournalError,
  type ListOptions,
  type NewSession,
  type Owner,
  SequenceGap,
  SessionBusy,
  SessionExists,
  SessionNotFound,
  type SnapshotBytes,
  type Status,
  StorageFailed,
  type Summary
} from "./Journal.ts"
import {
  type DecisionRow,
  type EntryRow,
  fromDecision,
  fromEntry,
  missing,
  type SessionRow,
  toDecision,
  toEntry,
  toSummary
} from "./JournalRow.ts"

/** An owner, and until when all that it holds is leased to it. */
export interface Holder {
  readonly name: string
  readonly leaseUntilMillis: number
}

/** What one write adds to a session. */
export interface Addition {
  readonly rows: ReadonlyArray<EntryRow>
  readonly snapshots: ReadonlyArray<SnapshotBytes>
  /** Snapshots that the session refers to from now on, kept before or with this write. */
  readonly references: ReadonlyArray<SnapshotId>
  readonly status: Status
  readonly dueMillis: number | null
  readonly nowMillis: number
}

/** `ListOptions` with whole numbers. */
export interface Listing extends ListOptions {
  readonly offset: number
}

/** The part of a journal behind a point. */
export interface Tail {
  /** The last entry ever written. */
  readonly last: number
  readonly compacted: boolean
  readonly rows: ReadonlyArray<EntryRow>
}

/**
 * Each operation happens whole or not at all, and is durable when it ends. A claim is valid while its epoch is the session's
 * and nobody gave it back; operations that name a claim which is not give `false` and change nothing.
 */
export interface JournalStore<E> {
  /** Gives `false` if the session exists. */
  readonly insert: (
    session: { readonly session: string; readonly template: string; readonly metadata: string },
    addition: Addition,
    holder: Holder
  ) => Effect.Effect<boolean, E>
  readonly find: (session: string) => Effect.Effect<SessionRow | undefined, E>
  /** Hands the session over under the next epoch, if epoch, owner and lease are still as they were seen. */
  readonly take: (seen: SessionRow, holder: Holder) => Effect.Effect<boolean, E>
  /** A lease is never shortened. */
  readonly extend: (holder: Holder) => Effect.Effect<void, E>
  readonly release: (claim: Claim) => Effect.Effect<void, E>
  /** Gives `false` also if `after` is not the last sequence number. */
  readonly append: (claim: Claim, after: number, addition: Addition) => Effect.Effect<boolean, E>
  readonly read: (session: string, after: number) => Effect.Effect<Tail | undefined, E>
  readonly snapshot: (id: SnapshotId) => Effect.Effect<Uint8Array | undefined, E>
  /** In the reverse order of their creation. */
  readonly list: (options: Listing) => Effect.Effect<ReadonlyArray<SessionRow>, E>
  /** Gives the row that counts, this one or an earlier one; nothing if there is no such session, or it is closed. */
  readonly decide: (
    session: string,
    row: DecisionRow
  ) => Effect.Effect<{ readonly row: DecisionRow; readonly isFirst: boolean } | undefined, E>
  /** By time, call and digest; nothing if there is no such session. */
  readonly decisions: (
    session: string,
    calls: ReadonlyArray<string> | undefined
  ) => Effect.Effect<ReadonlyArray<DecisionRow> | undefined, E>
  readonly prune: (claim: Claim, keep: ReadonlySet<SnapshotId>) => Effect.Effect<boolean, E>
  /** Compacts at most `sessionsMax` sessions closed before a time, and gives how many it did. */
  readonly compact: (closedBeforeMillis: number, sessionsMax: number) => Effect.Effect<number, E>
  /** Forgets owners that hold nothing and whose lease ended before a time. */
  readonly forgetOwners: (leaseBeforeMillis: number) => Effect.Effect<void, E>
}

type Service = Journal["Service"]

/** Others may take and give back the session between looking and taking. */
const claimAttemptsMax = 8
/** Sessions compacted in one transaction. */
const compactedAtOnce = 16

const failed = (operation: string) => (cause: unknown) =>
  new JournalError({ reason: new StorageFailed({ operation, cause }) })

const notFound = (session: string) => new JournalError({ reason: new SessionNotFound({ session }) })

const gap = (session: string, expected: number, found: number) =>
  new JournalError({ reason: new SequenceGap({ session, expected, found }) })

const contentsNamedBy = ({ event }: Entry): ReadonlyArray<SnapshotId> => [
  ...("contents" in event && event.contents !== undefined ? event.contents : []),
  ...(event._tag === "FilesChanged" ? contentsOf(event.operation) : [])
]

/** The contents of files are named again and again: a session refers to them since the batch that brought them. */
const referencesOf = (batch: Batch, first: number): ReadonlyArray<SnapshotId> => {
  const references = new Set(batch.snapshots.map(({ id }) => id))
  for (const { event } of batch.entries) {
    if ("snapshot" in event && event.snapshot !== undefined) references.add(event.snapshot)
  }
  const inherited = first === 1 ? batch.entries.flatMap(contentsNamedBy) : []
  return [...new Set([...references, ...inherited])]
}

const additionOf = (
  session: string,
  batch: Batch,
  first: number,
  nowMillis: number
): Result.Result<Addition, JournalError> => {
  const rows: Array<EntryRow> = []
  for (const [index, entry] of batch.entries.entries()) {
    if (entry.seq !== first + index) return Result.fail(gap(session, first + index, entry.seq))
    rows.push(fromEntry(entry))
  }
  const { snapshots, status, dueMillis } = batch
  return Result.succeed({ rows, snapshots, references: referencesOf(batch, first), status, dueMillis, nowMillis })
}

const find = <E>(store: JournalStore<E>, session: string) =>
  store.find(session).pipe(
    Effect.mapError(failed(`look up session ${session}`)),
    Effect.flatMap((row) => (row === undefined ? Effect.fail(notFound(session)) : Effect.succeed(row)))
  )

/** Succeeds with the session only if the claim is valid. */
const held = <E>(store: JournalStore<E>, claim: Claim) =>
  Effect.flatMap(find(store, claim.session), (row) =>
    row.epoch === claim.epoch && row.owner !== null
      ? Effect.succeed(row)
      : Effect.fail(new JournalError({ reason: new Fenced(claim) }))
  )

const create = <E>(store: JournalStore<E>): Service["create"] =>
  Effect.fnUntraced(function* (created: NewSession, owner: Owner, leaseMillis: number) {
    const { session, template } = created
    const nowMillis = yield* Clock.currentTimeMillis
    const addition = yield* Effect.fromResult(additionOf(session, created, 1, nowMillis))
    const metadata = JSON.stringify(created.metadata)
    const holder = { name: owner.name, leaseUntilMillis: nowMillis + leaseMillis }
    const isNew = yield* store
      .insert({ session, template, metadata }, addition, holder)
      .pipe(Effect.mapError(failed(`create session ${session}`)))
    if (!isNew) return yield* new JournalError({ reason: new SessionExists({ session }) })
    return { session, epoch: 1 }
  }, spanned("Journal.create"))

const claim = <E>(store: JournalStore<E>): Service["claim"] =>
  Effect.fnUntraced(function* (session: string, owner: Owner, leaseMillis: number) {
    const nowMillis = yield* Clock.currentTimeMillis
    const holder = { name: owner.name, leaseUntilMillis: nowMillis + leaseMillis }
    let seen = yield* find(store, session)
    for (let attempt = 1; attempt <= claimAttemptsMax; attempt++) {
      const isLeased = seen.leaseUntilMillis !== null && seen.leaseUntilMillis > nowMillis
      if (seen.owner !== null && isLeased && !owner.isDead(seen.owner)) break
      const isTaken = yield* store.take(seen, holder).pipe(Effect.mapError(failed(`claim session ${session}`)))
      if (isTaken) return { session, epoch: seen.epoch + 1 }
      seen = yield* find(store, session)
    }
    return yield* new JournalError({
      reason: new SessionBusy({
        session,
        owner: seen.owner ?? "several others in turn",
        leaseUntilMillis: seen.leaseUntilMillis ?? nowMillis
      })
    })
  }, spanned("Journal.claim"))

const append = <E>(store: JournalStore<E>): Service["append"] =>
  Effect.fnUntraced(function* (claim: Claim, batch: Batch) {
    const first = batch.entries[0]?.seq
    if (first === undefined) return yield* Effect.asVoid(held(store, claim))
    const nowMillis = yield* Clock.currentTimeMillis
    const addition = yield* Effect.fromResult(additionOf(claim.session, batch, first, nowMillis))
    const isWritten = yield* store
      .append(claim, first - 1, addition)
      .pipe(Effect.mapError(failed(`append to session ${claim.session}`)))
    if (isWritten) return
    const { seq } = yield* held(store, claim)
    return yield* gap(claim.session, seq + 1, first)
  })

const read = <E>(store: JournalStore<E>): Service["read"] =>
  Effect.fnUntraced(function* (session: string, after: number) {
    const before = Math.max(0, Math.floor(after))
    const tail = yield* store.read(session, before).pipe(Effect.mapError(failed(`read session ${session}`)))
    if (tail === undefined) return yield* notFound(session)
    const entries: Array<Entry> = []
    for (const row of tail.rows) {
      entries.push(yield* Effect.fromResult(toEntry(session, before + entries.length + 1, row)))
    }
    const reached = before + entries.length
    if (reached < tail.last && !tail.compacted) return yield* missing(session, reached + 1)
    return entries
  }, spanned("Journal.read"))

const summary =
  <E>(store: JournalStore<E>): Service["summary"] =>
  (session: string) =>
    Effect.flatMap(find(store, session), (row) => Effect.fromResult(toSummary(row)))

const list = <E>(store: JournalStore<E>): Service["list"] =>
  Effect.fnUntraced(function* (options: ListOptions) {
    const atLeastZero = (value: number) => Math.max(0, Math.floor(value))
    const rows = yield* store
      .list({ ...options, limit: atLeastZero(options.limit), offset: atLeastZero(options.offset ?? 0) })
      .pipe(Effect.mapError(failed("list sessions")))
    const summaries: Array<Summary> = []
    for (const row of rows) summaries.push(yield* Effect.fromResult(toSummary(row)))
    return summaries
  }, spanned("Journal.list"))

const decide = <E>(store: JournalStore<E>): Service["decide"] =>
  Effect.fnUntraced(function* (session: string, given: GivenDecision) {
    const atMillis = yield* Clock.currentTimeMillis
    const decided = yield* store
      .decide(session, fromDecision({ ...given, atMillis }))
      .pipe(Effect.mapError(failed(`record a decision in session ${session}`)))
    if (decided === undefined) {
      yield* find(store, session)
      return yield* new JournalError({ reason: new SessionClosed({ session }) })
    }
    const decision = yield* Effect.fromResult(toDecision(session, decided.row))
    return { decision, isFirst: decided.isFirst } satisfies Decided
  }, spanned("Journal.decide"))

const decisions = <E>(store: JournalStore<E>): Service["decisions"] =>
  Effect.fnUntraced(function* (session: string, calls?: ReadonlyArray<string>) {
    const rows = yield* store
      .decisions(session, calls)
      .pipe(Effect.mapError(failed(`read the decisions in session ${session}`)))
    if (rows === undefined) return yield* notFound(session)
    const found: Array<RecordedDecision> = []
    for (const row of rows) found.push(yield* Effect.fromResult(toDecision(session, row)))
    return found
  }, spanned("Journal.decisions"))

const prune = <E>(store: JournalStore<E>): Service["prune"] =>
  Effect.fnUntraced(function* (claim: Claim, keep: ReadonlyArray<SnapshotId>) {
    const isPruned = yield* store
      .prune(claim, new Set(keep))
      .pipe(Effect.mapError(failed(`prune session ${claim.session}`)))
    if (!isPruned) yield* held(store, claim)
  }, spanned("Journal.prune"))

const compact = <E>(store: JournalStore<E>): Service["compact"] =>
  Effect.fnUntraced(function* (closedBeforeMillis: number) {
    let compacted = 0
    for (let added = compactedAtOnce; added === compactedAtOnce; compacted += added) {
      added = yield* store
        .compact(closedBeforeMillis, compactedAtOnce)
        .pipe(Effect.mapError(failed("compact closed sessions")))
      yield* Effect.yieldNow
    }
    yield* store.forgetOwners(yield* Clock.currentTimeMillis).pipe(Effect.mapError(failed("forget owners")))
    return compacted
  }, spanned("Journal.compact"))

/** The journal over a store. */
export const journal = <E>(store: JournalStore<E>): Service => ({
  create: create(store),
  claim: claim(store),
  renew: (owner, leaseMillis) =>
    Effect.flatMap(Clock.currentTimeMillis, (nowMillis) =>
      store
        .extend({ name: owner.name, leaseUntilMillis: nowMillis + leaseMillis })
        .pipe(Effect.mapError(failed("renew leases")))
    ),
  release: (claim) => store.release(claim).pipe(Effect.mapError(failed(`release session ${claim.session}`))),
  append: append(store),
  read: read(store),
  snapshot: (id) =>
    store.snapshot(id).pipe(Effect.mapError(failed(`read snapshot ${id}`)), Effect.map(Option.fromNullishOr)),
  summary: summary(store),
  list: list(store),
  decide: decide(store),
  decisions: decisions(store),
  prune: prune(store),
  compact: compact(store)
})
