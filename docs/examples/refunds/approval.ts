/** Persons at other terminals decide on the call that the agent's process waits with. */
import assert from "node:assert/strict"
import { type ApprovalRequest, Approvals, Home } from "caisson"
import { Effect, Layer } from "effect"
import type { Player } from "../shared/process.ts"
import type { Terminal } from "../shared/terminal.ts"
import { show, tell } from "../shared/timeline.ts"

/** What waits in the inbox of a home. Nobody has to hold a session to see that. */
const waiting = (directory: string): Promise<ReadonlyArray<ApprovalRequest.ApprovalRequest>> =>
  Approvals.Approvals.use((inbox) => inbox.list()).pipe(
    Effect.map(({ requests }) => requests),
    Effect.provide(Approvals.Approvals.layer.pipe(Layer.provide(Home.layerJournal({ directory })))),
    Effect.runPromise
  )

/** Four persons, of whom one decides. */
export const decide = async (directory: string, terminal: Terminal, agent: Player): Promise<void> => {
  const [request, ...others] = await waiting(directory)
  assert.ok(request !== undefined && others.length === 0, "one call waits")
  const { call, digest, input, method, session } = request
  tell("inbox", `call ${call} of session ${session}: ${method} ${show(input)}`, `question ${digest}`)
  const approve = ["approvals", "approve", session, call]

  tell("demo", "bob approves ten times as much; the process that holds the session judges that before it acts on it")
  const refused = agent.hears((lines) => lines.at(-1)?.detail._tag === "DecisionRefused")
  await terminal(0, ...approve, "--by", "bob", "--input", JSON.stringify({ ...(input as object), amount: 4_510 }))
  await refused

  tell("demo", "carl approves what he was shown before that; it is another question by now, and nothing happens")
  await terminal(64, ...approve, "--by", "carl", "--digest", digest)

  tell("demo", "ann approves the call as it was asked; dora comes too late, and changes nothing")
  await terminal(0, ...approve, "--by", "ann")
  await terminal(64, "approvals", "deny", session, call, "--by", "dora")
}
