import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Programs } from "./Programs.ts"
import {
  argumentsOf,
  assertStill,
  boot,
  type Call,
  completed,
  deny,
  epoch,
  failed,
  give,
  type It,
  ids,
  orders,
  parked,
  program,
  restore
} from "./Steps.ts"

/** Values that a call must give back unchanged. */
const values: ReadonlyArray<readonly [string, unknown]> = [
  ["text", "plain"],
  ["empty text", ""],
  ["text beyond the basic plane", 'naïve 漢字 🦀 \u2028 \\ " \u0000'],
  ["integer", 42],
  ["fraction", -0.125],
  ["large number", 1e21],
  ["true", true],
  ["null", null],
  ["empty list", []],
  ["mixed list", [1, "two", null, [3, [4]], { five: 5 }]],
  ["nested object", { a: { b: { c: { d: { e: { f: { g: { h: { i: { j: "deep" } } } } } } } } } }],
  ["object with awkward keys", { "": 1, "a b": 2, constructor: 3, toString: 4, length: 5, 0: 6 }],
  ["10 KB", "x".repeat(10_240)],
  ["50 KB of two-byte text", "é".repeat(25_600)],
  ["64 KiB exactly", "y".repeat(65_536 - 2)]
]

/** What leaves a machine and what comes back. */
export const calls = (it: It, programs: Programs) => {
  it.effect("T1 one call leaves with its arguments unchanged, and its result comes back usable", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const { calls, cancelled, sleeps } = parked(yield* machine.start(program(programs.relay)))
      assert.deepStrictEqual([cancelled, sleeps], [[], []])
      assert.deepStrictEqual(
        calls.map(({ id, path }) => ({ id, path })),
        [{ id: "1.1", path: "ask" }]
      )
      assert.deepStrictEqual(argumentsOf(calls[0]), [{ amount: 5, to: "eve" }])
      assert.deepStrictEqual(completed(yield* machine.answer([give("1.1", { ok: true, fee: 0.5 })], epoch)), {
        ok: true,
        fee: 0.5
      })
    })
  )

  it.effect("T2 a second call uses the result of the first: (3 + 4) × 5 = 35", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const first = parked(yield* machine.start(program(programs.sequence)))
      assert.deepStrictEqual(argumentsOf(first.calls[0]), ["add", 3, 4])
      const second = parked(yield* machine.answer([give("1.1", 7)], epoch))
      assert.deepStrictEqual(argumentsOf(second.calls[0]), ["multiply", 7, 5])
      assert.strictEqual(second.calls[0]?.id, "1.2")
      assert.strictEqual(completed(yield* machine.answer([give("1.2", 35)], epoch)), 35)
    })
  )

  it.effect.each(values)("T3 T6 a result passes through the guest unchanged: %s", ([, value]) =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.relay))
      assert.deepStrictEqual(completed(yield* machine.answer([give("1.1", value)], epoch)), value)
    })
  )

  it.effect("T10 Promise.all asks for everything in one turn, in order", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const { calls } = parked(yield* machine.start(program(programs.fifty)))
      assert.deepStrictEqual(
        calls.map((call) => [call.id, argumentsOf(call)]),
        Array.from({ length: 50 }, (_, index) => [`1.${index + 1}`, [index]])
      )
      const answers = calls.map((call, index) => give(call.id, index * index))
      assert.deepStrictEqual(
        completed(yield* machine.answer(answers.toReversed(), epoch)),
        Array.from({ length: 50 }, (_, index) => index * index)
      )
    })
  )

  it.effect.each(orders)(
    "T10 results arrive one by one in any order ($order) and are returned in argument order",
    ({ order }) =>
      Effect.gen(function* () {
        const machine = yield* boot()
        assert.deepStrictEqual(ids(yield* machine.start(program(programs.all))), ["1.1", "1.2", "1.3"])
        for (const id of order.slice(0, 2)) assertStill(yield* machine.answer([give(id, `result ${id}`)], epoch))
        const last = yield* machine.answer([give(order[2] ?? "", `result ${order[2]}`)], epoch)
        assert.deepStrictEqual(completed(last), ["result 1.1", "result 1.2", "result 1.3"])
      })
  )

  it.effect("T11 the loser of a race is cancelled, and its late answer is ignored", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      assert.deepStrictEqual(ids(yield* machine.start(program(programs.raceThenAsk))), ["1.1", "1.2"])
      const turn = parked(yield* machine.answer([give("1.2", "fast won")], epoch))
      assert.deepStrictEqual(turn.cancelled, ["1.1"])
      assert.deepStrictEqual(ids(turn), ["1.3"])
      assertStill(yield* machine.answer([give("1.1", "slow")], epoch))
      assert.deepStrictEqual(completed(yield* machine.answer([give("1.3", "then")], epoch)), ["fast won", "then"])
    })
  )

  it.effect("T11 a run that ends with its race reports the loser in its last turn", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.race))
      const turn = yield* machine.answer([give("1.2", "fast won")], epoch)
      assert.strictEqual(completed(turn), "fast won")
      assert.deepStrictEqual(turn.cancelled, ["1.1"])
    })
  )

  it.effect("T11 a call races against a sleep, whichever comes first", () =>
    Effect.gen(function* () {
      for (const [first, result, loser] of [
        [{ id: "1.2" }, "late", "1.1"],
        [give("1.1", "in time"), "in time", "1.2"]
      ] as const) {
        const machine = yield* boot()
        const turn = parked(yield* machine.start(program(programs.timeout)))
        assert.deepStrictEqual(ids(turn), ["1.1"])
        assert.deepStrictEqual(turn.sleeps, [{ id: "1.2", dueMillis: epoch + 1_000 }])
        const last = yield* machine.answer([first], epoch + 1_000)
        assert.strictEqual(completed(last), result)
        assert.deepStrictEqual(last.cancelled, [loser])
      }
    })
  )

  it.effect("T14 catch and finally cannot swallow the suspension", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      assert.deepStrictEqual(ids(yield* machine.start(program(programs.guarded))), ["1.1"])
      assert.strictEqual(completed(yield* machine.answer([give("1.1", "answered")], epoch)), "answered")
    })
  )

  it.effect("a run that has its value goes on until what it started has ended", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      assert.deepStrictEqual(ids(yield* machine.start(program(programs.unawaited))), ["1.1"])
      const copy = yield* restore(yield* machine.snapshot)
      assert.strictEqual(completed(yield* machine.answer([give("1.1", "ignored")], epoch)), 5)
      const denied = yield* copy.answer([deny("1.1", "Error", "unseen")], epoch)
      assert.strictEqual(completed(denied), 5)
      assert.deepStrictEqual(denied.output, [{ stream: "stderr", text: "unhandled rejection: Error: unseen\n" }])
    })
  )

  it.effect("T11 calls that are still open when their run fails are cancelled with it", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.all))
      const turn = failed(yield* machine.answer([deny("1.2", "Error", "no")], epoch))
      assert.deepStrictEqual(turn.cancelled.toSorted(), ["1.1", "1.3"])
      assert.isFalse(turn.fatal)
    })
  )

  it.effect("M2 a batch of answers is as good as the same answers one by one", () =>
    Effect.gen(function* () {
      const answers = [give("1.2", "b"), give("1.1", "a")]
      const batched = yield* boot()
      const stepped = yield* boot()
      yield* batched.start(program(programs.branches))
      yield* stepped.start(program(programs.branches))
      const batch = parked(yield* batched.answer(answers, epoch)).calls
      const steps: Array<Call> = []
      for (const answer of answers) steps.push(...parked(yield* stepped.answer([answer], epoch)).calls)
      assert.deepStrictEqual(batch, steps)
      for (const machine of [batched, stepped]) {
        const last = yield* machine.answer([give("1.3", "after b"), give("1.4", "after a")], epoch)
        assert.deepStrictEqual(completed(last), ["b", "a", "after b", "after a"])
      }
    })
  )

  it.effect("M2 T16 T17 answers to unknown, forged and already answered ids are ignored", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* machine.start(program(programs.all))
      const forged = ["", "1", "1.0", "1.4", "2.1", "01.1", "1.1 ", "__proto__", "constructor"]
      assertStill(
        yield* machine.answer(
          forged.map((id) => give(id, "forged")),
          epoch
        )
      )
      assertStill(yield* machine.answer([give("1.1", "first"), give("1.1", "second")], epoch))
      assertStill(yield* machine.answer([give("1.1", "third"), deny("1.1", "Error", "fourth")], epoch))
      const last = yield* machine.answer([give("1.2", "b"), give("1.3", "c"), give("1.3", "d")], epoch)
      assert.deepStrictEqual(completed(last), ["first", "b", "c"])
    })
  )

  it.effect("call ids are the run's ordinal and a counter that begins again with each run", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      for (const ordinal of [1, 7]) {
        let turn = yield* machine.start(program(programs.loop, { ordinal }))
        for (let asked = 0; asked < 10; asked++) {
          const id = `${ordinal}.${asked + 1}`
          assert.deepStrictEqual(ids(turn), [id])
          turn = yield* machine.answer([give(id, asked)], epoch)
        }
        assert.strictEqual(completed(turn), 45)
      }
    })
  )
}
