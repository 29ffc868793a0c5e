import type { DatabaseSync } from "node:sqlite"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AuditError, damaged, fileFailed, LogMissing } from "./AuditError.ts"
import { AuditEvent } from "./AuditEvent.ts"
import { checkedLink } from "./Chain.ts"
import * as IndexFile from "./IndexFile.ts"
import { makeIndexing } from "./Indexing.ts"
import { type LinePosition, linesAt } from "./LinesAt.ts"
import { segmentOf, segmentsIn } from "./Segment.ts"

/** Which events to find: those for which everything holds that is said. Times are milliseconds since the epoch, both ends included. */
export interface Filter {
  readonly run?: string | undefined
  readonly session?: string | undefined
  readonly trace?: string | undefined
  readonly type?: string | undefined
  readonly sinceMillis?: number | undefined
  readonly untilMillis?: number | undefined
  /** Only events behind this one. */
  readonly after?: number | undefined
  /** How many at most, the earliest first. Default 1000. */
  readonly limit?: number | undefined
}

/** A line of the log, whose hash has been checked. */
export interface FoundLine {
  readonly seq: number
  /** As it stands in the file, without its line feed. */
  readonly text: string
}

const pageLines = 500
const limitDefault = 1_000
const nameColumns = ["run", "trace", "session", "type"] as const

type Row = LinePosition & { readonly seq: number }

/** The names that are asked for by their numbers, the rarest first. `undefined` if the log has one of them nowhere. */
const namesIn = (database: DatabaseSync, filter: Filter) => {
  const find = database.prepare("SELECT id, uses FROM name WHERE text = ?")
  const asked = nameColumns.flatMap((column) =>
    filter[column] === undefined ? [] : [{ column, text: filter[column] }]
  )
  const found = asked.flatMap(({ column, text }) => {
    const row = find.get(text)
    return row === undefined ? [] : [{ column, id: Number(row["id"]), uses: Number(row["uses"]) }]
  })
  return found.length < asked.length ? undefined : found.sort((left, right) => left.uses - right.uses)
}

/** The first event at which the clock had reached a time; times go back only where `regression` says so. */
const firstAt = (database: DatabaseSync, millis: number, last: number): number => {
  const clockAt = database.prepare("SELECT clock FROM entry WHERE seq >= ? ORDER BY seq LIMIT 1")
  let low = 1
  let high = last + 1
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const clock = Number(clockAt.get(middle)?.["clock"] ?? Number.POSITIVE_INFINITY)
    if (clock >= millis) high = middle
    else low = middle + 1
  }
  return low
}

const numberIn = (database: DatabaseSync, sql: string, ...params: ReadonlyArray<number>): number =>
  Number(database.prepare(sql).get(...params)?.["value"] ?? 0)

/** The events between which all are that a filter's times allow. */
const rangeOf = (database: DatabaseSync, { after = 0, sinceMillis, untilMillis }: Filter) => {
  const last = numberIn(database, "SELECT max(seq) AS value FROM entry")
  const from = sinceMillis === undefined ? after + 1 : Math.max(after + 1, firstAt(database, sinceMillis, last))
  if (untilMillis === undefined) return { from, to: last }
  const late = numberIn(database, "SELECT max(seq) AS value FROM regression WHERE time <= ?", untilMillis)
  return { from, to: Math.max(firstAt(database, untilMillis + 1, last) - 1, late) }
}

/** Finds places page by page. */
const makeSearch = (database: DatabaseSync, filter: Filter) => {
  const names = namesIn(database, filter)
  const range = rangeOf(database, filter)
  // A plus sign keeps SQLite from using an index: only the rarest name's is used.
  const conditions = (names ?? []).map(({ column }, index) => ` AND ${index === 0 ? "" : "+"}${column} = ?`).join("")
  const select = database.prepare(
    `SELECT seq, segment, offset, length FROM entry
     WHERE seq BETWEEN ? AND ? AND +time BETWEEN ? AND ?${conditions} ORDER BY seq LIMIT ?`
  )
  const times = [filter.sinceMillis ?? Number.MIN_SAFE_INTEGER, filter.untilMillis ?? Number.MAX_SAFE_INTEGER] as const
  return (from: number, count: number): ReadonlyArray<Row> => {
    if (names === undefined) return []
    const ids = names.map(({ id }) => id)
    return select.all(Math.max(from, range.from), range.to, ...times, ...ids, count) as unknown as ReadonlyArray<Row>
  }
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(AuditEvent))

