/** Sessions under tokens and a policy, in processes that share a journal, keys and revocations. */
import { Context, Effect, Layer, Redacted, Result } from "effect"
import * as Scripted from "../../src/machine/Scripted.ts"
import { parse } from "../../src/policy/document/ReadPolicy.ts"
import { InForce } from "../../src/policy/InForce.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import { Sessions, type SessionsOptions } from "../../src/session/Sessions.ts"
import * as Admission from "../../src/token/Admission.ts"
import type { CaveatInput } from "../../src/token/Caveat.ts"
import type { GrantInput } from "../../src/token/Grant.ts"
import * as KeyRing from "../../src/token/KeyRing.ts"
import * as Nonces from "../../src/token/Nonces.ts"
import * as Revocations from "../../src/token/Revocations.ts"
import * as Token from "../../src/token/Token.ts"
import { capabilities, type Outside, programs, toolkit } from "./world.ts"

export const ring = Result.getOrThrow(
  KeyRing.parse("test", Redacted.make(`k1:${Buffer.from("0123456789abcdefghijklmnopqrstuv").toString("base64url")}`))
)

export const mint = (grant: GrantInput) => Result.getOrThrow(Token.mint(ring, grant)).text
export const attenuate = (text: string, caveat: CaveatInput) => Result.getOrThrow(Token.attenuate(text, caveat)).text

export const anything: GrantInput = { capabilities: [{ methods: "**" }], use: "session" }

const policyOf = (yaml: string) => Result.getOrThrow(parse("test.policy.yaml", `version: 1\nname: test\n${yaml}`))

/** Processes on one journal, with token keys and a policy. */
export const makeWorld = Effect.fnUntraced(function* (yaml?: string) {
  const journal = Context.get(yield* Layer.build(Layer.fresh(JournalMemory.layer)), Journal)
  const tokens = Admission.layer(Effect.succeed(ring)).pipe(
    Layer.provideMerge(Layer.merge(Revocations.layerMemory, Nonces.layerMemory))
  )
  const admission = yield* Layer.build(Layer.fresh(tokens))
  const outside: Outside = { entered: [], left: [] }
  let policy = yaml === undefined ? undefined : policyOf(yaml)
  const process = Effect.fnUntraced(function* (options?: SessionsOptions) {
    const shared = Layer.mergeAll(
      Layer.succeed(Journal, journal),
      Scripted.layer(programs),
      Layer.succeedContext(admission),
      Layer.succeed(
        InForce,
        Effect.sync(() => policy)
      )
    )
    const sessions = yield* Layer.build(Layer.fresh(Sessions.layer(options).pipe(Layer.provide(shared))))
    return Context.get(sessions, Sessions)
  })
  return {
    journal,
    process,
    outside,
    grants: Effect.map(toolkit(outside), (toolkit) => ({ toolkit, capabilities })),
    revoke: (id: string) => Context.get(admission, Revocations.Revocations).revoke({ id, revokedMillis: 0 }),
    enact: (yaml: string) => {
      policy = policyOf(yaml)
    }
  }
})
