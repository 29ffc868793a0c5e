/**
 * `npm run demo:vm [-- DIRECTORY]`: Python with pandas and matplotlib in a machine with a kernel of its own. A script asks a person
 * in the middle of an expression, its process is killed with SIGKILL, and another process goes on with it. Pictures end in DIRECTORY.
 * Everything below is real: the kill, the machines, the times and the sizes.
 */
import assert from "node:assert/strict"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { extname, join, resolve } from "node:path"
import { Caisson } from "caisson/promise"
import { type Line, type Player, start } from "../shared/process.ts"
import { openTerminal } from "../shared/terminal.ts"
import { colour, show, tell, timed } from "../shared/timeline.ts"
import shop from "./shop.ts"

const template = "python-data-analysis"
const [given] = process.argv.slice(2)
const output = given === undefined ? mkdtempSync(join(tmpdir(), "caisson-demo-vm-")) : resolve(given)
mkdirSync(output, { recursive: true })
const directory = mkdtempSync(join(tmpdir(), "caisson-demo-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
const books = join(directory, "books.jsonl")
process.env["SHOP_BOOKS"] = books
const terminal = openTerminal(directory, import.meta.dirname)

const mebibytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`

/** What the home takes on the disk: the journal, with what was written down of machines. */
const size = (): string =>
  mebibytes(
    readdirSync(directory)
      .map((name) => statSync(join(directory, name)))
      .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)
  )

/** Ends here, and says what mends it, if this host has no such machines. */
const warmed = async (): Promise<number> => {
  try {
    await using caisson = await Caisson.open()
    const { metrics } = await caisson.runOnce("1 + 1", { template, language: "python" })
    return metrics.restoreMillis
  } catch (error) {
    if ((error as { readonly _tag?: unknown })._tag !== "MachineError") throw error
    console.error(`This demo runs Python in a machine of its own, and there is none to be had here:
  ${(error as Error).message}

  npm run microvm:setup                                  installs what such machines need (on Debian; it asks first)
  npm run caisson -- template build ${template}   builds the image
  npm run caisson -- doctor --tier microvm               says what is still missing`)
    process.exit(69)
  }
}

const describeStep = ({ displays, error, metrics, number, say, stdout, value }: Line["detail"]): string => {
  const text = displays.find((display: Record<string, string>) => display["mediaType"] === "text/plain")?.text
  const { guestMillis, memoryBytes, restoreMillis, wallMillis } = metrics
  const spent = [
    `${(wallMillis / 1_000).toFixed(1)} s, of these guest ${guestMillis.toFixed(0)} ms, its machine back in ${restoreMillis} ms`,
    `Python has ${mebibytes(memoryBytes)}, the home ${size()}`
  ]
  return [
    colour("bold", `step ${number}: ${say}`),
    ...(stdout === "" ? [] : [`  printed ${stdout.trim()}`]),
    error === null ? `  came to ${(text ?? show(value)).replaceAll("\n", "\n  ")}` : colour("red", error.message),
    colour("gray", `  ${spent.join("; ")}`)
  ].join("\n")
}

/** What was told already: a later process has it from the journal, and it is no news. */
const told = new Set<number>()

const describe = ({ detail, kind }: Line): string | undefined => {
  switch (kind) {
    case "file":
      return `${detail.path} written into the session: ${(detail.bytes / 1_024).toFixed(0)} KiB`
    case "paused":
      return colour("yellow", `paused: call ${detail[0].id} ${detail[0].method} ${show(detail[0].input)}`)
    case "artifact":
      return colour("green", `${detail.path}  ${detail.mediaType}, ${(detail.bytes / 1_024).toFixed(0)} KiB`)
    default:
      return told.has(detail.number) || !told.add(detail.number) ? undefined : describeStep(detail)
  }
}

const startAnalyst = (): Player =>
  start({
    program: [join(import.meta.dirname, `analyst${extname(import.meta.filename)}`), directory, output],
    describe
  })

const waitsForPerson = (lines: ReadonlyArray<Line>) => lines.some(({ kind }) => kind === "paused")

/** What would be if the answer were no: in a fork, with a machine of its own, while the session itself goes on waiting. */
const explore = async (): Promise<string> => {
  await using caisson = await Caisson.open({ directory })
  await using session = await caisson.resume("sales", shop)
  const [id, forkMillis] = await timed(() => session.fork({ id: "sales-if-not" }))
  await using fork = await caisson.resume(id, shop)
  const [call] = (await fork.resume())?.calls ?? []
  assert.ok(call, "the fork waits for the same person")
  const [refused, millis] = await timed(() => fork.answer(call.id, { deny: "not this quarter", by: "the demo" }))
  const { bytes } = await fork.files.readArtifact("revenue.png")
  const path = join(output, "revenue-if-not.png")
  writeFileSync(path, bytes)
  const cost = `forked in ${forkMillis.toFixed(0)} ms, answered in ${(millis / 1_000).toFixed(1)} s`
  tell("the fork", `came to ${show(refused.value)}`, colour("green", path), colour("gray", cost))
  return call.id
}

tell(
  "demo",
  `a first machine of ${template}; the very first on a host is booted and warmed up, which takes a minute or two`
)
tell("demo", `it was there after ${((await warmed()) / 1_000).toFixed(1)} s; those to come begin as it is now`)

tell(
  "demo",
  "an analyst opens a session; its process will be killed while the script waits in the middle of an expression"
)
const first = startAnalyst()
await first.hears(waitsForPerson)
await first.kill()
tell("demo", `its machine ended with it; what it was stands in the journal: the home has ${size()}`)

tell("demo", "before anybody decides, a fork explores the answer no")
const call = await explore()

tell("demo", "another process takes the session over and waits, without a machine; ann agrees at another terminal")
const second = startAnalyst()
await second.hears(waitsForPerson)
await terminal(0, "approvals", "approve", "sales", call, "--by", "ann")
assert.equal(await second.exitCode, 0, "the second process did not finish")

tell("demo", "a third process, by the command line: variables and files are still there")
const code = "report['campaign'], sales.shape, next(ranking)"
const printed = await terminal(0, "run", "-e", code, "--session", "sales")
assert.ok(printed.includes("EAST-2026-11"), "the variables are gone")

assert.ok(existsSync(books), "nothing was started")
const started = readFileSync(books, "utf8").trim().split("\n")
assert.equal(started.length, 1, "a campaign was started twice, or by the fork")
tell("shop", `one campaign was started, once: ${started[0]}`)
tell("demo", `four processes, one of them killed, nothing lost; the home has ${size()}; pictures are in ${output}`)
