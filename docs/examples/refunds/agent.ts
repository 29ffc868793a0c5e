/**
 * One process that works at the refund session in a directory: `agent.ts DIRECTORY [work | reconcile | settle]`.
 *
 * It says what it does as JSON lines on stdout, and may be killed at any moment. The next one goes on where it stood. With
 * `reconcile` it reads the bank statement where an outcome is unknown; with `settle` it also plays the person who approves.
 */
import { Caisson, type PausedRun, type Session } from "caisson/promise"
import { capabilities, statement, tools } from "./billing.ts"
import { steps } from "./steps.ts"

const [directory = ".caisson-refunds", mode = "work"] = process.argv.slice(2)
const say = (kind: string, detail: unknown) => process.stdout.write(`${JSON.stringify({ kind, detail })}\n`)

const forEver = () => new Promise<never>(() => setInterval(() => {}, 1_000))

const settle = (session: Session, paused: PausedRun) => {
  const call = paused.calls[0]
  if (call === undefined) throw new Error("the run waits for nobody")
  if (call.needs === "decision" && mode !== "settle") return forEver()
  if (call.needs === "decision") {
    say("approves", call)
    return session.answer(call.id, { approve: true, by: "ann@example.com" })
  }
  const effect = statement(directory).find(({ key }) => key.endsWith(`/${call.id}`))
  say("reconciles", { call, happened: effect !== undefined })
  return session.reconcile(call.id, effect === undefined ? { notCommitted: true } : { committed: effect.result })
}

await using caisson = await Caisson.open({ directory })
const grants = { tools: tools(directory, (what) => say("tool", what)), capabilities }
const isKnown = (await caisson.sessions()).some(({ session }) => session === "refunds")
await using session = isKnown
  ? await caisson.resume("refunds", grants)
  : await caisson.session({ ...grants, id: "refunds" })

for (const [index, step] of steps.entries()) {
  let result = await session.run(step.code, { runId: `step-${index + 1}` })
  while (result.status === "paused") {
    say("paused", result.calls)
    result = await (mode === "work" ? forEver() : settle(session, result))
  }
  say("step", { ...step, ...result, number: index + 1 })
}
