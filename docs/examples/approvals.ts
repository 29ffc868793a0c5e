/**
 * One inbox over all sessions. An agent works and waits; whoever has the inbox decides, holds no session and runs nothing.
 *
 * Agent and inbox share a directory and nothing else: they could as well be two processes, on the same day or not.
 */
import assert from "node:assert/strict"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Approvals, Capability, Home, Sessions, Tool, Toolkit } from "caisson"
import { Effect, Layer, Option, Schema } from "effect"

const directory = mkdtempSync(join(tmpdir(), "caisson-inbox-"))
process.on("exit", () => rmSync(directory, { recursive: true, force: true }))

const sent: Array<string> = []

const send = Tool.make("mail.send", {
  description: "Sends a mail",
  input: Schema.Struct({ to: Schema.String, text: Schema.String }),
  output: Schema.String,
  execute: ({ text, to }) => Effect.sync(() => `mail ${sent.push(`${to}: ${text}`)}`)
})

const grants = Effect.map(Toolkit.make([send]), (toolkit) => ({
  toolkit,
  capabilities: Capability.list([
    {
      methods: "mail/send",
      where: { to: { endsWith: "@example.com" } },
      mode: "ask",
      description: "May this be sent?"
    }
  ])
}))

const home = Home.layer({ directory, machines: { threads: 1 } })

/** Runs until somebody is needed, and lets go. */
const agent = Effect.gen(function* () {
  const sessions = yield* Sessions.Sessions
  const session = yield* sessions.open({ ...(yield* grants), id: "letters" })
  const result = yield* session.run(`
    const one = mail.send({ to: "ann@example.com", text: "Dear Ann, you owe us nohting" })
    const two = mail.send({ to: "bob@example.com", text: "Dear Bob" }).catch((error) => error.message)
    await Promise.all([one, two])`)
  assert.equal(result._tag, "Paused")
}).pipe(Effect.scoped, Effect.provide(home))

/** Decides on what waits. */
const desk = Effect.gen(function* () {
  const inbox = yield* Approvals.Approvals
  const { requests } = yield* inbox.list()
  for (const { call, input, reason, session } of requests) console.log(session, call, JSON.stringify(input), reason)
  const [ann, bob] = requests
  assert.ok(ann !== undefined && bob !== undefined)

  // What was shown is what is decided on: with the digest, another question under the same id is refused.
  const corrected = { to: "ann@example.com", text: "Dear Ann, you owe us nothing" }
  yield* inbox.approve(ann.session, ann.call, { by: "carol@example.com", digest: ann.digest, input: corrected })
  yield* inbox.deny(bob.session, bob.call, { by: "carol@example.com", digest: bob.digest, reason: "not him" })

  // The first decision counts, whoever comes second.
  const late = yield* inbox.approve(bob.session, bob.call, { by: "dave@example.com" })
  assert.deepEqual([late.isFirst, late.decision.by], [false, "carol@example.com"])
  assert.deepEqual((yield* inbox.list()).requests, [])
}).pipe(Effect.provide(Approvals.Approvals.layer.pipe(Layer.provide(Home.layerJournal({ directory })))))

/** Goes on, and takes the decisions up. */
const agentAgain = Effect.gen(function* () {
  const sessions = yield* Sessions.Sessions
  const session = yield* sessions.resume("letters", yield* grants)
  const result = yield* session.resume()
  return Option.map(result, (run) => (run._tag === "Completed" ? run.value : run._tag))
}).pipe(Effect.scoped, Effect.provide(home))

await Effect.runPromise(agent)
await Effect.runPromise(desk)
const value = await Effect.runPromise(agentAgain)
console.log(Option.getOrUndefined(value), sent)
assert.deepEqual(Option.getOrUndefined(value), '["mail 1","not him"]')
assert.deepEqual(sent, ["ann@example.com: Dear Ann, you owe us nothing"])
