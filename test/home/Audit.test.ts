import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Result, Schema, Stream } from "effect"
import type { AuditEvent } from "../../src/audit/AuditEvent.ts"
import * as AuditKeyFile from "../../src/audit/AuditKeyFile.ts"
import * as Query from "../../src/audit/Query.ts"
import { verify } from "../../src/audit/Verify.ts"
import { Capability, Home, KeyFile, Revocations, Session, Sessions, Token, Tool, Toolkit } from "../../src/index.ts"

const root = mkdtempSync(join(tmpdir(), "caisson-audited-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const Amount = Schema.Struct({ amount: Schema.Finite, note: Schema.optionalKey(Schema.String) })

const planted = { detection: { honeytokens: [{ name: "canary", value: "canary-7f3a9c21e5" }] } }

const entered: Array<string> = []

const tool = (name: string, readOnly: boolean) =>
  Tool.make(name, {
    description: name,
    input: Amount,
    output: Schema.Finite,
    readOnly,
    execute: ({ amount, note = "" }) =>
      Effect.sync(() => {
        entered.push(`${name} ${amount} ${note}`)
        return amount * 2
      })
  })

const guess = Tool.make("math.guess", {
  description: "guess",
  input: Amount,
  output: Schema.Finite,
  readOnly: true,
  execute: ({ amount }) => Effect.fail(new Error(`it is not ${amount}`))
})

const grants = Effect.map(
  Toolkit.make([tool("math.double", true), guess, tool("bank.pay", false), tool("bank.ask", false)]),
  (toolkit) => ({
    toolkit,
    capabilities: [
      Capability.make({ methods: "math/*", where: { amount: { le: 10 } } }),
      Capability.make({ methods: "math/guess" }),
      Capability.make({ methods: "bank/pay" }),
      Capability.make({ methods: "bank/ask", mode: "ask" })
    ]
  })
)

/** What another process would do: nothing is shared but the directory. */
const inHome = (directory: string, audit?: Home.HomeOptions["audit"]) =>
  Effect.provide(Layer.fresh(Home.layer({ directory, machines: { threads: 1 }, audit })))

const eventsOf = Effect.fnUntraced(function* (directory: string, session: string) {
  const lines = yield* Stream.runCollect(Query.lines(join(directory, "audit"), { session }))
  return lines.map((line): AuditEvent => Result.getOrThrow(Query.eventOf(line)))
})

const typesOf = (events: ReadonlyArray<AuditEvent>) => events.map(({ type }) => type)

const assertSound = Effect.fnUntraced(function* (directory: string) {
  const { signing, verification } = yield* AuditKeyFile.load(join(directory, "audit.keys"))
  const verdict = yield* verify({ directory: join(directory, "audit"), keys: [signing, ...verification] })
  assert.deepStrictEqual(verdict.findings, [])
})

describe("sessions of a home under audit", () => {
  it.live("A1 leave start, decisions, calls, results and end in their order, with the same run and turns", () =>
    Effect.gen(function* () {
      const directory = join(root, "order")
      const id = yield* Effect.gen(function* () {
        const session = yield* Session.open(yield* grants)
        const paused = yield* session.run(
          `console.log("secret sk_live_0123456789abcdef0123"); await math.double({ amount: 1 })
           try { await math.double({ amount: 11 }) } catch {}
           await bank.pay({ amount: 2 }); await bank.ask({ amount: 3 })`,
          { runId: "r" }
        )
        const [call] = paused._tag === "Paused" ? paused.calls : []
        yield* session.answer(call?.id ?? "", { _tag: "Approve", by: "ann" })
        return session.id
      }).pipe(Effect.scoped, inHome(directory, { output: "text" }))
      const all = yield* eventsOf(directory, id)
      const events = all.filter(({ type }) => !type.startsWith("machine."))
      assert.deepStrictEqual(typesOf(all.filter((event) => !events.includes(event))), [
        "machine.started",
        "machine.stopped"
      ])
      assert.deepStrictEqual(typesOf(events), [
        "session.opened",
        "run.started",
        ...["output", "call.decided", "run.parked", "call.settled"],
        ...["call.decided", "run.parked"],
        ...["call.decided", "run.parked", "call.started", "call.settled"],
        ...["call.decided", "approval.requested", "run.parked", "approval.decided", "call.started", "call.settled"],
        "run.ended"
      ])
      assert.isTrue(events.slice(1).every(({ run }) => run === "r"))
      const turns = events.slice(1).map(({ turn }) => Number(turn?.split(".")[1]))
      assert.deepStrictEqual(
        turns,
        turns.toSorted((left, right) => left - right)
      )
      const decisions = events
        .filter(({ type }) => type === "call.decided")
        .map(({ data }) => [data["effect"], data["reason"]])
      assert.deepStrictEqual(decisions, [
        ["allow", undefined],
        ["deny", "ConstraintFailed"],
        ["allow", undefined],
        ["ask", "bank/ask needs approval"]
      ])
      assert.deepStrictEqual(events.find(({ type }) => type === "approval.decided")?.data["by"], "ann")
      assert.strictEqual(events.find(({ type }) => type === "output")?.data["text"], "secret [redacted: stripe-key]\n")
      yield* assertSound(directory)
    })
  )

  it.live("leave the denial of a call that a script has made of a tool it does not know", () =>
    Effect.gen(function* () {
      const directory = join(root, "unknown")
      const id = yield* Effect.gen(function* () {
        const session = yield* Session.open(yield* grants)
        yield* session.run("tool bank.payouts.send --amount 5; tool bank.refnd", { language: "shell" })
        return session.id
      }).pipe(Effect.scoped, inHome(directory, {}))
      const decisions = (yield* eventsOf(directory, id)).flatMap(({ data, type }) =>
        type === "call.decided" ? [[data["method"], data["input"], data["effect"], data["reason"]]] : []
      )
      assert.deepStrictEqual(decisions, [
        ["bank/payouts/send", [{ amount: 5 }], "deny", "NoCapability"],
        ["bank/refnd", [{}], "deny", "NoCapability"]
      ])
      yield* assertSound(directory)
    })
  )

  it.live("leave nothing in the log or in errors that the policy takes for a secret", () =>
    Effect.gen(function* () {
      const directory = join(root, "secrets")
      const policy = join(root, "secrets.policy.yaml")
      writeFileSync(
        policy,
        `version: 1
name: secrets
defaults: { tools: allow, commands: allow, files: allow }
rules:
  - { id: gone, effect: deny, commands: rm -rf }
output:
  redact: [credit-card, github-token, { name: project, literal: "blue\\n\\"heron\\"" }]
`
      )
      const leaks = Tool.make("bank.leak", {
        description: "fails",
        input: Schema.Record(Schema.String, Schema.Unknown),
        output: Schema.Finite,
        execute: () => Effect.fail(new Error("card 4111 1111 1111 1111 was refused")),
        readOnly: false
      })
      const github = `ghp_${"a1B2".repeat(9)}`
      const home = Home.layer({ directory, machines: { threads: 1 }, audit: {}, policy })
      const result = yield* Effect.gen(function* () {
        const toolkit = yield* Toolkit.make([tool("bank.pay", false), leaks])
        const session = yield* Session.open({
          toolkit,
          capabilities: [Capability.make({ methods: "bank/*" })],
          id: "s"
        })
        yield* session.run("rm -rf /blue'\n\"heron\"'", { language: "shell" })
        return yield* session.run(
          `await bank.pay({ amount: 4111111111111111, note: 'of blue\\n"heron"' })
           await bank.leak({ '4111 1111 1111 1111': [{ card: '5500-0000-0000-0004' }], number: 12 }).catch(() => {})
           await bank.pay({ amount: 1, card: '5500-0000-0000-0004' }).catch(() => {})
           throw new Error('no access with ${github}, nor to blue\\n"heron"')`
        )
      }).pipe(Effect.scoped, Effect.provide(home))
      assert.strictEqual(result._tag, "Failed")
      const error = result._tag === "Failed" ? result.error : undefined
      assert.strictEqual(error?.message, "no access with [redacted: github-token], nor to [redacted: project]")
      const events = yield* eventsOf(directory, "s")
      const inputs = events.filter(({ type }) => type === "call.decided").map(({ data }) => data["input"])
      assert.deepStrictEqual(inputs.slice(0, 2), [
        { amount: "[redacted: credit-card]", note: "of [redacted: project]" },
        { "[redacted: credit-card]": [{ card: "[redacted: credit-card]" }], number: 12 }
      ])
      const removal = events.find(({ type }) => type === "guest.refused")
      assert.deepInclude(removal?.data, {
        subject: "rm -rf /[redacted: project]",
        reason: "rule gone denies rm -rf /[redacted: project]"
      })
      const refused = { name: "Error", message: "card [redacted: credit-card] was refused" }
      const errors = events.filter(({ type }) => type === "call.settled").map(({ data }) => data["error"])
      assert.deepStrictEqual(errors, [undefined, refused])
      const log = JSON.stringify(events)
      for (const secret of ["4111111111111111", "4111 1111", "5500-", "heron", github]) assert.notInclude(log, secret)
      yield* assertSound(directory)
    })
  )

  it.live("are made up for in the log once they are held again, each entry once", () =>
    Effect.gen(function* () {
      const directory = join(root, "made-up")
      const open = Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        yield* session.run("await bank.pay({ amount: 1 })")
      })
      const resume = Effect.flatMap(grants, (grants) => Session.resume("s", grants))
      yield* open.pipe(Effect.scoped, inHome(directory))
      yield* resume.pipe(Effect.scoped, inHome(directory, {}))
      const first = yield* eventsOf(directory, "s")
      assert.includeMembers(typesOf(first), [
        "session.opened",
        "run.started",
        "call.decided",
        "call.settled",
        "run.ended"
      ])
      yield* resume.pipe(Effect.scoped, inHome(directory, {}))
      assert.deepStrictEqual(yield* eventsOf(directory, "s"), first)
      yield* assertSound(directory)
    })
  )

  it.live("are frozen where a planted value leaves, until a person says otherwise", () =>
    Effect.gen(function* () {
      const directory = join(root, "frozen")
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        const leaking = yield* session.run("await math.double({ amount: 1, note: 'canary-7f3a9c21e5' })")
        assert.deepInclude(leaking, { _tag: "Paused", isFrozen: true, calls: [] })
        assert.deepStrictEqual(
          entered.filter((call) => call.includes("canary")),
          []
        )
        assert.strictEqual(session.state().stance, "frozen")
        const refused = yield* Effect.flip(session.run("await math.double({ amount: 1 })"))
        assert.strictEqual(refused.reason._tag, "SessionFrozen")
        yield* session.guard("open", { reason: "looked into", by: "ann" })
        const leaked = Option.getOrThrow(yield* session.resume())
        assert.strictEqual(leaked._tag === "Failed" && leaked.error.reason, "Frozen")
        assert.strictEqual((yield* session.run("await math.double({ amount: 1 })"))._tag, "Completed")
      }).pipe(Effect.scoped, inHome(directory, planted))
      const events = yield* eventsOf(directory, "s")
      const alert = events.find(({ type, data }) => type === "alert" && data["rule"] === "honeytoken")
      assert.strictEqual(alert?.data["reaction"], "freeze")
      assert.notInclude(JSON.stringify(alert), "canary-7f3a9c21e5")
      const stances = events.filter(({ type }) => type === "session.guarded").map(({ data }) => data["stance"])
      assert.deepStrictEqual(stances, ["frozen", "open"])
    })
  )

  it.live("keep where the guest stood at the read-only call that froze them, and go no further from there", () =>
    Effect.gen(function* () {
      const directory = join(root, "forensic")
      const kept = yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        yield* session.run(
          `globalThis.loot = "stolen"
           try { await math.double({ amount: 1, note: "canary-7f3a9c21e5" }) } catch {}
           const found = loot; globalThis.loot = "wiped"; found`
        )
        const again = Option.getOrThrow(yield* session.resume())
        assert.deepInclude(again, { _tag: "Paused", isFrozen: true })
        const entries = Array.from(yield* (yield* Sessions.Sessions).entries("s"))
        assert.deepStrictEqual(
          entries.slice(-4).map(({ event }) => event._tag),
          ["Parked", "Guarded", "Kept", "CallAnswered"]
        )
        const { event } = entries.at(-2) ?? {}
        return event?._tag === "Kept" ? event.snapshot : undefined
      }).pipe(Effect.scoped, inHome(directory, planted))
      yield* Effect.gen(function* () {
        const session = yield* Session.resume("s", yield* grants)
        assert.strictEqual((yield* Effect.flip(session.run("loot = 'mine'"))).reason._tag, "SessionFrozen")
        yield* session.guard("open", { reason: "looked into", by: "ann" })
        const end = Option.getOrThrow(yield* session.resume())
        assert.strictEqual(end._tag === "Completed" && end.value, '"stolen"')
      }).pipe(Effect.scoped, inHome(directory, planted))
      const restored = (yield* eventsOf(directory, "s")).filter(({ type }) => type === "machine.restored")
      assert.isDefined(kept)
      assert.deepStrictEqual(
        restored.map(({ data }) => data["snapshot"]),
        [kept]
      )
    })
  )

  it.live("are frozen by an answer before the guest has it", () =>
    Effect.gen(function* () {
      const directory = join(root, "answered")
      const rules = { enumeration: { misses: 3, reaction: "freeze" as const } }
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        const guessing = yield* session.run(
          "for (let i = 0; i < 9; i++) try { await math.guess({ amount: i }) } catch { console.log(i) }"
        )
        assert.deepInclude(guessing, { _tag: "Paused", isFrozen: true, stdout: "0\n1\n" })
        assert.strictEqual((yield* (yield* Sessions.Sessions).entries("s")).at(-1)?.event._tag, "Kept")
      }).pipe(Effect.scoped, inHome(directory, { detection: { rules } }))
    })
  )

  it.live("keep where the guest stood at the end of the run that froze them", () =>
    Effect.gen(function* () {
      const directory = join(root, "ended")
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s", snapshots: "lazy" })
        yield* session.run("globalThis.loot = 'canary-7f3a9c21e5'; loot")
        const { event } = (yield* (yield* Sessions.Sessions).entries("s")).at(-1) ?? {}
        assert.strictEqual(event?._tag, "Kept")
        assert.strictEqual((yield* Effect.flip(session.run("loot = ''"))).reason._tag, "SessionFrozen")
      }).pipe(Effect.scoped, inHome(directory, planted))
    })
  )

  it.live("keep what was refused before it became a part of them: tokens and code", () =>
    Effect.gen(function* () {
      const directory = join(root, "refused")
      const policy = join(root, "refused.policy.yaml")
      writeFileSync(policy, "version: 1\nname: p\nrules: [{ id: no-eval, effect: deny, code: { contains: [eval] } }]\n")
      yield* KeyFile.add(directory)
      const home = Layer.fresh(Home.layer({ directory, machines: { threads: 1 }, audit: {}, policy }))
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s" })
        const code = yield* Effect.flip(session.run("eval('1')"))
        const token = yield* Effect.flip(session.run("1", { token: "ct1.none" }))
        assert.deepStrictEqual([code.reason._tag, token.reason._tag], ["CodeRefused", "Malformed"])
      }).pipe(Effect.scoped, Effect.provide(home))
      const events = yield* eventsOf(directory, "s")
      assert.deepStrictEqual(events.map(({ data, type }) => [type, data["rule"] ?? data["reason"]]).slice(1), [
        ["code.refused", "no-eval"],
        ["token.refused", "Malformed"]
      ])
    })
  )

  it.live("tell of an approval that a token's end came before, and which layer denied the call", () =>
    Effect.gen(function* () {
      const directory = join(root, "lapsed")
      yield* KeyFile.add(directory)
      const keys = yield* KeyFile.load(directory)
      const minted = Result.getOrThrow(Token.mint(keys, { use: "session", capabilities: [{ methods: "**" }] }))
      yield* Effect.gen(function* () {
        const session = yield* Session.open({ ...(yield* grants), id: "s", token: minted.text })
        yield* session.run("await bank.ask({ amount: 1 })")
        yield* Revocations.Revocations.use(({ revoke }) => revoke({ id: minted.id, revokedMillis: 0 }))
        yield* session.answer("1.1", { _tag: "Approve", by: "ann" })
      }).pipe(Effect.scoped, inHome(directory, {}))
      const told = (yield* eventsOf(directory, "s")).filter(({ data }) => data["call"] === "1.1").slice(2)
      const layer = `token ${minted.id}`
      assert.deepStrictEqual(
        told.map(({ data, type }) => [type, data["why"] ?? data["receipt"], data["by"], data["layer"]]),
        [
          ["approval.refused", "Revoked", "ann", undefined],
          ["call.settled", "refused", "ann", layer]
        ]
      )
    })
  )

  it.live("are seen once by the detector, however often they are let go and held again", () =>
    Effect.gen(function* () {
      const directory = join(root, "once")
      const home = Layer.fresh(Home.layer({ directory, machines: { threads: 1 }, audit: { detection: {} } }))
      const denials = (count: number) =>
        `for (let i = 0; i < ${count}; i++) try { await math.double({ amount: 11 }) } catch {}`
      yield* Effect.gen(function* () {
        const given = yield* grants
        yield* Effect.scoped(Effect.flatMap(Session.open({ ...given, id: "s" }), (session) => session.run(denials(12))))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const session = yield* Session.resume("s", given)
            yield* session.run(denials(3))
            assert.strictEqual(session.state().stance, "open")
            yield* session.run(denials(12))
            assert.strictEqual(session.state().stance, "throttled")
          })
        )
      }).pipe(Effect.provide(home))
    })
  )

  it.live("of two processes only one audits, and the other one says why it does not start", () =>
    Effect.gen(function* () {
      const directory = join(root, "two")
      const held = yield* Effect.scoped(
        Effect.andThen(
          Layer.build(Layer.fresh(Home.layer({ directory, machines: { threads: 1 }, audit: {} }))),
          Effect.flip(inHome(directory, {})(Sessions.Sessions))
        )
      )
      assert.strictEqual(held.reason._tag === "AuditError" && held.reason.reason._tag, "LogLocked")
    })
  )
})
