import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AgentError } from "./AgentError.ts"
import type { Connection, Opened } from "./Connection.ts"

/** A call of a tool by guest code, as it left the guest: nothing in it has been checked. */
export interface GuestCall {
  /** The same on every connection until the call is answered. */
  readonly id: string
  /** The process that it says it is of. */
  readonly process: string
  readonly path: string
  /** A JSON text, or what guest code took for one. */
  readonly arguments: string
  /** Gives the guest a JSON text. A guest that has left does not hear it. */
  readonly answer: (text: string) => Effect.Effect<void, AgentError>
  /** Waits until the caller has left; fails with the connection, which says nothing of the caller. */
  readonly left: Effect.Effect<void, AgentError>
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const toText = (pieces: ReadonlyArray<Uint8Array>): string | undefined => {
  try {
    return utf8.decode(Buffer.concat(pieces))
  } catch {
    return undefined
  }
}

/** The arguments; undefined if they are too long or no text. */
const argumentsOf = ({ exchange }: Opened, bytesMax: number): Effect.Effect<string | undefined, AgentError> => {
  let bytes = 0
  return exchange.output.stream.pipe(
    Stream.takeUntil((piece) => {
      bytes += piece.length
      return bytes > bytesMax
    }),
    Stream.runCollect,
    Effect.map((pieces) => (bytes > bytesMax ? undefined : toText(pieces)))
  )
}

const toCall = (connection: Connection, { call, exchange }: Opened, text: string): GuestCall => ({
  id: call.id,
  process: call.process,
  path: call.path,
  arguments: text,
  answer: (answer) =>
    exchange.input.write(Buffer.from(answer)).pipe(
      Effect.andThen(exchange.end),
      Effect.tap(() => Effect.sync(() => connection.forget(exchange)))
    ),
  left: exchange.abandoned
})

/**
 * The calls of a connection, as soon as all of their arguments are there; calls with more than `argumentBytes` are refused. Those
 * that were not answered on an earlier connection come again.
 */
export const receive = Effect.fnUntraced(function* (
  connection: Connection,
  argumentBytes: number
): Effect.fn.Return<Queue.Dequeue<GuestCall, AgentError>, never, Scope.Scope> {
  const calls = yield* Queue.unbounded<GuestCall, AgentError>()
  const one = (opened: Opened): Effect.Effect<void> =>
    Effect.flatMap(argumentsOf(opened, argumentBytes), (text) =>
      text === undefined
        ? connection.refuse(opened.exchange)
        : Effect.asVoid(Queue.offer(calls, toCall(connection, opened, text)))
    ).pipe(Effect.ignore)
  yield* Queue.take(connection.opened).pipe(
    Effect.flatMap((opened) => Effect.forkScoped(one(opened))),
    Effect.forever,
    Effect.catch((error: AgentError) => Queue.fail(calls, error)),
    Effect.forkScoped
  )
  return calls
})
