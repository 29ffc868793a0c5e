import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Result, Scope } from "effect"
import { Capability } from "../../src/capability/Capability.ts"
import type { SessionsOptions } from "../../src/session/Sessions.ts"
import * as Token from "../../src/token/Token.ts"
import { anything, attenuate, makeWorld, mint, ring } from "./authorities.ts"
import { completed } from "./results.ts"

const verdicts = (journal: ReadonlyArray<{ readonly event: { readonly _tag: string } }>) =>
  journal.flatMap(({ event }) => ("calls" in event ? (event.calls as ReadonlyArray<{ verdict: unknown }>) : []))

const tokenReason = <A, R>(effect: Effect.Effect<A, { readonly _tag: string; readonly reason: unknown }, R>) =>
  Effect.map(Effect.flip(effect), ({ _tag, reason }) => [_tag, (reason as { readonly _tag: string })._tag])

describe("a session with a token", () => {
  it.effect("lets through what its own capabilities and every layer of the token let through", () =>
    Effect.gen(function* () {
      const { grants, outside, process } = yield* makeWorld()
      const sessions = yield* process()
      const base = yield* grants
      const token = attenuate(mint(anything), { capabilities: [{ methods: "math/**", where: { amount: { le: 10 } } }] })
      const session = yield* sessions.open({ ...base, token })
      assert.strictEqual(completed(yield* session.run("double:10")), 20)
      const large = yield* session.run("double:11")
      assert.strictEqual(large._tag === "Failed" && large.error.reason, "ConstraintFailed")
      const unlisted = yield* session.run("twice")
      assert.strictEqual(unlisted._tag === "Failed" && unlisted.error.reason, "NoCapability")
      assert.deepStrictEqual(outside.entered, ["double 10"])
      const [, refused] = verdicts(yield* sessions.entries(session.id))
      assert.match(JSON.stringify(refused), /"ruling":\{"layer":"token tok_\w+ caveat 1"\}/)
    })
  )

  it.effect("A7 gains nothing by a token that allows more than its own capabilities", () =>
    Effect.gen(function* () {
      const { grants, outside, process } = yield* makeWorld()
      const sessions = yield* process()
      const base = yield* grants
      const session = yield* sessions.open({ ...base, capabilities: [], token: mint(anything) })
      const refused = yield* session.run("double:1")
      assert.strictEqual(refused._tag === "Failed" && refused.error.reason, "NoCapability")
      assert.deepStrictEqual(outside.entered, [])
    })
  )

  it.effect("keeps the token's layers and budgets when another process goes on without it", () =>
    Effect.gen(function* () {
      const { grants, outside, process } = yield* makeWorld()
      const base = yield* grants
      const token = mint({ use: "session", capabilities: [{ methods: "bank/pay", maxCalls: 3 }] })
      const held = yield* Scope.make()
      const first = yield* Scope.provide((yield* process()).open({ ...base, token }), held)
      yield* first.run("twice")
      yield* Scope.close(held, Exit.void)
      const second = yield* (yield* process()).resume(first.id, base)
      const spent = yield* second.run("twice")
      assert.strictEqual(spent._tag === "Failed" && spent.error.reason, "BudgetExhausted")
      assert.lengthOf(outside.entered, 3)
    })
  )

  it.effect("A6 refuses a token that does not fit before anything is recorded", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const sessions = yield* process()
      const base = yield* grants
      const open = (token: string) => tokenReason(Effect.scoped(sessions.open({ ...base, id: "s-1", token })))
      assert.deepStrictEqual(yield* open(mint({ ...anything, session: "s-2" })), ["TokenError", "WrongSession"])
      assert.deepStrictEqual(yield* open(mint({ ...anything, use: "execution" })), ["TokenError", "WrongUse"])
      assert.deepStrictEqual(yield* open(`${mint(anything)}A`), ["TokenError", "Malformed"])
      assert.deepStrictEqual(yield* sessions.list({ limit: 10 }), [])
    })
  )

  it.effect("A6 denies calls once the token has been revoked, also those of a caveat's holder", () =>
    Effect.gen(function* () {
      const { grants, outside, process, revoke } = yield* makeWorld()
      const sessions = yield* process()
      const minted = Result.getOrThrow(Token.mint(ring, anything))
      const session = yield* sessions.open({ ...(yield* grants), token: attenuate(minted.text, {}) })
      assert.strictEqual(completed(yield* session.run("double:1")), 2)
      yield* revoke(minted.id)
      const refused = yield* session.run("double:2")
      assert.strictEqual(refused._tag === "Failed" && refused.error.reason, "Revoked")
      assert.deepStrictEqual(outside.entered, ["double 1"])
    })
  )

  it.effect("lowers a new session's limits to what the token allows, and says where no machine can be so small", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const sessions = yield* process()
      const base = yield* grants
      const session = yield* sessions.open({
        ...base,
        token: mint({ ...anything, memoryMebibytes: 16, wallMillis: 5_000 })
      })
      const { memoryMebibytes, wallMillis } = session.state().limits
      assert.deepStrictEqual({ memoryMebibytes, wallMillis }, { memoryMebibytes: 16, wallMillis: 5_000 })
      const tiny = yield* tokenReason(
        Effect.scoped(sessions.open({ ...base, token: mint({ ...anything, memoryMebibytes: 2 }) }))
      )
      assert.deepStrictEqual(tiny, ["SessionError", "InvalidOptions"])
    })
  )
})

