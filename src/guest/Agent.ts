import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { FileError } from "../file/FileError.ts"
import { AgentError, Silent } from "./AgentError.ts"
import { Connection } from "./Connection.ts"
import * as Files from "./Files.ts"
import { greet } from "./Handshake.ts"
import type { Link } from "./Link.ts"
import * as Process from "./Process.ts"
import { version, type Welcome } from "./wire/Greeting.ts"
import { Done, type Entry, Frozen, type Moved } from "./wire/Reply.ts"
import type { Request } from "./wire/Request.ts"

export interface AgentOptions {
  readonly link: Link
  /** Of this connection, from 1 to 65535: another one than that of the last connection to the same guest. */
  readonly epoch: number
  /** 16 bytes of chance, which the welcome has to repeat. */
  readonly nonce: Uint8Array
  /** 32 bytes of chance for the guest's generator. */
  readonly entropy: Uint8Array
  readonly hostname?: string | undefined
  /** Whether the guest is a machine, which has to set its clock and to seed its generator. Default true. */
  readonly isMachine?: boolean | undefined
  /**
   * Whether the agent may have heard the beginning of a frame and not its end. Default true; not so of one that has just booted, or
   * that was frozen with nobody speaking to it.
   */
  readonly mayBeInFrame?: boolean | undefined
  /** How long the welcome may take. Default 30 seconds. */
  readonly welcomeTimeout?: Duration.Input | undefined
  /** After how long a silent guest is pinged, and after how long again it is given up. Default 10 seconds. */
  readonly silence?: Duration.Input | undefined
}

