/** The live end of a log as a reader sees it: from the process that writes it if there is one, otherwise from the files. */
import { connect, type Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { AuditError, fileFailed, LogMissing } from "./AuditError.ts"
import { lastSeq } from "./LastLine.ts"
import { type LogCursor, openCursor } from "./LogCursor.ts"
import { socketPath } from "./TailServer.ts"

/** A line of the log, or a notice of the server's. */
export interface TailLine {
  /** `undefined` for a notice. */
  readonly seq: number | undefined
  readonly text: string
}

export interface TailOptions {
  readonly directory: string
  /** Only events behind this one. */
  readonly since: number
  /** Only events of these types. Default: all. */
  readonly types?: ReadonlyArray<string> | undefined
}

/** While nobody serves the log, its files are looked at this often. */
const pollEvery = "250 millis"

/** Lines of the files that a follower remembers. It may have others twice, should a server send them. */
const rememberedMax = 10_000

const seqFormat = /^\{"v":1,"seq":(\d+),/

const toLine = (text: string): TailLine => {
  const [, seq] = seqFormat.exec(text) ?? []
  return { seq: seq === undefined ? undefined : Number(seq), text }
}

/** The next piece of text from a socket; none once it has ended. */
const nextChunk = (socket: Socket) =>
  Effect.callback<Option.Option<string>>((resume) => {
    const read = () => {
      const chunk: string | null = socket.read()
      if (chunk !== null) finish(Option.some(chunk))
      else if (socket.readableEnded || socket.destroyed) finish(Option.none())
    }
    const ended = () => finish(Option.none())
    const finish = (chunk: Option.Option<string>) => {
      cleanUp()
      resume(Effect.succeed(chunk))
    }
    const cleanUp = () => {
      socket.off("readable", read)
      socket.off("end", ended)
      socket.off("close", ended)
    }
    socket.on("readable", read).on("end", ended).on("close", ended)
    read()
    return Effect.sync(cleanUp)
  })

const openSocket = (path: string, request: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const socket = connect(path).setEncoding("utf8")
      // That there is no server shows as the end of what it sends.
      socket.on("error", () => socket.destroy())
      socket.write(`${request}\n`)
      return socket
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

/** What the server sends until it goes away; nothing if there is none. */
const served = ({ directory, types }: TailOptions, since: number) =>
  Stream.unwrap(
    Effect.map(openSocket(socketPath(directory), JSON.stringify({ since, types })), (socket) =>
      Stream.paginate("", (rest) =>
        Effect.map(nextChunk(socket), (chunk) => {
          if (Option.isNone(chunk)) return [[], Option.none<string>()] as const
          const texts = `${rest}${chunk.value}`.split("\n")
          const unfinished = texts.pop() ?? ""
          return [texts.map(toLine), Option.some(unfinished)] as const
        })
      )
    )
  )

const openFiles = ({ directory, since }: TailOptions) =>
  Effect.acquireRelease(
    Effect.sync(() => openCursor(directory, since)),
    (cursor) => Effect.sync(cursor.close)
  )

/** What the files have behind what the cursor has read. */
const filed = (cursor: LogCursor, { directory, types }: TailOptions): Stream.Stream<TailLine, AuditError> => {
  const readChunk = () => {
    const lines: Array<TailLine> = []
    const hasRead = cursor.readChunk(({ bytes, end, link, start }) => {
      if (link === undefined || (types !== undefined && !types.includes(link.type))) return
      lines.push({ seq: link.seq, text: bytes.toString("utf8", start, end) })
    })
    return [lines, hasRead ? Option.some(undefined) : Option.none<undefined>()] as const
  }
  return Stream.paginate(undefined, () => Effect.try({ try: readChunk, catch: fileFailed("read", directory) }))
}

/** The lines that the log has already, behind `since`. */
export const read = (options: TailOptions): Stream.Stream<TailLine, AuditError> =>
  Stream.unwrap(Effect.map(openFiles(options), (cursor) => filed(cursor, options)))

/** The last lines that a log has, and where to go on from there. */
export const last = Effect.fn("Tail.last")(function* ({
  count,
  ...options
}: Omit<TailOptions, "since"> & { readonly count: number }) {
  const { directory } = options
  const end = yield* Effect.try({ try: () => lastSeq(directory), catch: fileFailed("read", directory) })
  if (end === undefined) return yield* new AuditError({ reason: new LogMissing({ directory }) })
  // Without a type, the last lines are those with the highest numbers.
  const since = options.types === undefined ? Math.max(0, end - count) : 0
  const kept: Array<TailLine> = []
  yield* Stream.runForEach(read({ ...options, since }), (line) =>
    Effect.sync(() => {
      kept.push(line)
      if (kept.length > count) kept.shift()
    })
  )
  return { last: kept, since: Math.max(end, kept.at(-1)?.seq ?? 0) }
})

/**
 * What a follower has had. Lines that stand in the files while nobody holds the log may be set aside when it is opened again, and
 * others then have their numbers: only what a server sends is there to stay.
 */
class Had {
  /** The last line that came from a server, or where the follower began. */
  served: number
  readonly #read = new Map<number, string>()

  constructor(since: number) {
    this.served = since
  }

  /** Whether a line of the files is a new one. */
  take({ seq, text }: TailLine): boolean {
    if (seq === undefined || seq <= this.served || this.#read.get(seq) === text) return false
    this.#read.set(seq, text)
    const [first] = this.#read.keys()
    if (this.#read.size > rememberedMax && first !== undefined) this.#read.delete(first)
    return true
  }

  /** Whether a line of a server is a new one. */
  takeServed({ seq, text }: TailLine): boolean {
    if (seq === undefined) return true
    const isRead = this.#read.get(seq) === text
    for (const read of this.#read.keys()) if (read <= seq) this.#read.delete(read)
    this.served = Math.max(this.served, seq)
    return !isRead
  }
}

/** The cursor of a follower: opened anew behind what a server has sent, where the log goes on from there or from other lines. */
const openBehind = ({ directory, since }: TailOptions, had: Had) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => ({ after: since, cursor: openCursor(directory, since) })),
      (current) => Effect.sync(() => current.cursor.close())
    ),
    (current) => () => {
      if (current.after !== had.served || !current.cursor.stands()) {
        current.cursor.close()
        current.after = had.served
        current.cursor = openCursor(directory, had.served)
      }
      return current.cursor
    }
  )

/**
 * The lines of a log behind `since`, those that it has and those that are still to come. It does not end. Of what it had from files
 * that nobody held, some may be set aside when the log is opened again: what then stands in its place comes as well.
 */
export const follow = (options: TailOptions): Stream.Stream<TailLine, AuditError> =>
  Stream.suspend(() => {
    const had = new Had(options.since)
    const live = Stream.suspend(() => served(options, had.served)).pipe(Stream.filter((line) => had.takeServed(line)))
    const pause = Stream.drain(Stream.fromEffect(Effect.sleep(pollEvery)))
    const followed = Effect.map(openBehind(options, had), (cursor) => {
      const files = Stream.unwrap(
        Effect.map(Effect.try({ try: cursor, catch: fileFailed("read", options.directory) }), (opened) =>
          Stream.filter(filed(opened, options), (line) => had.take(line))
        )
      )
      return Stream.forever(live.pipe(Stream.concat(files), Stream.concat(pause)))
    })
    return Stream.unwrap(followed)
  })
