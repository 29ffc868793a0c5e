/** A process on the stage of a demo: it says what it does as JSON lines on stdout, is heard and told of, and can be killed. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { colour, tell } from "./timeline.ts"

export interface Line {
  readonly kind: string
  // biome-ignore lint/suspicious/noExplicitAny: what the process says, printed as it comes
  readonly detail: any
}

export interface Part {
  /** A file of this repository, with what follows it. */
  readonly program: ReadonlyArray<string>
  /** Whoever may list processes sees their arguments; what is in here they do not. */
  readonly environment?: Readonly<Record<string, string>>
  /** What is told of a line; undefined if it is no news. */
  readonly describe: (line: Line) => string | undefined
}

export interface Player {
  /** All that was said, the news and the rest. */
  readonly lines: ReadonlyArray<Line>
  /** The line that makes something true of all that was said up to it. Rejected if the process ends before. */
  readonly hears: (isSo: (lines: ReadonlyArray<Line>) => boolean) => Promise<Line>
  /** Ends it at once, wherever it is. */
  readonly kill: () => Promise<void>
  readonly exitCode: Promise<number | null>
}

interface Waiter {
  readonly isSo: (lines: ReadonlyArray<Line>) => boolean
  readonly resolve: (line: Line) => void
  readonly reject: (error: Error) => void
}

export const start = ({ describe, environment, program }: Part): Player => {
  const child = spawn(process.execPath, [...process.execArgv, ...program], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "inherit"]
  })
  process.on("exit", () => child.kill("SIGKILL"))
  const name = `process ${child.pid}`
  const lines: Array<Line> = []
  const waiters = new Set<Waiter>()
  const look = (waiter: Waiter, line: Line | undefined) => {
    if (line === undefined || !waiter.isSo(lines)) return
    waiters.delete(waiter)
    waiter.resolve(line)
  }
  createInterface(child.stdout).on("line", (text) => {
    // The library logs there too: what it has to say stands in the journal as well.
    if (child.killed || !text.startsWith("{")) return
    const line: Line = JSON.parse(text)
    lines.push(line)
    const news = describe(line)
    if (news !== undefined) tell(name, news)
    for (const waiter of waiters) look(waiter, line)
  })
  const ended = Promise.withResolvers<number | null>()
  child.on("error", ended.reject)
  child.on("close", (code, signal) => {
    tell(name, signal === null ? `ended with code ${code}` : colour("red", `was killed: ${signal}`))
    for (const { reject } of waiters) reject(new Error(`${name} ended before it came to that`))
    ended.resolve(code)
  })
  return {
    lines,
    hears: (isSo) =>
      new Promise((resolve, reject) => {
        const waiter = { isSo, resolve, reject }
        waiters.add(waiter)
        look(waiter, lines.at(-1))
      }),
    kill: async () => {
      child.kill("SIGKILL")
      assert.equal(await ended.promise, null, `${name} ended by itself`)
    },
    exitCode: ended.promise
  }
}