/** An agent that has welcomed its host: what can be done in a guest. It lives until its scope is closed. */
export interface Agent {
  readonly welcome: Welcome
  /** Fails when the connection does, and says why. */
  readonly failed: Effect.Effect<never, AgentError>
  readonly ping: Effect.Effect<void, AgentError>
  readonly execute: (command: Process.Command) => Effect.Effect<Process.Process, AgentError, Scope.Scope>
  readonly attach: (
    id: string,
    from: { readonly output: number; readonly errors: number }
  ) => Effect.Effect<Process.Process, AgentError, Scope.Scope>
  readonly read: (path: string, range?: Files.Range) => Stream.Stream<Uint8Array, FileError | AgentError>
  readonly write: <E = never>(
    path: string,
    bytes: Uint8Array | Stream.Stream<Uint8Array, E>,
    options?: Files.WriteOptions
  ) => Effect.Effect<void, FileError | AgentError | E>
  readonly list: (path: string, isRecursive?: boolean) => Stream.Stream<Entry, FileError | AgentError>
  readonly stat: (path: string) => Effect.Effect<Entry, FileError | AgentError>
  readonly makeDirectory: (path: string) => Effect.Effect<void, FileError | AgentError>
  readonly remove: (path: string, isRecursive?: boolean) => Effect.Effect<void, FileError | AgentError>
  readonly rename: (from: string, to: string) => Effect.Effect<void, FileError | AgentError>
  readonly put: <E>(
    path: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<Moved, FileError | AgentError | E>
  readonly get: (path: string) => Stream.Stream<Uint8Array, FileError | AgentError>
  readonly watch: (
    path: string,
    isRecursive?: boolean
  ) => Effect.Effect<Files.Watch, FileError | AgentError, Scope.Scope>
  /** Prepares the guest for a snapshot, and says whether its code stands still. Nothing else is begun until `thaw`, or
   * on the next connection; processes are not ended with their scopes. */
  readonly freeze: Effect.Effect<boolean, AgentError>
  readonly thaw: Effect.Effect<void, AgentError>
  /** Sets the clock of a machine anew if its hello was old when it was heard: it had to boot first, or its processor is slow. */
  readonly adjustClock: Effect.Effect<void, AgentError>
}

const nanosPerSecond = 1_000_000_000n

const instantOf = (nanos: bigint) => ({
  seconds: Number(nanos / nanosPerSecond),
  nanos: Number(nanos % nanosPerSecond)
})

/** How far the clock of a guest may be from its host's without being set anew. */
const skewNanosMax = 20_000_000n

const simple = (connection: Connection, request: Request) =>
  Effect.scoped(
    Effect.flatMap(connection.open(request), (exchange) => Effect.asVoid(exchange.result(request.op, Done)))
  )

const isLate = Effect.fnUntraced(function* ({ nanos, seconds }: Welcome) {
  const guest = BigInt(seconds) * nanosPerSecond + BigInt(nanos)
  const now = yield* Clock.currentTimeNanos
  return now - guest > skewNanosMax || guest - now > skewNanosMax
})

const setClock = (connection: Connection) =>
  Effect.flatMap(Clock.currentTimeNanos, (now) => simple(connection, { op: "clock", ...instantOf(now) }))

const keepAlive = Effect.fnUntraced(function* (connection: Connection, silence: Duration.Duration) {
  const silent = new AgentError({ reason: new Silent({ millis: 2 * Duration.toMillis(silence) }) })
  for (;;) {
    const before = connection.activity
    yield* Effect.sleep(silence)
    if (connection.activity !== before) continue
    yield* connection.ping.pipe(
      Effect.timeoutOrElse({ duration: silence, orElse: () => connection.fail(silent) }),
      Effect.ignore
    )
  }
})

/**
 * The pong proves that the agent has heard all that was said before as whole frames, the end of this exchange among them: whoever
 * goes on from a snapshot of it finds it between two frames. And what an agent does after an answer, until it stands still, it then
 * does for the second time, which takes no time.
 */
const freeze = (connection: Connection) =>
  Effect.flatMap(connection.open({ op: "freeze" }), (exchange) => exchange.result("freeze", Frozen)).pipe(
    Effect.scoped,
    Effect.tap(connection.ping),
    Effect.map(({ isStill }) => isStill)
  )

const over = (connection: Connection, welcome: Welcome, isClockWrong: boolean): Agent => ({
  welcome,
  failed: connection.failed,
  ping: connection.ping,
  execute: (command) => Process.execute(connection, command),
  attach: (id, from) => Process.attach(connection, id, from),
  read: (path, range) => Files.read(connection, path, range),
  write: (path, bytes, options) =>
    Files.write(connection, path, bytes instanceof Uint8Array ? Stream.make(bytes) : bytes, options),
  list: (path, isRecursive = false) => Files.list(connection, path, isRecursive),
  stat: (path) => Files.stat(connection, path),
  makeDirectory: (path) => Files.makeDirectory(connection, path),
  remove: (path, isRecursive = false) => Files.remove(connection, path, isRecursive),
  rename: (from, to) => Files.rename(connection, from, to),
  put: (path, archive) => Files.put(connection, path, archive),
  get: (path) => Files.get(connection, path),
  watch: (path, isRecursive = false) => Files.watch(connection, path, isRecursive),
  freeze: freeze(connection),
  thaw: simple(connection, { op: "thaw" }),
  adjustClock: isClockWrong ? setClock(connection) : Effect.void
})

/**
 * Greets the agent behind a link. Nothing that was under way on an earlier connection is heard any more; processes outlive it.
 * Connections over one link follow each other: the scope of one is closed before the next one begins.
 */
export const connect = Effect.fn("Agent.connect")(function* (options: AgentOptions) {
  const now = yield* Clock.currentTimeNanos
  const { entropy, epoch, hostname, isMachine = true, link, nonce } = options
  const greeted = yield* greet({
    link,
    epoch,
    hello: {
      version,
      nonce,
      entropy,
      ...instantOf(now),
      ...(hostname === undefined ? {} : { hostname })
    },
    timeout: Duration.fromInputUnsafe(options.welcomeTimeout ?? "30 seconds"),
    isProven: isMachine,
    mayBeInFrame: options.mayBeInFrame ?? true
  })
  const { heard, reader, rest, welcome } = greeted
  const isClockWrong = isMachine && (yield* isLate(welcome))
  const connection = yield* Connection.make({ link, epoch, sent: 1, heard, reader }, rest)
  yield* Effect.forkScoped(keepAlive(connection, Duration.fromInputUnsafe(options.silence ?? "10 seconds")))
  return over(connection, welcome, isClockWrong)
})
