/**
 * One process that works at the refund session in a directory: `agent.ts DIRECTORY`, with a token in REFUNDS_TOKEN to open it.
 *
 * It says what it does as JSON lines on stdout, and may be killed at any moment. The next one goes on where it stood: it needs no
 * token, for the session keeps what it was opened with. Where an outcome is unknown it reads the bank statement; where a person
 * has to decide it holds the session and waits, and whoever decides does so elsewhere.
 */
import { Caisson, type Entry, type PausedRun, type Session } from "caisson/promise"
import { capabilities, statement, tools } from "./billing.ts"
import { home } from "./home.ts"
import { steps } from "./steps.ts"

const [directory = ".caisson-refunds"] = process.argv.slice(2)
const say = (kind: string, detail: unknown) => process.stdout.write(`${JSON.stringify({ kind, detail })}\n`)

/** What an entry of the journal says about who decided what. */
const rulingsOf = ({ event }: Entry): ReadonlyArray<object> => {
  if (event._tag === "CallApproved" || event._tag === "DecisionRefused") return [event]
  if (event._tag !== "Parked") return []
  return event.calls
    .filter(({ verdict }) => verdict._tag !== "Allowed" || verdict.ruling?.detections !== undefined)
    .map(({ id, method, verdict }) => ({ call: id, method, ...verdict }))
}

/** Says what is decided on the calls of a run as it is written down, until the run has ended. Gives the place of that. */
const narrate = async (session: Session, run: string, after: number): Promise<number> => {
  for await (const entry of session.events({ after })) {
    for (const ruling of rulingsOf(entry)) say("ruling", { seq: entry.seq, ...ruling })
    if (entry.event._tag === "RunEnded" && entry.event.run === run) return entry.seq
  }
  return after
}

/** A person may take this long. */
const waiting = { patience: "1 minute", answerPatience: "5 minutes" } as const

const settle = async (session: Session, paused: PausedRun) => {
  const call = paused.calls.find(({ needs }) => needs === "reconciliation")
  if (call === undefined) return (await session.resume(waiting)) ?? paused
  const effect = statement(directory).find(({ key }) => key.endsWith(`/${call.id}`))
  say("reconciles", { call, happened: effect !== undefined })
  return session.reconcile(call.id, effect === undefined ? { notCommitted: true } : { committed: effect.result })
}

await using caisson = await Caisson.open(home(directory))
const grants = { tools: tools(directory, (what) => say("tool", what)), capabilities }
const isKnown = (await caisson.sessions()).some(({ session }) => session === "refunds")
await using session = isKnown
  ? await caisson.resume("refunds", grants)
  : await caisson.session({ ...grants, id: "refunds", token: process.env["REFUNDS_TOKEN"] })

let told = 0
for (const [index, step] of steps.entries()) {
  const runId = `step-${index + 1}`
  const narrated = narrate(session, runId, told)
  let result = await session.run(step.code, { runId })
  while (result.status === "paused") {
    say("paused", result.calls)
    result = await settle(session, result)
  }
  told = await narrated
  say("step", { ...step, ...result, number: index + 1 })
}
