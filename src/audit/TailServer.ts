/**
 * The live end of a log over a stream socket. A client sends one line of JSON that says what it wants, `{"since":120,"types":["alert"]}`
 * or just `{}`, and is sent the lines of the log that match, from the one after `since` on; without `since`, new ones only.
 *
 * Beside lines of the log there are notices, `{"notice":"…","detail":"…"}`: a client is told why it is cut off.
 */
import { chmodSync, rmSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type AuditError, fileFailed } from "./AuditError.ts"
import { type LogCursor, openCursor } from "./LogCursor.ts"
import type { Written } from "./LogWriter.ts"

/** The socket on which the process that holds a log serves its live end. */
export const socketPath = (directory: string): string => join(directory, "tail.sock")

/** What a client of the live end wants. */
export const TailFilter = Schema.Struct({
  since: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  types: Schema.optionalKey(Schema.Array(Schema.String).check(Schema.isMaxLength(64)))
})
export type TailFilter = typeof TailFilter.Type

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(TailFilter), { onExcessProperty: "error" })

const clientsMax = 64
const requestCharactersMax = 8_192
/** What waits for one client. A client that is further behind is cut off and can come back with `since`. */
const waitingBytesMax = 1_048_576
const patienceMillis = 10_000

/** A unix socket's path has room for so many bytes everywhere. */
const socketPathBytesMax = 103

const notice = (kind: string, detail: string): string => `${JSON.stringify({ notice: kind, detail })}\n`

interface Client {
  readonly socket: Socket
  /** Lines up to here have been sent or were not wanted; `undefined` before the client has said what it wants. */
  cursor: number | undefined
  wants: (type: string) => boolean
  history: LogCursor | undefined
}

/** What to do if the client does nothing for too long; nothing, if that is all right. */
const waitFor = ({ socket }: Client, tooLong: (() => void) | undefined): void => {
  socket.removeAllListeners("timeout")
  socket.setTimeout(tooLong === undefined ? 0 : patienceMillis)
  if (tooLong !== undefined) socket.once("timeout", tooLong)
}

const dismiss = (client: Client, kind: string, detail: string): void => {
  waitFor(client, () => client.socket.destroy())
  client.socket.end(notice(kind, detail))
}

/** Sends a client what it has not had yet from the files; then it is sent new lines as they are written. */
const catchUp = (client: Client, directory: string, last: () => number): void => {
  const { socket } = client
  if (client.cursor === undefined || socket.destroyed || !socket.writable) return
  if (client.cursor >= last()) {
    client.history?.close()
    client.history = undefined
    return
  }
  client.history ??= openCursor(directory, client.cursor)
  const hasRead = client.history.readChunk(({ bytes, end, link, start }) => {
    // What has a higher number than the last line is nobody's.
    if (link === undefined || link.seq > last()) return
    client.cursor = link.seq
    if (client.wants(link.type)) socket.write(Buffer.from(bytes.subarray(start, end + 1)))
  })
  if (!hasRead && client.cursor < last()) {
    dismiss(client, "damaged", `the log cannot be read after event ${client.cursor}`)
    return
  }
  if (!socket.writableNeedDrain) {
    setImmediate(() => catchUp(client, directory, last))
    return
  }
  waitFor(client, () => dismiss(client, "slow", `cut off after event ${client.cursor}`))
  socket.once("drain", () => {
    waitFor(client, undefined)
    catchUp(client, directory, last)
  })
}

const begin = (client: Client, request: string, directory: string, last: () => number): void => {
  const filter = decode(request)
  if (Result.isFailure(filter)) {
    dismiss(client, "refused", filter.failure.message)
    return
  }
  const { since, types } = filter.success
  waitFor(client, undefined)
  client.wants = types === undefined ? () => true : (type) => types.includes(type)
  client.cursor = Math.min(since ?? last(), last())
  catchUp(client, directory, last)
}

const send = (client: Client, written: ReadonlyArray<Written>): void => {
  if (client.cursor === undefined || client.history !== undefined || !client.socket.writable) return
  const news = written.filter(({ seq, type }) => seq > (client.cursor ?? 0) && client.wants(type))
  client.cursor = written.at(-1)?.seq ?? client.cursor
  if (news.length > 0) client.socket.write(news.map(({ text }) => `${text}\n`).join(""))
  if (client.socket.writableLength > waitingBytesMax) dismiss(client, "slow", `cut off after event ${client.cursor}`)
}

/** Receives the one line that a client sends. */
const receive = (client: Client, started: (request: string) => void): void => {
  let request = ""
  client.socket.setEncoding("utf8").on("data", (text: string) => {
    if (client.cursor !== undefined) return
    request += text
    const end = request.indexOf("\n")
    if (end !== -1) started(request.slice(0, end))
    else if (request.length > requestCharactersMax) dismiss(client, "refused", "the line is too long")
  })
}

const listener = (clients: Set<Client>, directory: string, last: () => number) =>
  createServer((socket) => {
    const client: Client = { socket, cursor: undefined, wants: () => false, history: undefined }
    socket.on("error", () => socket.destroy())
    socket.on("close", () => {
      client.history?.close()
      clients.delete(client)
    })
    if (clients.size >= clientsMax) {
      dismiss(client, "full", `${clientsMax} clients are being served`)
      return
    }
    clients.add(client)
    waitFor(client, () => socket.destroy())
    receive(client, (request) => begin(client, request, directory, last))
  })

/** Whoever may open the socket may read the log. */
const listen = (server: Server, path: string) =>
  Effect.callback<void, AuditError>((resume) => {
    const failed = (cause: unknown) => resume(Effect.fail(fileFailed("serve the log on", path)(cause)))
    if (Buffer.byteLength(path) > socketPathBytesMax) {
      failed(`the path is longer than ${socketPathBytesMax} bytes`)
      return
    }
    rmSync(path, { force: true })
    server.once("error", failed)
    server.listen(path, () => {
      chmodSync(path, 0o600)
      resume(Effect.void)
    })
  })

export interface TailServer {
  /** Sends lines to those who wait for them. */
  readonly publish: (written: ReadonlyArray<Written>) => void
}

/**
 * Serves the log of a directory on a socket of this user's, until the scope is closed. The caller holds the log's lock, so that
 * an old socket is nobody's. Where there can be no socket, there is a warning: readers then watch the files.
 */
export const serve = Effect.fnUntraced(function* (directory: string, last: () => number) {
  const clients = new Set<Client>()
  const server = listener(clients, directory, last)
  yield* Effect.ignore(listen(server, socketPath(directory)), { log: "Warn" })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      server.close()
      for (const { socket } of clients) socket.destroySoon()
    })
  )
  const publish = (written: ReadonlyArray<Written>): void => {
    for (const client of clients) send(client, written)
  }
  return { publish } satisfies TailServer
})
