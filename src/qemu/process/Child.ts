/**
 * A process that belongs to a scope, with sockets that it has inherited.
 *
 * C1. It is ended by its handle, never by a number that may be another's by then.
 * C2. A scope that is closed has seen the end of its process, and none of its descriptors is open any more.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import type { Duplex, Stream } from "node:stream"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Identity from "../../process/Identity.ts"
import { Ended, failed, NotInstalled, NotStarted, type QemuError, storageFailed } from "../QemuError.ts"
import { Tail } from "./Tail.ts"

/** What a process inherits as descriptor 3, 4 and so on: one end of a socket, or an open file. */
export type Inherited =
  | { readonly _tag: "Socket" }
  | { readonly _tag: "File"; readonly path: string; readonly access: "r" | "r+" }

export interface Command {
  /** What it is called where it fails: it may be started through other programs. */
  readonly name: string
  readonly program: string
  readonly arguments: ReadonlyArray<string>
  /** Where it works, and nobody else: whatever works there after it was ended is ended too. */
  readonly ownDirectory: string
  readonly inherits: ReadonlyArray<Inherited>
}

/** How a process ended: `exit 0`, or the name of a signal. */
export type How = string

export interface Child {
  readonly pid: number
  /** The other ends of the sockets, in order; files have none. */
  readonly sockets: ReadonlyArray<Duplex>
  /** Waits for the end. */
  readonly ended: Effect.Effect<How>
  /** Waits for the end, which comes too early. */
  readonly failsWhenEnded: Effect.Effect<never, QemuError>
  /** The end of what it has said on standard error and output. */
  readonly said: Effect.Effect<string>
}

/**
 * What a process finds of its surroundings. A hypervisor asks for some megabytes in small pieces before it does anything: in huge pages
 * its memory is there at once, and not after thousands of faults, which are dear on a host that is a virtual machine itself.
 */
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1"
}

const saidBytesMax = 16_384
const killedWithin = "2 seconds"

const closeQuietly = (descriptor: number): void => {
  try {
    closeSync(descriptor)
  } catch {
    // Closing what cannot be closed changes nothing for anybody.
  }
}

/** Opens a file for a process, and closes this side's descriptor when the process has its own. */
const opened = (inherited: Inherited): Effect.Effect<number | "pipe", QemuError, Scope.Scope> => {
  if (inherited._tag === "Socket") return Effect.succeed("pipe")
  const { access, path } = inherited
  return Effect.acquireRelease(
    Effect.try({ try: () => openSync(path, access), catch: storageFailed("open", path) }),
    (descriptor) => Effect.sync(() => closeQuietly(descriptor))
  )
}

const startFailure = (program: string, cause: Error & { readonly code?: string }): QemuError =>
  cause.code === "ENOENT"
    ? failed(new NotInstalled({ program }))
    : failed(new NotStarted({ program, detail: cause.message }))

interface Started {
  readonly handle: ChildProcess
  readonly pid: number
  readonly tail: Tail
  readonly end: Deferred.Deferred<How>
  /** Waits until all that it said is there. */
  readonly silent: Effect.Effect<void>
}

const closed = (stream: Stream | null | undefined) =>
  Effect.callback<void>((resume) => {
    if (stream === null || stream === undefined || (stream as Duplex).closed) return resume(Effect.void)
    stream.once("close", () => resume(Effect.void))
  })

/** What it has started may go on speaking for it. */
const silentWithin = "1 second"

const silence = ({ stderr, stdout }: ChildProcess): Effect.Effect<void> =>
  Effect.asVoid(Effect.timeoutOption(Effect.all([closed(stdout), closed(stderr)], { concurrency: 2 }), silentWithin))

