/** Sessions over machines that do not keep rules: what they would break is refused before there is one. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Result } from "effect"
import { Machines } from "../../src/machine/Machine.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import { InForce } from "../../src/policy/InForce.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import { Sessions } from "../../src/session/Sessions.ts"
import { type Notice, Witness } from "../../src/session/Witness.ts"
import * as Admission from "../../src/token/Admission.ts"
import type { GrantInput } from "../../src/token/Grant.ts"
import * as KeyRing from "../../src/token/KeyRing.ts"
import * as Nonces from "../../src/token/Nonces.ts"
import * as Revocations from "../../src/token/Revocations.ts"
import * as Token from "../../src/token/Token.ts"
import { policyOf } from "../policy/policies.ts"
import { capabilities, programs, toolkit } from "./world.ts"

const ring = Result.getOrThrow(
  KeyRing.parse("test", Redacted.make(`k1:${Buffer.from("0123456789abcdefghijklmnopqrstuv").toString("base64url")}`))
)
const mint = (grant: GrantInput) => Result.getOrThrow(Token.mint(ring, grant)).text

/** What such machines did and what was noticed. */
interface Seen {
  boots: number
  readonly notices: Array<Notice>
}

const tier = (seen: Seen) =>
  Layer.effect(
    Machines,
    Effect.map(Machines, (machines) => ({
      ...machines,
      boot: (options) =>
        Effect.andThen(
          Effect.sync(() => seen.boots++),
          machines.boot(options)
        )
    }))
  ).pipe(
    Layer.provide(Scripted.layer({ ...programs, ls: programs["constant"] ?? assert.fail() }, { keepsRules: false }))
  )

const makeWorld = Effect.fnUntraced(function* (yaml?: string) {
  const seen: Seen = { boots: 0, notices: [] }
  const tokens = Admission.layer(Effect.succeed(ring)).pipe(
    Layer.provideMerge(Layer.merge(Revocations.layerMemory, Nonces.layerMemory))
  )
  const witness = { ...(yield* Witness), notice: (notice: Notice) => Effect.sync(() => void seen.notices.push(notice)) }
  const shared = Layer.mergeAll(
    JournalMemory.layer,
    tier(seen),
    tokens,
    Layer.succeed(InForce, Effect.succeed(yaml === undefined ? undefined : policyOf(yaml)))
  )
  const services = yield* Layer.build(Layer.fresh(Sessions.layer().pipe(Layer.provideMerge(shared))))
  const grants = { toolkit: yield* toolkit({ entered: [], left: [] }), capabilities }
  const session = yield* Context.get(services, Sessions).open({ ...grants, id: "s" })
  /** How a run went: it completed, or what it was refused for. */
  const run = (code: string, language: "shell" | "typescript", token?: string) =>
    session.run(code, { language, token }).pipe(
      Effect.map(({ _tag }): string => _tag),
      Effect.catchTag("SessionError", ({ reason }) => Effect.succeed(reason._tag)),
      Effect.provideService(Witness, witness)
    )
  const started = Effect.map(Context.get(services, Journal).read("s", 0), (entries) =>
    entries.filter(({ event }) => event._tag === "RunStarted")
  )
  return { run, started, seen, session }
})

const open = "defaults: { commands: allow, files: allow }"

describe("a run in a machine that keeps no rules", () => {
  it.effect("begins without a policy and token, and where they allow all files and commands", () =>
    Effect.gen(function* () {
      const free = yield* makeWorld()
      assert.strictEqual(yield* free.run("constant:1", "typescript"), "Completed")
      const opened = yield* makeWorld(open)
      const token = mint({ capabilities: [], files: { read: ["/"], write: ["/"] } })
      assert.strictEqual(yield* opened.run("constant:1", "typescript", token), "Completed")
    })
  )

  it.effect("is refused by the text of its script, with the rule and a notice, before there is a machine", () =>
    Effect.gen(function* () {
      const { run, seen, started } = yield* makeWorld(
        `${open}\nrules: [{ id: gone, effect: deny, commands: rm -rf, reason: what is deleted is gone }]`
      )
      assert.strictEqual(yield* run("rm -rf /tmp/d", "shell"), "CodeRefused")
      assert.deepStrictEqual(seen, {
        boots: 0,
        notices: [{ _tag: "CodeRefused", session: "s", rule: "gone", reason: "what is deleted is gone" }]
      })
      assert.deepStrictEqual(yield* started, [])
      assert.strictEqual(yield* run("ls", "shell"), "Completed")
    })
  )

  it.effect("is refused where a rule of files, or of commands of another language, could not be kept", () =>
    Effect.gen(function* () {
      const silent = yield* makeWorld('rules: [{ id: all, effect: allow, tools: "**" }]')
      assert.strictEqual(yield* silent.run("ls", "shell"), "RulesNotKept")
      const { run, seen, session, started } = yield* makeWorld(
        `${open}\nrules: [{ id: gone, effect: deny, commands: rm -rf }]`
      )
      assert.strictEqual(yield* run("constant:1", "typescript"), "RulesNotKept")
      const { reason } = yield* Effect.flip(session.run("constant:1", { language: "typescript" }))
      assert.deepInclude(reason, { _tag: "RulesNotKept", kind: "commands", layer: "policy test" })
      assert.match(
        (reason as Error).message,
        /^machines of javascript keep no rules about commands for typescript code/
      )
      const [notice] = seen.notices
      assert.deepInclude(notice, { _tag: "CodeRefused", reason: (reason as Error).message })
      assert.strictEqual(yield* run("ls", "shell", mint({ capabilities: [] })), "RulesNotKept")
      assert.deepStrictEqual([seen.boots, yield* started], [0, []])
    })
  )

  it.effect("does not use a token up that is good for one run if the policy is against it", () =>
    Effect.gen(function* () {
      const { run } = yield* makeWorld(`${open}\nrules: [{ id: gone, effect: deny, commands: rm -rf }]`)
      const token = mint({ capabilities: [], files: { read: ["/"], write: ["/"] }, once: true })
      assert.strictEqual(yield* run("rm -rf /", "shell", token), "CodeRefused")
      assert.strictEqual(yield* run("ls", "shell", token), "Completed")
    })
  )
})
