import { randomUUID } from "node:crypto"
import { assert, type Vitest } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { defaults } from "../../../src/machine/Limits.ts"
import { sha256 } from "../../../src/session/Digest.ts"
import {
  type Batch,
  type Claim,
  Journal,
  type JournalError,
  type Owner,
  type SnapshotBytes
} from "../../../src/session/journal/Journal.ts"
import type { Entry, SessionEvent } from "../../../src/session/SessionEvent.ts"

/** Registers tests that get their journal from the layer under test. All of them share one: sessions have names of their own. */
export type It = Vitest.MethodsNonLive<Journal>

export const leaseMillis = 10_000

const suite = randomUUID()
let sessions = 0
/** A name that no other session has, not even one that an earlier run left in the database. */
export const newName = () => `contract-${suite}-${++sessions}`

export const owner = (name: string, ...dead: ReadonlyArray<string>): Owner => ({
  name,
  isDead: (other) => dead.includes(other)
})

export const ann = owner(`ann ${suite}`)

export const opened: SessionEvent = {
  _tag: "Opened",
  template: "javascript",
  engine: "scripted 1",
  seed: "5eed",
  limits: defaults,
  metadata: {}
}
export const started = (call: string): SessionEvent => ({ _tag: "CallStarted", call })
export const closed: SessionEvent = { _tag: "Closed" }
export const ended = (snapshot?: SnapshotBytes): SessionEvent => ({
  _tag: "RunEnded",
  run: "r1",
  delivered: [],
  nowMillis: 0,
  cancelled: [],
  output: [],
  usage: { cpuMillis: 0.5, memoryBytes: 1_048_576 },
  outcome: { _tag: "Succeeded", value: "1" },
  rolledBack: false,
  quarantined: false,
  ...(snapshot === undefined ? {} : { snapshot: snapshot.id })
})

export const snapshotOf = (text: string): SnapshotBytes => {
  const bytes = new TextEncoder().encode(text)
  return { id: sha256(bytes), bytes }
}

export const entriesFrom = (first: number, ...events: ReadonlyArray<SessionEvent>): ReadonlyArray<Entry> =>
  events.map((event, index) => ({ seq: first + index, atMillis: 1_000 + index, event }))

export const batchFrom = (first: number, ...events: ReadonlyArray<SessionEvent>): Batch => ({
  entries: entriesFrom(first, ...events),
  snapshots: [],
  status: "running",
  dueMillis: null
})

/** A session with one entry, held by ann unless another holder is named. */
export const create = (session: string, options: Partial<Batch> & { readonly holder?: Owner } = {}) =>
  Journal.use((journal) => {
    const { holder = ann, ...batch } = options
    const about = { session, template: "javascript", metadata: { made: "by a test" } }
    return journal.create({ ...about, ...batchFrom(1, opened), status: "idle", ...batch }, holder, leaseMillis)
  })

export const append = (claim: Claim, first: number, ...events: ReadonlyArray<SessionEvent>) =>
  Journal.use((journal) => journal.append(claim, batchFrom(first, ...events)))

/** A run that ended with a snapshot. */
export const appendSnapshot = (claim: Claim, seq: number, snapshot: SnapshotBytes) =>
  Journal.use((journal) => journal.append(claim, { ...batchFrom(seq, ended(snapshot)), snapshots: [snapshot] }))

export const close = (claim: Claim, seq: number) =>
  Journal.use((journal) => journal.append(claim, { ...batchFrom(seq, closed), status: "closed" }))

export const read = (session: string, after = 0) => Journal.use((journal) => journal.read(session, after))

export const seqsOf = (entries: ReadonlyArray<Entry>) => entries.map(({ seq }) => seq)

export const reasonOf = <A, R>(operation: Effect.Effect<A, JournalError, R>) =>
  Effect.map(Effect.flip(operation), (error) => error.reason)

/** Nothing about a session changes while an operation fails. Gives the reason. */
export const refused = Effect.fnUntraced(function* <A, R>(
  session: string,
  operation: Effect.Effect<A, JournalError, R>
) {
  const look = Effect.all([Journal.use((journal) => journal.summary(session)), read(session)])
  const before = yield* look
  const reason = yield* reasonOf(operation)
  assert.deepStrictEqual(yield* look, before)
  return reason
})

export const isKept = (snapshot: SnapshotBytes) =>
  Effect.map(
    Journal.use((journal) => journal.snapshot(snapshot.id)),
    (found) => found._tag === "Some"
  )

export const now = Clock.currentTimeMillis
