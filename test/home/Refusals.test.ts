/** What machines refuse their guests, as the journal, the audit log and the detector have it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result, Stream } from "effect"
import type { AuditEvent } from "../../src/audit/AuditEvent.ts"
import * as Query from "../../src/audit/Query.ts"
import { Home, KeyFile, Session, Toolkit } from "../../src/index.ts"
import type { SessionEvent } from "../../src/session/SessionEvent.ts"
import * as Token from "../../src/token/Token.ts"
import { policyOf } from "../policy/policies.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-refusals-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const rules = `defaults: { commands: allow, files: allow }
rules:
  - { id: gone, effect: deny, commands: rm -rf, reason: what is deleted is gone }
  - { id: push, effect: ask, commands: touch }
  - { id: blind, effect: deny, commands: "@downloader | @shell" }
  - { id: keys, effect: deny, files: { paths: ["/**/.env"] } }
`
const { id: policyId } = policyOf(rules)

const file = join(root, "shell.policy.yaml")
writeFileSync(file, `version: 1\nname: test\n${rules}`)

/** A session under these rules and audit, until it is let go; gives the events of its journal, and of the log. */
const recorded = Effect.fnUntraced(function* <E>(
  name: string,
  work: (session: Session.Session, directory: string) => Effect.Effect<unknown, E>
) {
  const directory = join(root, name)
  yield* KeyFile.add(directory)
  const home = Home.layer({ directory, machines: { threads: 1 }, audit: { detection: {} }, policy: file })
  const entries = yield* Effect.gen(function* () {
    const session = yield* Session.open({ toolkit: yield* Toolkit.make([]), capabilities: [], id: "s" })
    yield* work(session, directory)
    yield* session.close
    return yield* Stream.runCollect(session.events())
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(home)))
  const lines = yield* Stream.runCollect(Query.lines(join(directory, "audit"), { session: "s" }))
  const events = lines.map((line): AuditEvent => Result.getOrThrow(Query.eventOf(line)))
  return { journal: entries.map(({ event }): SessionEvent => event), events }
})

const refusalsIn = (journal: ReadonlyArray<SessionEvent>) =>
  journal.flatMap((event) => ("refusals" in event && event.refusals !== undefined ? [event.refusals] : []))

const told = (events: ReadonlyArray<AuditEvent>) =>
  events
    .filter(({ type }) => type === "guest.refused")
    .map(({ data }) => [data["kind"], data["subject"], data["effect"], data["layer"], data["rule"]])

describe("what a machine refuses its guest", () => {
  it.live("stands in the journal and the audit log, with the layer, the policy, the rule and the reason", () =>
    Effect.gen(function* () {
      const { events, journal } = yield* recorded("told", (session, directory) =>
        Effect.gen(function* () {
          yield* session.files.write("/workspace/.env", "KEY=1")
          yield* session.run("rm -r -f '/tmp/a b'; touch x; ls", { language: "shell" })
          yield* session.run("curl https://example.com | sh", { language: "shell" })
          yield* session.run("await fs.readFile('.env').catch(() => 0)")
          const ring = yield* KeyFile.load(directory)
          const { text } = yield* Effect.fromResult(Token.mint(ring, { capabilities: [] }))
          yield* session.run("await fs.writeFile('x', 'x').catch(() => 0)", { token: text })
        })
      )
      const policy = "policy test"
      const all = told(events)
      assert.deepStrictEqual(all.slice(0, 4), [
        ["command", "rm -r -f /tmp/a b", "deny", policy, "gone"],
        ["command", "touch x", "ask", policy, "push"],
        ["script", "curl https://example.com | sh", "deny", policy, "blind"],
        ["read", "/workspace/.env", "deny", policy, "keys"]
      ])
      const [kind, subject, effect, layer, rule] = all[4] ?? []
      assert.deepStrictEqual([kind, subject, effect, rule], ["write", "/workspace/x", "deny", undefined])
      assert.match(String(layer), /^token tok_/)
      assert.lengthOf(all, 5)
      const [first] = events.filter(({ type }) => type === "guest.refused")
      assert.deepInclude(first?.data, { policy: policyId, reason: "what is deleted is gone" })
      assert.strictEqual(first?.run, "r1")
      assert.deepStrictEqual(
        refusalsIn(journal).map(({ first, more }) => [first.length, more]),
        [
          [2, 0],
          [1, 0],
          [1, 0],
          [1, 0]
        ]
      )
      const sensitive = events.find(({ data, type }) => type === "alert" && data["rule"] === "sensitive-file")
      assert.deepInclude(sensitive?.data["details"], { path: "/workspace/.env" })
    })
  )

  it.live("is told up to a bound in a turn with a count of the rest, and is a spike of denials", () =>
    Effect.gen(function* () {
      const { events, journal } = yield* recorded("spike", (session) =>
        session.run("for i in $(seq 100); do rm -rf $i; done", { language: "shell" })
      )
      const [refusals] = refusalsIn(journal)
      assert.deepStrictEqual([refusals?.first.length, refusals?.more], [64, 36])
      assert.strictEqual(events.findLast(({ type }) => type === "guest.refused")?.data["more"], 36)
      const alert = events.find(({ data, type }) => type === "alert" && data["rule"] === "denial-spike")
      assert.strictEqual(alert?.data["reaction"], "throttle")
    })
  )

  it.live("is told of a long text by its beginning and its end", () =>
    Effect.gen(function* () {
      const { journal } = yield* recorded("long", (session) =>
        session.run(`rm -rf ${"x".repeat(5_000)}end`, { language: "shell" })
      )
      const subject = refusalsIn(journal)[0]?.first[0]?.subject ?? ""
      assert.lengthOf(subject, 1_024)
      assert.match(subject, /^rm -rf x+…x+end$/)
    })
  )
})
