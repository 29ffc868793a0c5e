import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Result, Scope, Stream } from "effect"
import { parse } from "../../../src/policy/document/ReadPolicy.ts"
import { InForce } from "../../../src/policy/InForce.ts"
import type { Session } from "../../../src/session/Session.ts"
import { grants, home, type It, running, type Subject } from "./Steps.ts"

/** A policy that every tier can keep. */
const withSecret = Result.getOrThrow(
  parse(
    "test.policy.yaml",
    `version: 1
name: test
defaults: { commands: allow, files: allow }
output: { maxBytes: 200, redact: [{ name: key, literal: sk-12345678 }] }`
  )
)

/** All that a listener hears from now on. */
const heard = Effect.fnUntraced(function* ({ output }: Session) {
  const listening = yield* Deferred.make<void>()
  const hearing = yield* output.pipe(
    Stream.tap(() => Deferred.succeed(listening, undefined)),
    Stream.runFold(
      () => "",
      (text, { text: more }) => text + more
    ),
    Effect.forkChild({ startImmediately: true })
  )
  return { listening: Deferred.await(listening), text: Fiber.join(hearing) }
})

/** What listeners hear of a guest while it runs. */
export const outputs = (it: It, subject: Subject) => {
  const { count, nap, print } = subject.programs

  it.effect("O1 what a guest printed reaches a listener whole, although the session is let go at once", () =>
    Effect.gen(function* () {
      const { options } = yield* grants(subject)
      const held = yield* Scope.make()
      const session = yield* Scope.provide((yield* home()).open(options), held)
      const { listening, text } = yield* heard(session)
      const run = running(subject, session)
      yield* run(print("begun"))
      yield* listening
      yield* run(count(500))
      yield* Scope.close(held, Exit.void)
      const lines = (yield* text).trimEnd().split("\n")
      assert.deepStrictEqual(lines, ["begun", ...Array.from({ length: 500 }, (_, line) => `${line}`)])
      assert.deepStrictEqual(yield* Stream.runCollect(session.output), [])
    })
  )

  it.effect(
    "keeps a policy's secrets out of what listeners hear and journals keep, wherever a guest's pieces end",
    () =>
      Effect.gen(function* () {
        const { options } = yield* grants(subject)
        const sessions = yield* home().pipe(Effect.provideService(InForce, Effect.succeed(withSecret)))
        const held = yield* Scope.make()
        const session = yield* Scope.provide(sessions.open(options), held)
        const { text } = yield* heard(session)
        yield* running(subject, session)(print("the key is sk-12345678, yes"), nap, print("sk-1234"))
        const { limits } = session.state()
        yield* Scope.close(held, Exit.void)
        assert.strictEqual(yield* text, "the key is [redacted: key], yes\nsk-1234\n")
        // The program itself has the secret; it is what the host gave.
        const told = (yield* sessions.entries(session.id)).filter(({ event }) => event._tag !== "RunStarted")
        assert.notInclude(JSON.stringify(told), "sk-12345678")
        assert.include(JSON.stringify(told), "[redacted: key]")
        assert.strictEqual(limits.outputBytes, 200)
      })
  )
}
