/**
 * `npm run demo`: an agent works through a pile of invoices, under a policy and with a token that give it little, while its process
 * is killed twice: once in the middle of concurrent calls, and once while a person thinks. Persons then decide at other terminals,
 * and the audit log proves who did what. Everything below is real: the kills are SIGKILL, the commands are processes, the times
 * are measured.
 */
import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Caisson } from "caisson/promise"
import type { Line } from "../shared/process.ts"
import { openTerminal } from "../shared/terminal.ts"
import { show, tell, timed } from "../shared/timeline.ts"
import { decide } from "./approval.ts"
import { capabilities, statement, tools } from "./billing.ts"
import { home, policyFile } from "./home.ts"
import { startAgent } from "./process.ts"
import { mint, narrow } from "./token.ts"
import { inspectTrail } from "./trail.ts"

const directory = mkdtempSync(join(tmpdir(), "caisson-demo-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))
const terminal = openTerminal(directory, import.meta.dirname)

const began = (count: number) => (lines: ReadonlyArray<Line>) =>
  lines.filter(({ kind, detail }) => kind === "tool" && /^begins billing/.test(detail)).length === count

/** The run has paused, and it has been told who wants a person to see the call. */
const waitsForPerson = (lines: ReadonlyArray<Line>) =>
  lines.some(({ detail }) => detail._tag === "Asked") &&
  lines.some(({ detail, kind }) => kind === "paused" && /refunds/.test(detail[0]?.method))

/** The operator makes a key and a token; the framework, which has no key, gives the agent less. */
const makeToken = async (): Promise<string> => {
  tell("demo", "an operator tries the policy, makes a key, and makes a token with it")
  await Promise.all([terminal(0, "policy", "test", policyFile), terminal(0, "keys", "new")])
  const [minted, mintMillis] = await timed(() => mint(directory))
  tell("operator", `minted ${minted.id} for billing and bank: ${minted.text.length} B, ${mintMillis.toFixed(2)} ms`)
  const [narrowed, narrowMillis] = await timed(() => narrow(minted))
  const cost = `${narrowed.text.length} B, ${narrowMillis.toFixed(2)} ms, without the key`
  tell("framework", `narrowed it to billing with small credit notes, two refunds and an hour: ${cost}`)
  return narrowed.text
}

/** What would be if the answer were no: in a fork, while the session itself goes on waiting. */
const explore = async (): Promise<void> => {
  await using caisson = await Caisson.open(home(directory))
  const grants = { tools: tools(directory, () => {}), capabilities }
  await using session = await caisson.resume("refunds", grants)
  await using fork = await caisson.resume(await session.fork({ id: "refunds-if-not" }), grants)
  const [call] = (await fork.resume())?.calls ?? []
  assert.ok(call, "the fork waits for the same person")
  const refused = await fork.answer(call.id, { deny: "not this quarter", by: "the demo" })
  tell("the fork", `came to ${show(refused.value)}`)
}

const token = await makeToken()

tell("demo", "an agent opens a session with that token; it will be killed with three calls under way")
const first = startAgent(directory, token)
await first.hears(began(3))
await first.kill()

tell("demo", "another process finishes those calls, and is killed while it waits for a person")
const second = startAgent(directory)
await second.hears(waitsForPerson)
await second.kill()

tell("demo", "before anybody decides, a fork of the session explores the answer no")
await explore()

tell("demo", "a third process holds the session and waits, while persons decide at other terminals")
const third = startAgent(directory)
await third.hears(waitsForPerson)
await decide(directory, terminal, third)
assert.equal(await third.exitCode, 0, "the last process did not finish")

const last = third.lines.findLast(({ kind }) => kind === "step")
assert.deepEqual(
  last?.detail.value,
  ["NoCapability", "ConstraintFailed", "BudgetExhausted"],
  "the token gave more than it says"
)

const effects = statement(directory)
tell(
  "bank",
  `${effects.length} effects, each once:`,
  ...effects.map(({ method, result }) => `  ${method} ${show(result)}`)
)
assert.equal(new Set(effects.map(({ key }) => key)).size, effects.length, "an effect happened twice")
assert.ok(
  effects.every(({ method }) => method !== "bank.accounts.change"),
  "an account was changed"
)

const bytes = readdirSync(directory, { recursive: true, encoding: "utf8" })
  .map((file) => statSync(join(directory, file)))
  .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0)

const calls = third.lines.reduce((sum, { detail, kind }) => sum + (kind === "step" ? detail.metrics.calls : 0), 0)
await inspectTrail(directory, terminal, calls)
tell(
  "demo",
  `three processes, two of them killed, nothing lost, nothing done twice; ${Math.round(bytes / 1_024)} KiB on disk`
)
