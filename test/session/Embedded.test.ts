import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Capability } from "../../src/capability/Capability.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import { type OpenOptions, Sessions } from "../../src/session/Sessions.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { completed, onlyCall } from "./results.ts"

const tier = Sessions.layer().pipe(
  Layer.provide(Layer.merge(JournalMemory.layer, QuickJs.layer({ key: new Uint8Array(32).fill(1), threads: 1 })))
)

const makeGrants = Effect.gen(function* () {
  const entered: Array<number> = []
  const ask = Tool.make("bank.ask", {
    description: "Pays if a person agrees",
    input: Schema.Struct({ amount: Schema.Finite }),
    output: Schema.Finite,
    execute: ({ amount }) =>
      Effect.sync(() => {
        entered.push(amount)
        return amount
      })
  })
  const toolkit = yield* Toolkit.make([ask])
  const capabilities = [Capability.make({ methods: "bank/ask", mode: "ask" })]
  return { entered, grants: { toolkit, capabilities } satisfies OpenOptions }
})

/** Native code that no interrupt reaches. */
const burner = `const hay = "a".repeat(4_000_000); for (;;) hay.indexOf("b")`

layer(tier, { excludeTestServices: true })("sessions of the embedded tier", (it) => {
  it.effect(
    "O7 a guest that does not let itself be stopped loses its run, and its neighbours lose nothing",
    () =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const { entered, grants } = yield* makeGrants
        const limits = { cpuSliceMillis: 100 }
        const [offender, paused, idle] = yield* Effect.all([
          sessions.open({ ...grants, limits }),
          sessions.open(grants),
          sessions.open(grants)
        ])
        yield* offender.run("let kept = 1")
        yield* idle.run("let own = 'idle'")
        const call = onlyCall(yield* paused.run("let before = 20; before + (await bank.ask({ amount: 22 }))"))
        const [burnt, slept] = yield* Effect.all(
          [offender.run(`kept = 2; ${burner}`), idle.run("await sleep(50); own")],
          { concurrency: "unbounded" }
        )
        assert.strictEqual(burnt._tag === "Failed" && burnt.error.reason, "Unresponsive")
        assert.isTrue(burnt._tag === "Failed" && burnt.rolledBack)
        assert.strictEqual(completed(slept), "idle")
        assert.strictEqual(completed(yield* paused.answer(call, { _tag: "Approve" })), 42)
        assert.deepStrictEqual(entered, [22])
        assert.strictEqual(completed(yield* offender.run("kept")), 1)
        assert.isTrue(offender.state().quarantined)
        assert.isFalse(idle.state().quarantined)
      }),
    60_000
  )

  it.effect(
    "O13 replays a session without its snapshots to the same value, clock and randomness included",
    () =>
      Effect.gen(function* () {
        const sessions = yield* Sessions
        const { grants } = yield* makeGrants
        const id = yield* Effect.scoped(
          Effect.gen(function* () {
            const session = yield* sessions.open({ ...grants, seed: "fixed" })
            yield* session.run(
              "const seen = [Math.random(), Date.now()]; await sleep(5); seen.push(Math.random(), Date.now())"
            )
            return session.id
          })
        )
        const kept = yield* Effect.scoped(Effect.flatMap(sessions.resume(id, grants), (session) => session.run("seen")))
        const rebuilt = yield* Effect.scoped(
          Effect.flatMap(sessions.resume(id, { ...grants, rebuild: true }), (session) => session.run("seen"))
        )
        assert.lengthOf(completed(kept), 4)
        assert.deepStrictEqual(completed(rebuilt), completed(kept))
      }),
    60_000
  )
})
