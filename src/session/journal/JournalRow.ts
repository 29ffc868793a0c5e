/** Entries and summaries as a database keeps them: texts and numbers. What was stored is checked when it is read. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Decision, type RecordedDecision } from "../Decision.ts"
import { type Entry, SessionEvent } from "../SessionEvent.ts"
import { JournalDamaged, JournalError, Summary } from "./Journal.ts"

/** The version that this build writes, and the newest one that it reads. */
export const version = 1

export interface EntryRow {
  readonly seq: number
  readonly version: number
  readonly atMillis: number
  /** A `SessionEvent` as JSON. */
  readonly event: string
}

export interface SessionRow {
  readonly session: string
  readonly status: string
  readonly template: string
  /** JSON. */
  readonly metadata: string
  readonly epoch: number
  readonly seq: number
  readonly createdMillis: number
  readonly updatedMillis: number
  readonly dueMillis: number | null
  /** With its lease, null if nobody holds the session. */
  readonly owner: string | null
  readonly leaseUntilMillis: number | null
}

export interface DecisionRow {
  readonly call: string
  readonly digest: string
  /** A `Decision` as JSON. */
  readonly decision: string
  readonly by: string | null
  readonly atMillis: number
}

const Stored = Schema.Struct({
  seq: Schema.Int,
  atMillis: Schema.Finite,
  event: Schema.fromJsonString(Schema.toCodecJson(SessionEvent))
})

const decode = Schema.decodeUnknownResult(Stored)

const StoredSummary = Schema.Struct({ ...Summary.fields, metadata: Schema.fromJsonString(Summary.fields.metadata) })

const decodeSummary = Schema.decodeUnknownResult(StoredSummary)

const damaged = (session: string, seq: number, detail: string) =>
  new JournalError({ reason: new JournalDamaged({ session, seq, detail }) })

/** Events are JSON as they are. To pass them through their schema on the way out would only cost time. */
export const fromEntry = ({ atMillis, event, seq }: Entry): EntryRow => ({
  seq,
  version,
  atMillis,
  event: JSON.stringify(event)
})

/** The entry in a row which has to hold the one numbered `seq`. */
export const toEntry = (session: string, seq: number, row: EntryRow): Result.Result<Entry, JournalError> => {
  if (row.version > version) {
    return Result.fail(damaged(session, seq, `it has version ${row.version}, this build reads up to ${version}`))
  }
  const entry = decode(row)
  if (Result.isFailure(entry)) return Result.fail(damaged(session, seq, entry.failure.message))
  if (entry.success.seq !== seq) return Result.fail(damaged(session, seq, "the entry is missing"))
  return Result.succeed(entry.success)
}

export const missing = (session: string, seq: number) => damaged(session, seq, "the entry is missing")

export const toSummary = (row: SessionRow): Result.Result<Summary, JournalError> =>
  Result.mapError(decodeSummary(row), (error) => damaged(row.session, 0, `the summary is damaged: ${error.message}`))

const decodeDecision = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.toCodecJson(Decision)))

export const fromDecision = ({ atMillis, by, call, decision, digest }: RecordedDecision): DecisionRow => ({
  call,
  digest,
  decision: JSON.stringify(decision),
  by: by ?? null,
  atMillis
})

export const toDecision = (session: string, row: DecisionRow): Result.Result<RecordedDecision, JournalError> => {
  const { atMillis, by, call, digest } = row
  return decodeDecision(row.decision).pipe(
    Result.mapError(({ message }) => damaged(session, 0, `the decision on call ${call} is damaged: ${message}`)),
    Result.map((decision) => ({ call, digest, decision, by: by ?? undefined, atMillis }))
  )
}
