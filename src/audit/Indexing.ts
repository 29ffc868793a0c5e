/** Brings an index up to the end of its log, a chunk of a file at a time. */
import type { DatabaseSync } from "node:sqlite"
import { checkedLink, linkOf } from "./Chain.ts"
import { reset, secondaryIndexes } from "./IndexFile.ts"
import { openLines } from "./LineReader.ts"
import { type LinePosition, linesAt } from "./LinesAt.ts"
import { type Segment, segmentsIn } from "./Segment.ts"

/** Up to where a log is indexed. */
interface Position {
  readonly segment: number
  readonly offset: number
  readonly seq: number
  /** The latest time so far: it never goes back, and so a time can be looked for by halving. */
  readonly clock: number
  readonly hash: string
}

const start: Position = { segment: 0, offset: 0, seq: 0, clock: 0, hash: "" }

/** Names that are remembered with their numbers. */
const namesMax = 20_000

/** The ids of a line, from the fields before `data`. A name cannot hold `,"data":` with its quotes bare. */
const idsOf = (line: string) => {
  const head: Readonly<Record<string, unknown>> = JSON.parse(`${line.slice(0, line.indexOf(',"data":'))}}`)
  const idOf = (field: string): string | undefined => (typeof head[field] === "string" ? head[field] : undefined)
  return { session: idOf("session"), run: idOf("run"), trace: idOf("trace") }
}

const makeNames = (database: DatabaseSync) => {
  const insert = database.prepare(
    "INSERT INTO name (text, uses) VALUES (?, 0) ON CONFLICT (text) DO UPDATE SET uses = uses RETURNING id"
  )
  const addUses = database.prepare("UPDATE name SET uses = uses + ? WHERE id = ?")
  const ids = new Map<string, number>()
  const uses = new Map<number, number>()
  return {
    numberOf: (text: string | undefined): number | null => {
      if (text === undefined) return null
      let id = ids.get(text)
      if (id === undefined) {
        id = Number(insert.get(text)?.["id"])
        if (ids.size >= namesMax) ids.clear()
        ids.set(text, id)
      }
      uses.set(id, (uses.get(id) ?? 0) + 1)
      return id
    },
    writeUses: (): void => {
      for (const [id, count] of uses) addUses.run(count, id)
      uses.clear()
    }
  }
}

const positionOf = (database: DatabaseSync): Position => {
  const row = database.prepare("SELECT segment, offset, seq, clock, hash FROM position").get()
  return row === undefined ? start : (row as unknown as Position)
}

/** Whether the line up to which the log was indexed is still where it was. */
const stands = (database: DatabaseSync, directory: string, { hash, segment, seq }: Position): boolean => {
  if (seq === 0) return true
  const place = database.prepare("SELECT segment, offset, length FROM entry WHERE seq = ?").get(seq)
  if (place === undefined || segmentsIn(directory).every(({ first }) => first !== segment)) return false
  return linesAt(directory, [place as unknown as LinePosition]).some((line) => checkedLink(line)?.hash === hash)
}

const nextSegment = (segments: ReadonlyArray<Segment>, { segment }: Position): Segment | undefined =>
  segments.find(({ first }) => first > segment)

export const makeIndexing = (database: DatabaseSync, directory: string) => {
  let names = makeNames(database)
  const prepare = () => ({
    entry: database.prepare("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    regression: database.prepare("INSERT OR REPLACE INTO regression VALUES (?, ?)"),
    position: database.prepare("INSERT OR REPLACE INTO position VALUES (1, ?, ?, ?, ?, ?)")
  })
  let statements = prepare()

  const add = (segment: Segment, from: Position): Position => {
    const lines = openLines(segment.path, from.offset)
    let { clock, hash, seq } = from
    try {
      const hasRead = lines.readChunk((bytes, begin, end, offset) => {
        const link = linkOf(bytes, begin, end)
        if (link === undefined) return
        const { run, session, trace } = idsOf(bytes.toString("utf8", begin, end))
        const time = Date.parse(link.time)
        if (time < clock) statements.regression.run(link.seq, time)
        clock = Math.max(clock, time)
        const { numberOf } = names
        const numbers = [numberOf(link.type), numberOf(session), numberOf(run), numberOf(trace)] as const
        statements.entry.run(link.seq, segment.first, offset, end - begin, ...numbers, time, clock)
        seq = link.seq
        hash = link.hash
      })
      return hasRead ? { segment: segment.first, offset: lines.offset(), seq, clock, hash } : from
    } finally {
      lines.close()
    }
  }
  const addNext = (): boolean => {
    const from = positionOf(database)
    const segments = segmentsIn(directory)
    const current = segments.find(({ first }) => first === from.segment)
    let next = current === undefined ? from : add(current, from)
    const following = next.offset === from.offset ? nextSegment(segments, from) : undefined
    if (following !== undefined) next = add(following, { ...from, segment: following.first, offset: 0 })
    if (next.segment === from.segment && next.offset === from.offset) return false
    statements.position.run(next.segment, next.offset, next.seq, next.clock, next.hash)
    names.writeUses()
    return true
  }
  const transaction = <A>(run: () => A): A => {
    database.exec("BEGIN IMMEDIATE")
    try {
      const value = run()
      database.exec("COMMIT")
      return value
    } catch (cause) {
      database.exec("ROLLBACK")
      throw cause
    }
  }
  const startAgain = (): void => {
    reset(database)
    names = makeNames(database)
    statements = prepare()
  }
  return {
    /** Throws the index away if the log is no longer the one that was indexed. */
    check: (): void =>
      transaction(() => {
        if (!stands(database, directory, positionOf(database))) startAgain()
      }),
    /** Indexes the next chunk. False if there is nothing more. */
    addNext: (): boolean => transaction(addNext),
    finish: (): void => database.exec(secondaryIndexes),
    rebuild: (): void => transaction(startAgain)
  }
}
