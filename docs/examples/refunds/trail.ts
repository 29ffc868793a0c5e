/** What is left to prove afterwards: the audit log is whole, and a changed byte is found. */
import assert from "node:assert/strict"
import { cpSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { openTerminal, type Terminal } from "../shared/terminal.ts"
import { tell } from "../shared/timeline.ts"
import { steps } from "./steps.ts"

interface Event {
  readonly type: string
  readonly session?: string
  readonly data: Readonly<Record<string, unknown>>
}

const logFile = (directory: string): string => {
  const [file, ...others] = globSync(join(directory, "audit", "audit-*.jsonl"))
  assert.ok(file !== undefined && others.length === 0, "the log is one file")
  return file
}

const eventOf = (line: string): Event => JSON.parse(line)

/** Every run of the session, and every call of it, is in the log once, though two of the processes that wrote it were killed. */
const assertWhole = (lines: ReadonlyArray<string>, calls: number): void => {
  const events = lines.map(eventOf)
  const count = (type: string) => events.filter((event) => event.type === type && event.session === "refunds").length
  const counts = ["token.verified", "run.started", "run.ended", "call.decided"].map(count)
  assert.deepEqual(counts, [1, steps.length, steps.length, calls])
  const openings = events.filter(({ type }) => type === "log.opened").map(({ data }) => data["after"])
  assert.equal(openings.filter((after) => after === "crashed").length, 2)
  tell("demo", `${calls} calls of ${steps.length} runs are in it, each once; how it was found: ${openings.join(", ")}`)
}

/** Changes one byte in a copy of the log: the name of who approved. Gives the line, counted from 1. */
const tamper = (directory: string, lines: ReadonlyArray<string>, copy: string): number => {
  const log = logFile(directory)
  for (const file of [join(directory, "audit.keys"), join(directory, "audit", "audit.head"), log]) {
    cpSync(file, join(copy, relative(directory, file)))
  }
  const index = lines.map(eventOf).findIndex(({ data, type }) => type === "approval.decided" && data["by"] === "ann")
  const forged = lines.map((line, at) => (at === index ? line.replace('"by":"ann"', '"by":"enn"') : line))
  writeFileSync(join(copy, relative(directory, log)), `${forged.join("\n")}\n`)
  return index + 1
}

/** Checks the log of a home, asks it about a run, and shows what becomes of a forger. */
export const inspectTrail = async (directory: string, terminal: Terminal, calls: number): Promise<void> => {
  const text = readFileSync(logFile(directory), "utf8")
  const lines = text.trimEnd().split("\n")
  tell("demo", `the audit log has ${lines.length} events in ${(text.length / 1_024).toFixed(1)} KiB`)
  assertWhole(lines, calls)
  await Promise.all([
    terminal(0, "audit", "verify"),
    terminal(0, "audit", "query", "--session", "refunds", "--run", "step-4")
  ])
  const copy = join(directory, "copy")
  const line = tamper(directory, lines, copy)
  tell("demo", `somebody changes one byte in a copy of the log: in line ${line}, ann becomes enn`)
  const found = await openTerminal(copy, copy)(1, "audit", "verify")
  assert.ok(found.includes(`.jsonl:${line} `), "the place is not named")
}
