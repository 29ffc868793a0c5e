/** The real agent as a process of its own, whose files are in a fresh directory. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmdirSync, rmSync } from "node:fs"
import { createConnection, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Stream } from "effect"
import { afterAll, type TestContext } from "vitest"
import * as Agent from "../../src/guest/Agent.ts"
import type { Link } from "../../src/guest/Link.ts"
import type { Command, Process } from "../../src/guest/Process.ts"
import * as StreamLink from "../../src/guest/StreamLink.ts"
import { root } from "../repository.ts"

/** Why there is no agent here, if there is none. */
const findMissing = (): string | undefined => {
  if (spawnSync("go", ["version"]).status !== 0) return "the agent is built with Go, which is not installed"
  const fetched = spawnSync("go", ["mod", "download"], { cwd: join(root, "guest"), encoding: "utf8" })
  return fetched.status === 0 ? undefined : `the modules that the agent needs cannot be fetched: ${fetched.stderr}`
}

/** Why there is no agent here; undefined if there is one. */
export const missing = findMissing()

/** Leaves a test out aloud where there is no agent. */
export const needsGo = (context: TestContext): void => context.skip(missing !== undefined, missing)

let built: string | undefined
const directories: Array<string> = []

// A process of tests does not live to see its own end.
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** The agent's program, built once per file of tests. */
export const program = (): string => {
  if (built !== undefined) return built
  const directory = mkdtempSync(join(tmpdir(), "caisson-agent-"))
  directories.push(directory)
  const file = join(directory, "guest")
  const build = spawnSync("go", ["build", "-o", file, "."], {
    cwd: join(root, "guest"),
    env: { ...process.env, CGO_ENABLED: "0" },
    encoding: "utf8"
  })
  if (build.status !== 0) throw new Error(`the agent cannot be built: ${build.stderr}`)
  built = file
  return file
}

export interface Guest {
  /** Where its files are. */
  readonly files: string
  readonly child: ChildProcess
  /** Connects to its socket as a host does. */
  readonly dial: Effect.Effect<Link & { readonly raw: Socket }, never, import("effect").Scope.Scope>
  /** What it wrote to standard error. */
  readonly complaints: () => string
}

const gone = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })

const connected = (path: string): Effect.Effect<Socket, Error> =>
  Effect.callback((resume) => {
    const socket = createConnection(path)
    socket.once("connect", () => {
      socket.off("error", failed)
      resume(Effect.succeed(socket))
    })
    const failed = (error: Error) => resume(Effect.fail(error))
    socket.once("error", failed)
  })

const listening = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    child.stdout?.once("data", () => resume(Effect.void))
    child.once("exit", () => resume(Effect.void))
  })

/** Starts an agent that listens on a socket, until the scope is closed. */
export const start = Effect.fnUntraced(function* (flags: ReadonlyArray<string> = []) {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => realpathSync(mkdtempSync(join(tmpdir(), "caisson-guest-")))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const link = join(directory, "link")
  const files = join(directory, "files")
  mkdirSync(files)
  // Guest code is another user, where the agent may change users.
  chmodSync(directory, 0o755)
  chmodSync(files, 0o777)
  let complaints = ""
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const all = ["--link", `unix:${link}`, "--root", files, "--announce", ...flags]
      const started = spawn(program(), all, { stdio: ["ignore", "pipe", "pipe"] })
      started.stderr?.on("data", (text) => {
        complaints += text
      })
      return started
    }),
    (child) =>
      Effect.andThen(
        Effect.sync(() => child.kill()),
        gone(child)
      )
  )
  yield* listening(child)
  const dial: Guest["dial"] = Effect.acquireRelease(Effect.orDie(connected(link)), (raw) =>
    Effect.sync(() => raw.destroy())
  ).pipe(
    Effect.flatMap((raw) => Effect.map(StreamLink.make(raw, raw), ({ receive, send }) => ({ raw, receive, send })))
  )
  const guest: Guest = { files, child, dial, complaints: () => complaints }
  return guest
})

/** Starts an agent that speaks over its standard streams, until the scope is closed. */
export const startOnPipes = Effect.gen(function* () {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn(program(), ["--root", tmpdir()], { stdio: ["pipe", "pipe", "inherit"] })),
    (child) =>
      Effect.andThen(
        Effect.sync(() => child.kill()),
        gone(child)
      )
  )
  return { child, link: yield* StreamLink.make(child.stdout, child.stdin), gone: gone(child) }
})

/** A directory for control groups of this test alone; undefined where there can be none. */
export const groups = Effect.acquireRelease(
  Effect.sync(() => {
    const mounted = readFileSync("/proc/mounts", "utf8")
      .split("\n")
      .find((line) => line.split(" ")[2] === "cgroup2")
    const directory = join(mounted?.split(" ")[1] ?? "/nowhere", `caisson-test-${randomBytes(6).toString("hex")}`)
    try {
      mkdirSync(directory)
      return directory
    } catch {
      return undefined
    }
  }),
  (directory) =>
    Effect.sync(() => {
      if (directory !== undefined) rmdirSync(directory)
    })
)

/** Greets the agent behind a link. */
export const greet = (link: Link, epoch = 1, options: Partial<Agent.AgentOptions> = {}) =>
  Agent.connect({
    link,
    epoch,
    nonce: randomBytes(16),
    entropy: randomBytes(32),
    isMachine: false,
    ...options
  })

/** An agent that was just started and greeted. */
export const agent = Effect.fnUntraced(function* (flags: ReadonlyArray<string> = []) {
  const guest = yield* start(flags)
  return { guest, ...(yield* greet(yield* guest.dial)) }
})

export const path = { PATH: process.env["PATH"] ?? "/usr/bin:/bin" }

/** A command for the shell. */
export const shell = (id: string, script: string, rest: Partial<Command> = {}): Command => ({
  id,
  arguments: ["sh", "-c", script],
  environment: path,
  ...rest
})

export const textOf = <E>(bytes: Stream.Stream<Uint8Array, E>): Effect.Effect<string, E> =>
  Effect.map(Stream.runCollect(bytes), (pieces) => Buffer.concat(pieces).toString())

/** Everything that a process says, and how it ended. */
export const finished = (process: Process) =>
  Effect.all(
    { output: textOf(process.output), errors: textOf(process.errors), exit: process.exit },
    { concurrency: "unbounded" }
  )

/** Runs a script to its end. */
export const run = (agent: Agent.Agent, id: string, script: string, rest: Partial<Command> = {}) =>
  Effect.scoped(Effect.flatMap(agent.execute(shell(id, script, rest)), finished))
