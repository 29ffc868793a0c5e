/**
 * `npm run demo`: an agent works through a pile of invoices while its process is killed twice, once in the middle of
 * concurrent calls and once while a person thinks. Everything below is real: the kills are SIGKILL, the times are measured.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { inspect, styleText } from "node:util"
import { Caisson } from "caisson/promise"
import { capabilities, statement, tools } from "./billing.ts"

interface Line {
  readonly kind: "tool" | "paused" | "approves" | "reconciles" | "step"
  // biome-ignore lint/suspicious/noExplicitAny: what the agent says, printed as it comes
  readonly detail: any
}

const directory = mkdtempSync(join(tmpdir(), "caisson-demo-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const start = performance.now()
const colour = (style: Parameters<typeof styleText>[0], text: string) =>
  styleText(style, text, { stream: process.stdout })
const show = (value: unknown) => inspect(value, { breakLength: 160, compact: 4, depth: 4 })
const tell = (who: string, what: string) => {
  const seconds = ((performance.now() - start) / 1_000).toFixed(3).padStart(7)
  console.log(`${colour("gray", `${seconds} s`)}  ${colour("cyan", who.padEnd(12))} ${what}`)
}

const describe = ({ kind, detail }: Line): string => {
  switch (kind) {
    case "tool":
      return colour("gray", `handler ${detail}`)
    case "paused":
      return colour(
        "yellow",
        `paused: ${detail.map((call: { method: string; reason: string }) => `${call.method} (${call.reason})`).join(", ")}`
      )
    case "approves":
      return `ann approves ${detail.method} ${show(detail.input)}`
    case "reconciles":
      return `${detail.call.method} was under way when the process died; the bank says it ${detail.happened ? "happened" : "did not happen"}`
    case "step": {
      const { error, metrics, number, say, stdout, value } = detail
      const lines = [colour("bold", `step ${number}: ${say}`)]
      if (stdout !== "") lines.push(`  printed ${stdout.trim()}`)
      lines.push(error === null ? `  came to ${show(value)}` : colour("red", `  failed: ${error.message}`))
      lines.push(
        colour(
          "gray",
          `  ${metrics.calls} calls, guest ${metrics.guestMillis.toFixed(1)} ms, tools ${metrics.toolMillis} ms, restore ${metrics.restoreMillis} ms, snapshot ${metrics.snapshotBytes} B`
        )
      )
      return lines.join("\n".padEnd(25))
    }
  }
}

/** Steps that were told of: a later process gets their results from the journal, and has nothing new to say. */
const told = new Set<number>()
const isNews = ({ detail, kind }: Line) => kind !== "step" || !told.has(detail.number)

/** Runs one agent process until it ends, or kills it when it has said what `killWhen` waits for. */
const agent = (mode: "work" | "reconcile" | "settle", killWhen: (lines: ReadonlyArray<Line>) => boolean) =>
  new Promise<NodeJS.Signals | number | null>((resolve, reject) => {
    const program = join(import.meta.dirname, `agent.${import.meta.filename.endsWith(".ts") ? "ts" : "js"}`)
    const child = spawn(process.execPath, [...process.execArgv, program, directory, mode], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const lines: Array<Line> = []
    createInterface(child.stdout).on("line", (text) => {
      const line: Line = JSON.parse(text)
      if (child.killed) return
      lines.push(line)
      if (isNews(line)) tell(`process ${child.pid}`, describe(line))
      if (line.kind === "step") told.add(line.detail.number)
      if (killWhen(lines)) child.kill("SIGKILL")
    })
    child.on("error", reject)
    child.on("close", (code, signal) => {
      tell(`process ${child.pid}`, signal === null ? `ended with code ${code}` : colour("red", `was killed: ${signal}`))
      resolve(signal ?? code)
    })
  })

const expect = (isTrue: boolean, what: string) => {
  if (!isTrue) throw new Error(`the demo went wrong: ${what}`)
}

const isLast = (kind: Line["kind"]) => (lines: ReadonlyArray<Line>) => lines.at(-1)?.kind === kind
const began = (count: number) => (lines: ReadonlyArray<Line>) =>
  lines.filter(({ kind, detail }) => kind === "tool" && /^begins billing/.test(detail)).length === count

tell("demo", "an agent starts on the invoices; it will be killed with three calls under way")
expect((await agent("work", began(3))) === "SIGKILL", "the first process was not killed")

tell("demo", "another one finishes those calls, and is killed while it waits for a person")
expect(
  (await agent("reconcile", (lines) => isLast("paused")(lines) && /refunds/.test(lines.at(-1)?.detail[0]?.method))) ===
    "SIGKILL",
  "the second process was not killed"
)

tell("demo", "before anybody decides, a fork of the session explores the answer no")
{
  await using caisson = await Caisson.open({ directory })
  await using session = await caisson.resume("refunds", { tools: tools(directory, () => {}), capabilities })
  const forkId = await session.fork()
  await using fork = await caisson.resume(forkId, { tools: tools(directory, () => {}), capabilities })
  const waiting = await fork.resume()
  const call = waiting?.calls[0]
  expect(call !== undefined, "the fork does not wait for the same person")
  const refused = await fork.answer(call?.id ?? "", { deny: "not this quarter" })
  tell(forkId, `came to ${show(refused.value)}`)
}

tell("demo", "a third process asks ann, who says yes, and goes on in the middle of the expression")
expect((await agent("settle", () => false)) === 0, "the last process did not finish")

const effects = statement(directory)
const bytes = readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)
tell("bank", `${effects.length} effects, each once:`)
for (const { method, result } of effects) tell("bank", `  ${method} ${show(result)}`)
expect(new Set(effects.map(({ key }) => key)).size === effects.length, "an effect happened twice")
tell(
  "demo",
  `three processes, two of them killed, nothing lost and nothing done twice; ${Math.round(bytes / 1_024)} KiB on disk`
)
