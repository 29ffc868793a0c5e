/** The process that runs the agent, and how the demo tells of what it says. */
import { extname, join } from "node:path"
import { type Line, type Player, start } from "../shared/process.ts"
import { colour, show } from "../shared/timeline.ts"

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

const describe = ({ detail, kind }: Line): string | undefined => {
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

const program = join(import.meta.dirname, `agent${extname(import.meta.filename)}`)

export const startAgent = (directory: string, token?: string): Player =>
  start({
    program: [program, directory],
    ...(token === undefined ? {} : { environment: { REFUNDS_TOKEN: token } }),
    describe: (line) => (isNews(line) ? describe(line) : undefined)
  })
