/** A journal that ends with its layer: for sandboxes, tests and trials. It keeps what a database would keep. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SnapshotId } from "../SessionEvent.ts"
import { type Claim, Journal } from "./Journal.ts"
import type { DecisionRow, EntryRow, SessionRow } from "./JournalRow.ts"
import * as JournalStore from "./JournalStore.ts"

type Store = JournalStore.JournalStore<never>

interface Session {
  row: SessionRow
  entries: Array<EntryRow>
  readonly references: Set<SnapshotId>
  /** In the order in which they were recorded. */
  decisions: Array<DecisionRow>
  closedMillis: number | undefined
  compacted: boolean
}

interface Memory {
  readonly sessions: Map<string, Session>
  readonly snapshots: Map<SnapshotId, Uint8Array>
  /** The sessions that refer to a snapshot. */
  readonly users: Map<SnapshotId, Set<Session>>
  /** By owner. */
  readonly leases: Map<string, number>
}

const withLease = ({ leases }: Memory, { row }: Session): SessionRow => ({
  ...row,
  leaseUntilMillis: row.owner === null ? null : (leases.get(row.owner) ?? 0)
})

const extend = ({ leases }: Memory, { name, leaseUntilMillis }: JournalStore.Holder) =>
  leases.set(name, Math.max(leaseUntilMillis, leases.get(name) ?? 0))

const held = ({ sessions }: Memory, claim: Claim): Session | undefined => {
  const session = sessions.get(claim.session)
  return session?.row.epoch === claim.epoch && session.row.owner !== null ? session : undefined
}

// Bytes are copied on their way in and out: nobody outside can change what is kept.
const add = ({ snapshots, users }: Memory, session: Session, addition: JournalStore.Addition) => {
  const { rows, status, dueMillis, nowMillis } = addition
  for (const row of rows) session.entries.push(row)
  session.row = { ...session.row, seq: session.row.seq + rows.length, status, dueMillis, updatedMillis: nowMillis }
  session.closedMillis = status === "closed" ? nowMillis : undefined
  for (const { id, bytes } of addition.snapshots) if (!snapshots.has(id)) snapshots.set(id, bytes.slice())
  for (const id of addition.references) {
    session.references.add(id)
    users.set(id, (users.get(id) ?? new Set()).add(session))
  }
}

const drop = ({ snapshots, users }: Memory, session: Session, keep: ReadonlySet<SnapshotId>) => {
  for (const id of session.references) {
    if (keep.has(id)) continue
    session.references.delete(id)
    users.get(id)?.delete(session)
    if (users.get(id)?.size === 0) {
      users.delete(id)
      snapshots.delete(id)
    }
  }
}

const writing = (memory: Memory): Pick<Store, "insert" | "append"> => ({
  insert: ({ session, template, metadata }, addition, holder) =>
    Effect.sync(() => {
      if (memory.sessions.has(session)) return false
      extend(memory, holder)
      const { status, dueMillis, nowMillis } = addition
      const times = { createdMillis: nowMillis, updatedMillis: nowMillis, dueMillis }
      const owner = { owner: holder.name, leaseUntilMillis: null }
      const row = { session, status, template, metadata, epoch: 1, seq: 0, ...times, ...owner }
      const kept = { entries: [], references: new Set<SnapshotId>(), decisions: [] }
      const created = { row, ...kept, closedMillis: undefined, compacted: false }
      memory.sessions.set(session, created)
      add(memory, created, addition)
      return true
    }),
  append: (claim, after, addition) =>
    Effect.sync(() => {
      const session = held(memory, claim)
      if (session === undefined || session.row.seq !== after) return false
      add(memory, session, addition)
      return true
    })
})

