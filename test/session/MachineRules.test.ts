import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { Language } from "../../src/capability/Language.ts"
import type { Policy } from "../../src/policy/Policy.ts"
import type { Admit } from "../../src/session/Admitting.ts"
import * as Airlock from "../../src/session/Airlock.ts"
import { type Authority, Presented, presented, unrestricted } from "../../src/session/Authority.ts"
import * as Entrance from "../../src/session/Entrance.ts"
import { initial, type SessionState } from "../../src/session/SessionState.ts"
import type { GrantInput } from "../../src/token/Grant.ts"
import { policyOf } from "../policy/policies.ts"
import { accepted, attenuate, mint } from "../token/tokens.ts"
import { toolkit } from "./world.ts"

const held = (authority: Partial<Authority>): Effect.Effect<Authority> =>
  Effect.map(Effect.orDie(toolkit({ entered: [], left: [] })), (toolkit) => ({
    toolkit,
    capabilities: [],
    decisionMillis: Number.POSITIVE_INFINITY,
    ...unrestricted,
    ...authority
  }))

const under = (policy: Policy) => ({ policy: Effect.succeed(policy) })

const rulesOf = Effect.fnUntraced(function* (
  authority: Partial<Authority>,
  state: Partial<SessionState>,
  token?: Presented
) {
  const airlock = Airlock.make("s", yield* held(authority))
  return yield* airlock.rules({ ...initial, ...state }, { token })
})

const given = (grant: GrantInput): Presented =>
  presented(accepted(mint(grant).text, { use: grant.use ?? "execution" }), "s")

describe("the rules of a run", () => {
  it.effect("are none without a policy and tokens", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* rulesOf({}, {}))
    })
  )

  it.effect("are those of the policy in force for who asks", () =>
    Effect.gen(function* () {
      const policy = policyOf(`
defaults: { commands: allow, files: allow }
rules: [{ id: rm, effect: deny, commands: rm -rf, when: { tenant: acme, template: node, labels: { env: prod } } }]`)
      const asked = (metadata: Readonly<Record<string, string>>, template: string) =>
        rulesOf(under(policy), { metadata, template })
      const [rule] = (yield* asked({ tenant: "acme", env: "prod" }, "node"))?.policy?.commands?.rules ?? []
      assert.deepStrictEqual(rule, { id: "rm", effect: "deny", patterns: ["rm -rf"] })
      assert.deepStrictEqual((yield* asked({ tenant: "acme" }, "node"))?.policy?.commands?.rules, [])
      assert.deepStrictEqual((yield* asked({ tenant: "acme", env: "prod" }, "go"))?.policy?.commands?.rules, [])
    })
  )

  it.effect("have the folders of the session's token, the run's and the holder's, and no folders without a term", () =>
    Effect.gen(function* () {
      const [session, run, holder] = [
        given({ files: { read: ["/a"] }, use: "session" }),
        given({ files: { write: ["/b"] }, expiresMillis: 9_999_999_999_999 }),
        given({ capabilities: [] })
      ]
      const rules = yield* rulesOf({ presented: [holder] }, { token: session }, run)
      assert.deepStrictEqual(rules, {
        tokens: [
          { layer: `token ${session.ids[0]}`, read: ["/a"], write: [] },
          { layer: `token ${run.ids[0]}`, read: [], write: ["/b"], expiresMillis: 9_999_999_999_999 },
          { layer: `token ${holder.ids[0]}`, read: [], write: [] }
        ]
      })
    })
  )

  it.effect("give nothing of a token that was revoked", () =>
    Effect.gen(function* () {
      const token = given({ files: { read: ["/"] } })
      const isRevoked = Effect.succeed((id: string) => token.ids.includes(id))
      const rules = yield* rulesOf({ isRevoked }, {}, token)
      assert.deepStrictEqual(
        rules?.tokens?.map(({ read }) => read),
        [[]]
      )
    })
  )
})

describe("a token as a journal has it", () => {
  it("has the folders that are left, and none if it has none, as those written before there were files", () => {
    const narrow = attenuate(mint({ files: { read: ["/a", "/b"] } }).text, { files: { read: ["/a/x", "/c"] } }).text
    const plain = JSON.parse(JSON.stringify(presented(accepted(narrow), "s")))
    assert.deepStrictEqual(Schema.decodeUnknownSync(Presented)(plain).files, { read: ["/a/x"], write: [] })
    assert.notProperty(given({ capabilities: [] }), "files")
  })

  it.effect("gives a fork no files if it is for one session, and those of the token if not", () =>
    Effect.gen(function* () {
      const files = { read: ["/a"], write: ["/a"] }
      const readable = Effect.fnUntraced(function* (grant: GrantInput) {
        const token = presented(accepted(mint({ files, ...grant }).text), "orig")
        return (yield* rulesOf({}, { token }))?.tokens?.map(({ read, write }) => [...read, ...write])
      })
      assert.deepStrictEqual(yield* readable({}), [["/a", "/a"]])
      assert.deepStrictEqual(yield* readable({ once: true }), [[]])
    })
  )
})

describe("a run in the language shell", () => {
  const enter = Effect.fnUntraced(function* (
    authority: Partial<Authority>,
    state: Partial<SessionState>,
    text?: string
  ) {
    const program = { run: "r1", language: "shell", source: "ls", token: text }
    const admit: Admit = (text, circumstances) => Effect.sync(() => accepted(text, circumstances))
    const all = yield* held(authority)
    const { rules } = Airlock.make("s-1", all)
    const gate = { session: "s-1", authority: all, admit, check: admit, rules, keepsRules: true }
    const passed = Entrance.pass(gate, { ...initial, ...state }, program)
    return yield* Effect.match(Effect.catchDefect(passed, Effect.fail), {
      onSuccess: () => "passed",
      onFailure: (error) => (error as { readonly reason: { readonly _tag: string } }).reason._tag
    })
  })
  const speaks = (...languages: ReadonlyArray<Language>) => ({ languages, use: "session" }) as const

  it.effect("is refused by tokens that name other languages alone, and let through by those that name it", () =>
    Effect.gen(function* () {
      const [javascript, shell] = [speaks("javascript"), speaks("javascript", "shell")]
      assert.strictEqual(yield* enter({}, {}), "passed")
      assert.strictEqual(yield* enter({}, { token: given(javascript) }), "CodeRefused")
      assert.strictEqual(yield* enter({ presented: [given(javascript)] }, {}), "CodeRefused")
      assert.strictEqual(yield* enter({}, {}, mint(javascript).text), "WrongLanguage")
      assert.strictEqual(
        yield* enter({ presented: [given(shell)] }, { token: given(shell) }, mint(shell).text),
        "passed"
      )
      const narrowed = attenuate(mint(shell).text, { languages: ["javascript"] }).text
      assert.strictEqual(yield* enter({}, {}, narrowed), "WrongLanguage")
    })
  )

  it.effect("is refused by a policy's rule about its code", () =>
    Effect.gen(function* () {
      const policy = policyOf("rules: [{ id: no-shell, effect: deny, code: { languages: shell } }]")
      assert.strictEqual(yield* enter(under(policy), {}), "CodeRefused")
    })
  )
})
