/** What a host does with the files of a guest. */
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { FileError, FileErrorCode } from "../file/FileError.ts"
import type { FileChange } from "../machine/Turn.ts"
import { AgentError, violation } from "./AgentError.ts"
import type { Connection } from "./Connection.ts"
import type { Exchange } from "./Exchange.ts"
import { RecordReader } from "./wire/Records.ts"
import { Done, Entry, type Moved, Moved as MovedSchema, Watched } from "./wire/Reply.ts"
import type { Request } from "./wire/Request.ts"

type Failure = FileError | AgentError

const codes: ReadonlySet<string> = new Set(FileErrorCode.literals)

const isFileCode = (code: string): code is FileErrorCode => codes.has(code)

/** The code of a file for what is not done with it; undefined if it is no file's fault. */
const codeOf = (reason: AgentError["reason"]): FileErrorCode | undefined => {
  if (reason._tag === "Unsayable") return "EINVAL"
  return reason._tag === "Refused" && isFileCode(reason.code) ? reason.code : undefined
}

/** What cannot be done with a file is an error of the file. */
const fileErrors =
  (path: string, operation: string) =>
  (error: AgentError): Failure => {
    const { reason } = error
    const code = codeOf(reason)
    if (code === undefined || !("detail" in reason)) return error
    return new FileError({ code, path, operation, message: `${code}: ${reason.detail}, ${operation} '${path}'` })
  }

const pathOf = (request: Request): string => ("path" in request ? request.path : "from" in request ? request.from : "")

/** Asks for something that is over when its result comes. */
const ask = <S extends Schema.Codec<unknown, unknown>>(
  connection: Connection,
  request: Request,
  ok: S
): Effect.Effect<S["Type"], Failure> =>
  Effect.scoped(Effect.flatMap(connection.open(request), (exchange) => exchange.result(request.op, ok))).pipe(
    Effect.mapError(fileErrors(pathOf(request), request.op))
  )

/** Asks for bytes, which end with the result. */
const download = (connection: Connection, request: Request, ok: Schema.Codec<unknown, unknown>) =>
  Effect.map(connection.open(request), (exchange) =>
    Stream.concat(exchange.output.stream, Stream.drain(Stream.fromEffect(exchange.result(request.op, ok))))
  ).pipe(Stream.unwrap, Stream.mapError(fileErrors(pathOf(request), request.op)))

