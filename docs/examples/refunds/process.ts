/** A process that runs the agent, as the demo sees it: it hears what is said, tells of it, and can kill. */
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { extname, join } from "node:path"
import { createInterface } from "node:readline"
import { colour, show, tell } from "./timeline.ts"

export interface Line {
  readonly kind: "tool" | "ruling" | "paused" | "reconciles" | "step"
  // biome-ignore lint/suspicious/noExplicitAny: what the agent says, printed as it comes
  readonly detail: any
}

const describeRuling = ({ _tag, by, call, detail, error, method, reason, ruling, why }: Line["detail"]): string => {
  const who = `${ruling?.layer ?? "session"}${ruling?.rule === undefined ? "" : `, rule ${ruling.rule}`}`
  switch (_tag) {
    case "Denied":
      return colour("red", `${method} is denied by ${who} (${error.reason})`)
    case "Asked":
      return colour("yellow", `${method} is asked for by ${who}: ${reason}`)
    case "CallApproved":
      return colour("green", `the approval of ${by} is taken up: call ${call} goes ahead`)
    case "DecisionRefused":
      return colour("red", `the decision of ${by} is refused (${why}): ${detail}; call ${call} is asked for anew`)
    default:
      return colour("magenta", `${method} is noticed by ${ruling.layer}, rule ${ruling.detections.join(", ")}`)
  }
}

const describeStep = ({ error, metrics, number, say, stdout, value }: Line["detail"]): string => {
  const { calls, guestMillis, restoreMillis, snapshotBytes, toolMillis } = metrics
  const spent = `guest ${guestMillis.toFixed(1)} ms, tools ${toolMillis} ms, restore ${restoreMillis} ms`
  return [
    colour("bold", `step ${number}: ${say}`),
    ...(stdout === "" ? [] : [`  printed ${stdout.trim()}`]),
    error === null ? `  came to ${show(value)}` : colour("red", `  failed: ${error.message}`),
    colour("gray", `  ${calls} calls, ${spent}, snapshot ${snapshotBytes} B`)
  ].join("\n")
}

const describe = ({ detail, kind }: Line): string => {
  switch (kind) {
    case "tool":
      return colour("gray", `handler ${detail}`)
    case "ruling":
      return describeRuling(detail)
    case "paused":
      return colour(
        "yellow",
        `paused: ${detail.map(({ id, method }: Record<string, string>) => `call ${id} ${method}`)}`
      )
    case "reconciles":
      return `${detail.call.method} was under way when the process died; the bank says it ${detail.happened ? "happened" : "did not happen"}`
    case "step":
      return describeStep(detail)
  }
}

/** What was told already: a later process has it from the journal, and it is no news. */
const told = new Set<string>()
const isNews = ({ detail, kind }: Line): boolean => {
  if (kind !== "step" && kind !== "ruling") return true
  const name = `${kind} ${detail.number ?? `${detail.seq} ${detail.call}`}`
  return !told.has(name) && told.add(name) !== undefined
}

export interface Agent {
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

const program = join(import.meta.dirname, `agent${extname(import.meta.filename)}`)

export const startAgent = (directory: string, token?: string): Agent => {
  const child = spawn(process.execPath, [...process.execArgv, program, directory], {
    // Whoever may list processes sees their arguments.
    env: { ...process.env, ...(token === undefined ? {} : { REFUNDS_TOKEN: token }) },
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
    // The library logs there too: what it has to say of decisions stands in the journal, and comes as a ruling.
    if (child.killed || !text.startsWith("{")) return
    const line: Line = JSON.parse(text)
    lines.push(line)
    if (isNews(line)) tell(name, describe(line))
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