describe("a session's token", () => {
  it.effect("says in which languages runs may be, and for which template a session", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const sessions = yield* process()
      const base = yield* grants
      const token = mint({ ...anything, languages: ["javascript"], templates: ["javascript"] })
      const held = yield* Scope.make()
      const session = yield* Scope.provide(sessions.open({ ...base, token }), held)
      assert.deepStrictEqual(yield* tokenReason(session.run("double:1")), ["SessionError", "CodeRefused"])
      assert.strictEqual(completed(yield* session.run("double:1", { language: "javascript" })), 2)
      yield* Scope.close(held, Exit.void)
      const again = yield* sessions.resume(session.id, { ...base, token })
      assert.strictEqual(completed(yield* again.run("double:2", { language: "javascript" })), 4)
    })
  )

  it.effect("may be for one installation alone", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const base = yield* grants
      const open = (audience: string, options: SessionsOptions) =>
        Effect.flatMap(process(options), (sessions) =>
          Effect.exit(Effect.scoped(sessions.open({ ...base, token: mint({ ...anything, audience }) })))
        )
      assert.isTrue(Exit.isSuccess(yield* open("east", { audience: "east" })))
      assert.isTrue(Exit.isFailure(yield* open("east", { audience: "west" })))
      assert.isTrue(Exit.isFailure(yield* open("east", {})))
    })
  )
})

describe("a run with a token", () => {
  it.effect("is narrowed by it, and no other run of the session is", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const session = yield* (yield* process()).open(yield* grants)
      const token = mint({ use: "execution", capabilities: [{ methods: "bank/**" }] })
      const narrow = yield* session.run("double:1", { token })
      assert.strictEqual(narrow._tag === "Failed" && narrow.error.reason, "NoCapability")
      assert.strictEqual(completed(yield* session.run("double:1")), 2)
    })
  )

  it.effect("A6 uses up a token for one use, and asking for the same run again does not", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const session = yield* (yield* process()).open(yield* grants)
      const token = mint({ ...anything, use: "execution", once: true })
      const run = (runId: string) => session.run("double:1", { runId, token })
      assert.strictEqual(completed(yield* run("a")), 2)
      assert.strictEqual(completed(yield* run("a")), 2)
      assert.deepStrictEqual(yield* tokenReason(run("b")), ["TokenError", "AlreadyUsed"])
    })
  )

  it.effect("cannot lower the limits of a session whose machine may live already", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld()
      const session = yield* (yield* process()).open(yield* grants)
      const token = mint({ ...anything, use: "execution", memoryMebibytes: 16, once: true })
      assert.deepStrictEqual(yield* tokenReason(session.run("double:1", { token })), ["SessionError", "TokenTooTight"])
      assert.isTrue(Option.isNone(yield* session.resume()))
      // It was not used up by that.
      const small = yield* (yield* process()).open({ ...(yield* grants), limits: { memoryMebibytes: 16 } })
      assert.strictEqual(completed(yield* small.run("double:1", { token })), 2)
    })
  )
})

describe("a session under a policy", () => {
  it.effect("is denied and asked by its rules, which its capabilities cannot overrule", () =>
    Effect.gen(function* () {
      const { grants, outside, process } = yield* makeWorld(`
defaults: { tools: allow }
rules:
  - { id: no-large, effect: deny, tools: ["math/double"], where: { amount: { gt: 5 } }, reason: too large }
  - { id: see-notes, effect: ask, tools: ["bank/pay"] }
  - { id: watch, effect: detect, tools: ["math/*"] }
`)
      const sessions = yield* process()
      const session = yield* sessions.open({
        ...(yield* grants),
        capabilities: [Capability.make({ methods: ["math/*", "bank/*"] })]
      })
      assert.strictEqual(completed(yield* session.run("double:5")), 10)
      const denied = yield* session.run("double:6")
      assert.strictEqual(denied._tag === "Failed" && denied.error.reason, "PolicyDenied")
      const asked = yield* session.run("twice")
      assert.strictEqual(asked._tag, "Paused")
      assert.deepStrictEqual(outside.entered, ["double 5"])
      const [allowed, refused, question] = verdicts(yield* sessions.entries(session.id)).map((call) =>
        JSON.stringify(call)
      )
      assert.match(allowed ?? "", /"policy":"[0-9a-f]{64}".*"detections":\["watch"\]/)
      assert.match(refused ?? "", /"_tag":"Denied".*"rule":"no-large"/)
      assert.match(question ?? "", /"_tag":"Asked".*"rule":"see-notes"/)
    })
  )

  it.effect("keeps the verdicts of its journal when the policy changes, and new calls get the new ones", () =>
    Effect.gen(function* () {
      const { enact, grants, outside, process } = yield* makeWorld("defaults: { tools: ask }")
      const base = yield* grants
      const sessions = yield* process()
      const session = yield* sessions.open({ ...base, capabilities: [Capability.make({ methods: "bank/*" })] })
      const paused = yield* session.run("twice")
      const [call] = paused._tag === "Paused" ? paused.calls : []
      enact("defaults: { tools: deny }")
      const second = yield* session.answer(call?.id ?? "", { _tag: "Approve", by: "ann" })
      assert.deepStrictEqual(outside.entered, ["pay 1"])
      assert.strictEqual(second._tag === "Failed" && second.error.reason, "PolicyDenied")
    })
  )

  it.effect("gets its ceilings, and code that a rule is about does not run", () =>
    Effect.gen(function* () {
      const { grants, process } = yield* makeWorld(`
defaults: { tools: allow }
limits: { memoryMebibytes: 32 }
rules:
  - { id: no-shatter, effect: deny, code: { contains: ["shatter"] } }
`)
      const session = yield* (yield* process()).open(yield* grants)
      assert.strictEqual(session.state().limits.memoryMebibytes, 32)
      const refused = yield* tokenReason(session.run("shatter"))
      assert.deepStrictEqual(refused, ["SessionError", "CodeRefused"])
      assert.strictEqual(completed(yield* session.run("double:1")), 2)
    })
  )
})