const start = (command: Command, inherited: ReadonlyArray<number | "pipe">) =>
  Effect.callback<Started, QemuError>((resume) => {
    const { arguments: given, ownDirectory, program } = command
    const end = Deferred.makeUnsafe<How>()
    const tail = new Tail(saidBytesMax)
    const options = {
      cwd: ownDirectory,
      // Its own session: a signal from a terminal is for its owner, who decides what becomes of it.
      detached: true,
      env: environment,
      stdio: ["ignore" as const, "pipe" as const, "pipe" as const, ...inherited]
    }
    try {
      const handle = spawn(program, given, options)
      handle.once("error", (cause) => resume(Effect.fail(startFailure(program, cause))))
      handle.once("exit", (code, signal) =>
        Deferred.doneUnsafe(end, Effect.succeed(signal ?? `exit ${code ?? "unknown"}`))
      )
      handle.stdout?.on("data", (bytes: Uint8Array) => tail.push(bytes))
      handle.stderr?.on("data", (bytes: Uint8Array) => tail.push(bytes))
      handle.once("spawn", () => {
        const silent = Effect.andThen(Deferred.await(end), silence(handle))
        resume(Effect.succeed({ handle, pid: handle.pid ?? 0, tail, end, silent }))
      })
    } catch (cause) {
      resume(Effect.fail(failed(new NotStarted({ program, detail: String(cause) }))))
    }
  })

/** Waits until nobody has the other end of a socket any more. What still comes of it is nobody's. */
const untilLeft = (stream: Stream) =>
  Effect.callback<void>((resume) => {
    const socket = stream as Duplex
    if (socket.destroyed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
    socket.resume()
  })

/** A process may have started others, which have its sockets for as long as they last: when those are closed, all are gone. */
const untilGone = ({ end, handle }: Started) => {
  const sockets = handle.stdio.slice(3).filter((stream) => stream !== null && stream !== undefined)
  return Effect.andThen(
    Deferred.await(end),
    Effect.forEach(sockets, untilLeft, { discard: true, concurrency: "unbounded" })
  )
}

/**
 * A process that was ended while it was starting another one may leave that behind, without anybody to end with. It works in the
 * directory that is its machine's alone.
 */
const killLeftBehind = (directory: string) =>
  Effect.sync(() => {
    for (const identity of Identity.usersOf(directory)) Identity.kill(identity)
  })

const stop = (started: Started, { ownDirectory }: Command) => {
  const { handle } = started
  const gone = Effect.timeoutOption(untilGone(started), killedWithin)
  return Effect.sync(() => handle.kill("SIGKILL")).pipe(
    Effect.andThen(gone),
    Effect.flatMap((end) => (Option.isSome(end) ? Effect.void : Effect.andThen(killLeftBehind(ownDirectory), gone))),
    Effect.andThen(
      Effect.sync(() => {
        for (const stream of handle.stdio) stream?.destroy()
      })
    )
  )
}

const childOf = ({ end, handle, pid, silent, tail }: Started, { inherits, name }: Command): Child => {
  const ended = Deferred.await(end)
  const sockets = inherits.flatMap(({ _tag }, index) => {
    const stream = handle.stdio[index + 3]
    return _tag === "Socket" && stream !== null && stream !== undefined ? [stream as Duplex] : []
  })
  // A socket whose reader is gone reports that as an error, which whoever reads it hears of. Without a reader it is nobody's.
  for (const socket of sockets) socket.on("error", () => {})
  return {
    pid,
    sockets,
    ended,
    failsWhenEnded: Effect.flatMap(Effect.andThen(silent, ended), (how) =>
      Effect.fail(failed(new Ended({ program: name, how, said: tail.text })))
    ),
    said: Effect.sync(() => tail.text)
  }
}

/** Starts a process. It is killed, and its end awaited, when the scope is closed. */
export const launch = Effect.fn("Child.launch")(function* (command: Command) {
  const started = yield* Effect.acquireRelease(
    Effect.scoped(Effect.flatMap(Effect.forEach(command.inherits, opened), (inherited) => start(command, inherited))),
    (started) => stop(started, command)
  )
  return childOf(started, command)
}) satisfies (command: Command) => Effect.Effect<Child, QemuError, Scope.Scope>
