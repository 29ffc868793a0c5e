import type { FileTree } from "../file/FileTree.ts"
import type { Limits } from "../machine/Limits.ts"
import type { Program } from "../machine/Machine.ts"
import type { Answer } from "../machine/Turn.ts"
import { type Ending, failure, measured } from "./Ending.ts"
import type { Engines } from "./Engines.ts"
import type { Host } from "./Host.ts"
import type { RunState } from "./SnapshotHeader.ts"
import * as ToolsFolder from "./ToolsFolder.ts"
import { located, type RunFile } from "./Trace.ts"

/**
 * A turn as it is made: how the run ended, or nothing if it waits. It yields where it cannot go on without the shell's engine.
 * Whatever it throws has broken the guest.
 */
export type Work = Generator<undefined, Ending | undefined, undefined>

/** What a guest consists of. */
export interface Parts {
  readonly limits: Limits
  readonly host: Host
  readonly engines: Engines
  readonly files: FileTree
}

/** The run in progress. */
export interface Run extends Pick<RunState, "ordinal" | "isShell" | "rules"> {
  readonly file: RunFile
  /** CPU time used before this turn. */
  spentMillis: number
  /** The shell has been told of it. */
  hasShell: boolean
}

/** Says which tools there are, to JavaScript and in `/tools`. */
const grant = ({ engines, files, host }: Parts, program: Program): void => {
  const before = engines.javascript.tools
  engines.javascript.grant(program)
  if (engines.javascript.tools !== before) ToolsFolder.show(files, program.tools, host.nowMillis)
  files.takeChanges()
}

/** Runs the guest until it is idle, and ends the run if it is at its end. */
function* advance({ engines, host, limits }: Parts, run: Run): Work {
  const active = run.isShell ? engines.shell.instance : engines.javascript
  if (active === undefined) return failure("Error", "NoRun", "no run is under way")
  for (;;) {
    engines.runJobs()
    if (host.isExchanging) {
      yield* engines.exchange(run)
      continue
    }
    const isAtEnd = active.kernel.rest()
    if (host.isExchanging) continue
    if (isAtEnd) break
    if (!engines.isStalled()) return undefined
  }
  const outcome = active.kernel.finish()
  engines.runJobs()
  if (host.isExchanging) {
    yield* engines.exchange(run)
    engines.runJobs()
  }
  active.kernel.sweep()
  return outcome._tag === "Error"
    ? { _tag: "Error", error: located(outcome.error, run.file) }
    : measured(outcome, limits)
}

/** Starts a cell, as it was compiled. */
export function* startCell(parts: Parts, run: Run, program: Program, code: string): Work {
  grant(parts, program)
  const { kernel } = parts.engines.javascript
  kernel.begin(`${run.ordinal}`, parts.limits)
  kernel.start(code, run.file.fileName)
  return yield* advance(parts, run)
}

export function* startShell(parts: Parts, run: Run, program: Program): Work {
  const { source, tools } = program
  const { engines, host } = parts
  grant(parts, program)
  const refusal = host.refusal(source)
  if (refusal !== undefined) return failure("PolicyError", "PolicyDenied", refusal)
  if (engines.shell.instance === undefined) yield
  engines.shell.begin(`${run.ordinal}`, tools)
  engines.shell.instance?.kernel.shell("", source)
  return yield* advance(parts, run)
}

/** Gives answers, one by one, and lets the guest go on after each. */
export function* give(parts: Parts, run: Run, answers: ReadonlyArray<Answer>): Work {
  for (const answer of answers) {
    yield* parts.engines.answer(run, answer)
    const ending = yield* advance(parts, run)
    if (ending !== undefined) return ending
  }
  return undefined
}