const holding = (memory: Memory): Pick<Store, "take" | "extend" | "release" | "forgetOwners"> => ({
  take: (seen, holder) =>
    Effect.sync(() => {
      const session = memory.sessions.get(seen.session)
      if (session === undefined || session.row.epoch !== seen.epoch) return false
      const { owner, leaseUntilMillis } = withLease(memory, session)
      if (owner !== null && (owner !== seen.owner || leaseUntilMillis !== seen.leaseUntilMillis)) return false
      extend(memory, holder)
      session.row = { ...session.row, epoch: seen.epoch + 1, owner: holder.name }
      return true
    }),
  extend: (holder) =>
    Effect.sync(() => {
      if (memory.leases.has(holder.name)) extend(memory, holder)
    }),
  release: (claim) =>
    Effect.sync(() => {
      const session = held(memory, claim)
      if (session !== undefined) session.row = { ...session.row, owner: null }
    }),
  forgetOwners: (leaseBeforeMillis) =>
    Effect.sync(() => {
      const holders = new Set([...memory.sessions.values()].map(({ row }) => row.owner))
      for (const [name, until] of memory.leases) {
        if (until < leaseBeforeMillis && !holders.has(name)) memory.leases.delete(name)
      }
    })
})

const reading = (memory: Memory): Pick<Store, "find" | "read" | "snapshot" | "list"> => ({
  find: (name) =>
    Effect.sync(() => {
      const session = memory.sessions.get(name)
      return session === undefined ? undefined : withLease(memory, session)
    }),
  read: (name, after) =>
    Effect.sync(() => {
      const session = memory.sessions.get(name)
      if (session === undefined) return undefined
      return { last: session.row.seq, compacted: session.compacted, rows: session.entries.slice(after) }
    }),
  snapshot: (id) => Effect.sync(() => memory.snapshots.get(id)?.slice()),
  list: ({ before, limit, offset, status }) =>
    Effect.sync(() => {
      const all = [...memory.sessions.values()]
      const end = before === undefined ? all.length : all.findIndex(({ row }) => row.session === before)
      return all
        .slice(0, Math.max(0, end))
        .filter(({ row }) => status === undefined || row.status === status)
        .reverse()
        .slice(offset, offset + limit)
        .map((session) => withLease(memory, session))
    })
})

const isOn = (call: string, digest: string) => (row: DecisionRow) => row.call === call && row.digest === digest

const byTime = (left: DecisionRow, right: DecisionRow): number =>
  left.atMillis - right.atMillis || (`${left.call} ${left.digest}` < `${right.call} ${right.digest}` ? -1 : 1)

const deciding = ({ sessions }: Memory): Pick<Store, "decide" | "decisions"> => ({
  decide: (name, row) =>
    Effect.sync(() => {
      const session = sessions.get(name)
      if (session === undefined || session.closedMillis !== undefined) return undefined
      const earlier = session.decisions.find(isOn(row.call, row.digest))
      if (earlier !== undefined) return { row: earlier, isFirst: false }
      session.decisions.push(row)
      return { row, isFirst: true }
    }),
  decisions: (name, calls) =>
    Effect.sync(() => {
      const wanted = calls === undefined ? undefined : new Set(calls)
      return sessions
        .get(name)
        ?.decisions.filter(({ call }) => wanted === undefined || wanted.has(call))
        .sort(byTime)
    })
})

const dropping = (memory: Memory): Pick<Store, "prune" | "compact"> => ({
  prune: (claim, keep) =>
    Effect.sync(() => {
      const session = held(memory, claim)
      if (session === undefined) return false
      drop(memory, session, keep)
      return true
    }),
  compact: (closedBeforeMillis, sessionsMax) =>
    Effect.sync(() => {
      const old = ({ closedMillis, compacted }: Session) =>
        !compacted && closedMillis !== undefined && closedMillis < closedBeforeMillis
      const closed = [...memory.sessions.values()].filter(old).slice(0, sessionsMax)
      for (const session of closed) {
        session.entries = []
        session.decisions = []
        session.compacted = true
        drop(memory, session, new Set())
      }
      return closed.length
    })
})

/** A journal in this process's memory. */
export const make = (): Journal["Service"] => {
  const memory: Memory = { sessions: new Map(), snapshots: new Map(), users: new Map(), leases: new Map() }
  return JournalStore.journal({
    ...writing(memory),
    ...holding(memory),
    ...reading(memory),
    ...deciding(memory),
    ...dropping(memory)
  })
}

export const layer: Layer.Layer<Journal> = Layer.sync(Journal, make)