/** The event of a line. */
export const eventOf = (line: FoundLine): Result.Result<AuditEvent, AuditError> =>
  Result.mapError(decode(line.text), ({ message }) => damaged(`event ${line.seq}`, 0, message))

const isWanted = (text: string, filter: Filter): boolean => {
  const event: Readonly<Record<string, unknown>> = JSON.parse(text)
  return nameColumns.every((column) => filter[column] === undefined || event[column] === filter[column])
}

/** Reads the lines at places. Fails if one of them is not the line that was indexed. */
const readLines = (directory: string, rows: ReadonlyArray<Row>, filter: Filter): ReadonlyArray<FoundLine> =>
  linesAt(directory, rows).map((bytes, index) => {
    const { offset = 0, segment = 0, seq = 0 } = rows[index] ?? {}
    const text = bytes.toString("utf8")
    if (checkedLink(bytes)?.seq === seq && isWanted(text, filter)) return { seq, text }
    const { path } = segmentOf(directory, segment)
    throw damaged(path, 0, `event ${seq}, at byte ${offset}, is not as it was written`)
  })

const attempt = <A>(directory: string, run: () => A) => Effect.try({ try: run, catch: fileFailed("query", directory) })

/** Brings an index up to the end of its log. */
const catchUp = Effect.fnUntraced(function* (database: DatabaseSync, directory: string) {
  const indexing = yield* attempt(directory, () => makeIndexing(database, directory))
  yield* attempt(directory, indexing.check)
  while (yield* attempt(directory, indexing.addNext)) yield* Effect.yieldNow
  yield* attempt(directory, indexing.finish)
  return database
})

/** An index that is made anew once if it turns out not to fit. */
const makeIndex = Effect.fnUntraced(function* (directory: string) {
  let database: DatabaseSync | undefined
  const close = () => {
    database?.close()
    database = undefined
  }
  const open = attempt(directory, () => (database = IndexFile.open(directory)))
  const current = Effect.suspend(() =>
    database === undefined
      ? Effect.flatMap(open, (opened) => Effect.onError(catchUp(opened, directory), () => Effect.sync(close)))
      : Effect.succeed(database)
  )
  yield* Effect.addFinalizer(() => Effect.sync(close))
  return <A>(use: (database: DatabaseSync) => A) => {
    const once = Effect.flatMap(current, (opened) => attempt(directory, () => use(opened)))
    const anew = attempt(directory, () => {
      close()
      IndexFile.discard(directory)
    })
    return Effect.catch(once, () => Effect.andThen(anew, once))
  }
})

/** A log that can be asked again and again. */
export interface Index {
  /** The lines that a filter lets through, in their order. */
  readonly find: (filter: Filter) => Stream.Stream<FoundLine, AuditError>
}

/**
 * Opens the index beside a log, or makes one, and brings it up to the end of the log; for the first query of a large log that
 * takes long. Queries fail with `LogDamaged` if a line is not the one that was written; what they do not read, only `verify` checks.
 */
export const open = Effect.fn("Query.open")(function* (directory: string) {
  const segments = yield* attempt(directory, () => segmentsIn(directory))
  if (segments.length === 0) return yield* new AuditError({ reason: new LogMissing({ directory }) })
  const withIndex = yield* makeIndex(directory)
  const page = (filter: Filter, from: number, left: number) =>
    Effect.map(
      withIndex((database) => {
        const rows = makeSearch(database, filter)(from, Math.min(left, pageLines))
        return readLines(directory, rows, filter)
      }),
      (found) => {
        const next = { from: (found.at(-1)?.seq ?? 0) + 1, left: left - found.length }
        const hasMore = found.length === pageLines && next.left > 0
        return [found, hasMore ? Option.some(next) : Option.none<typeof next>()] as const
      }
    )
  return {
    find: (filter) =>
      Stream.paginate({ from: 0, left: filter.limit ?? limitDefault }, ({ from, left }) => page(filter, from, left))
  } satisfies Index
})

/** The lines of a log that a filter lets through: one query of its own. */
export const lines = (directory: string, filter: Filter): Stream.Stream<FoundLine, AuditError> =>
  Stream.unwrap(Effect.map(open(directory), ({ find }) => find(filter)))