/** Sends bytes until they end, or the guest says that it wants no more of them. */
const send = <E>(exchange: Exchange, bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<void, E | AgentError> =>
  Effect.raceFirst(
    Effect.andThen(
      Stream.runForEach(bytes, (piece) => exchange.input.write(piece)),
      exchange.end
    ),
    exchange.over
  ).pipe(Effect.catch((error) => (exchange.isOver ? Effect.void : Effect.fail(error))))

const upload = <S extends Schema.Codec<unknown, unknown>, E>(
  connection: Connection,
  request: Request,
  bytes: Stream.Stream<Uint8Array, E>,
  ok: S
): Effect.Effect<S["Type"], Failure | E> =>
  Effect.flatMap(connection.open(request), (exchange) =>
    Effect.andThen(send(exchange, bytes), exchange.result(request.op, ok))
  ).pipe(
    Effect.scoped,
    Effect.mapError((error) =>
      error instanceof AgentError ? fileErrors(pathOf(request), request.op)(error) : (error as E)
    )
  )

/** The records of a lane. */
const records = <S extends Schema.Codec<unknown, unknown>, E>(
  bytes: Stream.Stream<Uint8Array, E>,
  schema: S
): Stream.Stream<S["Type"], E | AgentError> => {
  const reader = new RecordReader(schema)
  const read = Stream.flatMap(bytes, (piece): Stream.Stream<S["Type"], E | AgentError> => {
    const read = reader.push(piece)
    return Result.isSuccess(read) ? Stream.fromIterable(read.success) : Stream.fail(violation(read.failure.message))
  })
  const end = Stream.suspend(() => (reader.isAtEnd ? Stream.empty : Stream.fail(violation("a record without its end"))))
  return Stream.concat(read, end)
}

export interface Range {
  readonly offset?: number | undefined
  readonly length?: number | undefined
}

/** The bytes of a regular file, or of a part of it. */
export const read = (connection: Connection, path: string, { length, offset }: Range = {}) =>
  download(
    connection,
    { op: "read", path, ...(offset === undefined ? {} : { offset }), ...(length === undefined ? {} : { length }) },
    Done
  )

export interface WriteOptions {
  readonly isAppended?: boolean | undefined
  /** Of a file that is made, 0o644 by default; one that is replaced keeps its own. */
  readonly mode?: number | undefined
}

/** Writes a file. One that is replaced stays as it is until all of the bytes have come. */
export const write = <E>(
  connection: Connection,
  path: string,
  bytes: Stream.Stream<Uint8Array, E>,
  { isAppended = false, mode }: WriteOptions = {}
) => upload(connection, { op: "write", path, isAppended, ...(mode === undefined ? {} : { mode }) }, bytes, Done)

/** What is in a directory, or all that is below it. */
export const list = (connection: Connection, path: string, isRecursive: boolean): Stream.Stream<Entry, Failure> =>
  records(download(connection, { op: "list", path, isRecursive }, Done), Entry)

export const stat = (connection: Connection, path: string): Effect.Effect<Entry, Failure> =>
  ask(connection, { op: "stat", path }, Entry)

/** With those that it is in; one that is there stays. */
export const makeDirectory = (connection: Connection, path: string): Effect.Effect<void, Failure> =>
  Effect.asVoid(ask(connection, { op: "makeDirectory", path }, Done))

export const remove = (connection: Connection, path: string, isRecursive: boolean): Effect.Effect<void, Failure> =>
  Effect.asVoid(ask(connection, { op: "remove", path, isRecursive }, Done))

export const rename = (connection: Connection, from: string, to: string): Effect.Effect<void, Failure> =>
  Effect.asVoid(ask(connection, { op: "rename", from, to }, Done))

/** Unpacks a tar archive below a directory, which is made if there is none. */
export const put = <E>(
  connection: Connection,
  path: string,
  archive: Stream.Stream<Uint8Array, E>
): Effect.Effect<Moved, Failure | E> => upload(connection, { op: "put", path }, archive, MovedSchema)

/** A tar archive of what is below a directory: files, directories and symbolic links. */
export const get = (connection: Connection, path: string): Stream.Stream<Uint8Array, Failure> =>
  download(connection, { op: "get", path }, MovedSchema)

/** A directory that is watched. */
export interface Watch {
  /** What has become of things since this was last asked: of each the outcome, of a host's own changes as well. */
  readonly changes: Effect.Effect<ReadonlyArray<FileChange>, AgentError>
}

/** More than a guest tells of one by one. */
const changesMax = 1_000
const question = Uint8Array.of(1)

/** Begins to watch a directory, until the scope is closed. No change after that is missed. */
export const watch = Effect.fnUntraced(function* (connection: Connection, path: string, isRecursive: boolean) {
  const exchange = yield* connection.open({ op: "watch", path, isRecursive })
  const toError = Effect.mapError(fileErrors(path, "watch"))
  const notice = yield* toError(exchange.notice)
  if (notice === undefined) return yield* Effect.andThen(toError(exchange.result("watch", Done)), violation("no watch"))
  if (notice.note !== "ready") return yield* violation(`${notice.note} of a watch`)
  const told = yield* Stream.toPull(records(exchange.output.stream, Watched))
  const next = Pull.catchDone(told, () => violation("a watch that has ended"))
  const changes = Effect.gen(function* () {
    yield* exchange.input.write(question)
    const seen: Array<FileChange> = []
    for (;;) {
      // The agent says nothing that it is not asked for: a record that is not of a change is the last one.
      const records = yield* next
      seen.push(...records.flatMap((record) => ("path" in record ? record : [])))
      if (seen.length > changesMax) return yield* violation("more changes than a watch tells of")
      if (records.some((record) => !("path" in record))) return seen
    }
  })
  const lock = Semaphore.makeUnsafe(1)
  const watching: Watch = { changes: lock.withPermit(changes) }
  return watching
})
