/** Programs of the host that do one thing and end. */
import * as Effect from "effect/Effect"
import { type PlatformError, systemError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/** A program is missing, could not be run, or did not do what it was for. */
export class ProgramFailed extends Schema.TaggedError<ProgramFailed>()("ProgramFailed", {
  program: Schema.String,
  reason: Schema.Literals(["NotInstalled", "NotStarted", "Unsuccessful"]),
  /** What it said of the failure and, behind that, the end of what else it said; or why it did not start. */
  said: Schema.String
}) {
  override get message() {
    if (this.reason === "NotInstalled") return `${this.program} is not installed`
    const verb = this.reason === "NotStarted" ? "did not start" : "failed"
    return `${this.program} ${verb}${this.said === "" ? "" : `: ${this.said.trimEnd()}`}`
  }
}

/** What is needed to run programs. */
export type Services = ChildProcessSpawner

export interface ProgramOptions {
  readonly directory?: string | undefined
  /** Beside PATH, and instead of everything else of the host's. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** The program that starts it, with its arguments; it is there. */
  readonly through?: ReadonlyArray<string> | undefined
  /** Is told each line that it says. */
  readonly onLine?: ((line: string) => Effect.Effect<void>) | undefined
}

const linesKept = 4_096
const linesShown = 20
const programPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/go/bin"

const messageOf = ({ cause, message }: PlatformError): string => (cause instanceof Error ? cause.message : message)

const notRun =
  (program: string) =>
  (error: PlatformError): ProgramFailed =>
    error.reason._tag === "NotFound"
      ? new ProgramFailed({ program, reason: "NotInstalled", said: "" })
      : new ProgramFailed({ program, reason: "NotStarted", said: messageOf(error) })

/** Most of why a program cannot be started Node tells later; of the rest, such as a path through a file, it throws. */
const notStarted = (cause: unknown) =>
  Effect.fail(systemError({ _tag: "Unknown", module: "ChildProcess", method: "spawn", cause }))

/** How lines begin that say what has failed: those of Debian's tools, and of most others. */
const failing = /^(?:E|Err|error|fatal):/i

const lastWords = (lines: ReadonlyArray<string>): string => {
  const why = lines.filter((line) => failing.test(line)).slice(-linesShown)
  const others = lines.filter((line) => !failing.test(line)).slice(-linesShown)
  return [...why, ...others.slice(why.length)].join("\n")
}

/** Runs a program to its end, and gives the lines that it said, at most the last 4 096. It is ended with the fiber. */
export const run = Effect.fn("Program.run")(
  function* (program: string, given: ReadonlyArray<string>, options: ProgramOptions = {}) {
    const { directory, environment = {}, onLine, through = [] } = options
    const [first = program, ...others] = [...through, program, ...given]
    const handle = yield* ChildProcess.make(first, others, {
      cwd: directory ?? "/",
      env: { PATH: programPath, LC_ALL: "C.UTF-8", ...environment },
      extendEnv: false,
      stdin: "ignore",
      killSignal: "SIGTERM",
      forceKillAfter: "5 seconds"
    }).pipe(Effect.catchDefect(notStarted))
    const lines: Array<string> = []
    const linesOf = (said: typeof handle.stdout) => said.pipe(Stream.decodeText(), Stream.splitLines)
    yield* Stream.merge(linesOf(handle.stdout), linesOf(handle.stderr)).pipe(
      Stream.runForEach((line) => {
        lines.push(line)
        if (lines.length > linesKept) lines.shift()
        return onLine === undefined ? Effect.void : onLine(line)
      })
    )
    const code = yield* handle.exitCode
    return { code, lines: lines as ReadonlyArray<string> }
  },
  (running, program) =>
    running.pipe(
      Effect.scoped,
      Effect.mapError(notRun(program)),
      Effect.flatMap(({ code, lines }) =>
        code === 0
          ? Effect.succeed(lines)
          : Effect.fail(new ProgramFailed({ program, reason: "Unsuccessful", said: lastWords(lines) }))
      )
    )
)

/** Where a program is; undefined of one that is not there to be run. */
export const where = (program: string) =>
  run("sh", ["-c", 'command -v "$1"', "sh", program]).pipe(
    Effect.map(([path]) => path),
    Effect.catch(() => Effect.succeed(undefined))
  )

/** Whether a program is there to be run. */
export const isInstalled = (program: string) => Effect.map(where(program), (path) => path !== undefined)
