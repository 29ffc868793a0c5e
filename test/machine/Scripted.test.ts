import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import * as Script from "../../src/machine/Script.ts"
import * as Scripted from "../../src/machine/Scripted.ts"
import * as MachineContract from "../contract/MachineContract.ts"

const ask = (...args: ReadonlyArray<unknown>) => Script.call("ask", ...args)

function* attempt(guest: Script.Guest<unknown>): Script.Guest<unknown> {
  try {
    return yield* guest
  } catch (error) {
    return error instanceof Error ? error.message : error
  }
}

const scripts: Record<keyof MachineContract.Programs, Script.GuestScript> = {
  relay: () => ask({ amount: 5, to: "eve" }),
  *sequence() {
    const sum = yield* ask("add", 3, 4)
    return yield* ask("multiply", sum, 5)
  },
  all: () => Script.all([ask("a"), ask("b"), ask("c")]),
  settled: () => Script.all([attempt(ask("a")), attempt(ask("b")), attempt(ask("c"))]),
  race: () => Script.race([ask("slow"), ask("fast")]),
  *raceThenAsk() {
    const winner = yield* Script.race([ask("slow"), ask("fast")])
    return [winner, yield* ask("next")]
  },
  timeout: () =>
    Script.race([
      ask("slow"),
      (function* () {
        yield* Script.sleep(1_000)
        return "late"
      })()
    ]),
  *clock() {
    const before = yield* Script.now()
    yield* Script.sleep(5_000)
    return [before, yield* Script.now()]
  },
  *unawaited() {
    yield* Script.spawn(ask("a"))
    return 5
  },
  *print() {
    yield* Script.print("one")
    yield* Script.print("two", "stderr")
    yield* ask()
    yield* Script.print("three")
    return 4
  },
  *catches() {
    try {
      return yield* ask()
    } catch (error) {
      return error instanceof Error ? `caught ${error.name}: ${error.message}` : error
    }
  },
  *throws() {
    throw new TypeError("bad thing")
  },
  *remember() {
    yield* Script.store("kept", 41)
  },
  *recall() {
    return Number(yield* Script.load("kept")) + 1
  },
  *visit() {
    const visits = Number((yield* Script.load("visits")) ?? 0) + 1
    yield* Script.store("visits", visits)
    return [visits, yield* ask()]
  },
  *branches() {
    const notes: Array<unknown> = []
    function* branch(name: string): Script.Guest<void> {
      notes.push(yield* ask(name))
      notes.push(yield* ask("next"))
    }
    yield* Script.all([branch("a"), branch("b")])
    return notes
  },
  *guarded() {
    let given: unknown
    try {
      given = yield* ask()
    } catch {
      return "swallowed"
    } finally {
      given ??= "nothing"
    }
    return given
  },
  fifty: () => Script.all(Array.from({ length: 50 }, (_, index) => ask(index))),
  *loop() {
    let sum = 0
    for (let index = 0; index < 10; index++) sum += Number(yield* ask(index))
    return sum
  },
  *random() {
    return [yield* Script.random(), yield* Script.random(), yield* Script.random()]
  },
  *spin() {
    yield* Script.print("spinning")
    return yield* Script.spin()
  },
  *askThenSpin() {
    yield* ask()
    yield* Script.print("spinning")
    return yield* Script.spin()
  },
  stall: () => Script.race([])
}

const programs = Object.fromEntries(
  Object.keys(scripts).map((name) => [name, name])
) as unknown as MachineContract.Programs

MachineContract.suite("scripted", { tier: Scripted.layer(scripts), programs })

const boot = Machines.use((machines) => machines.boot({ limits: defaults, seed: "scripted" }))
const run = (source: string, ordinal = 1) =>
  ({ ordinal, language: "javascript", source, nowMillis: 0, tools: [] }) as const

describe("scripted machines", () => {
  const machines = Scripted.layer({
    *echo(argument) {
      return argument
    },
    *shatter() {
      yield* Script.print("going")
      return yield* Script.breakMachine("out of memory")
    },
    *spin() {
      return yield* Script.spin()
    },
    *ask() {
      return yield* Script.call("ask")
    },
    *opaque() {
      try {
        return yield* Script.call("ask", () => 1)
      } catch (error) {
        return error instanceof Error ? error.message : error
      }
    },
    *nested() {
      const pair = () => Script.race([Script.call("slow"), Script.call("fast")])
      return yield* Script.all([pair(), pair()])
    }
  })

  it.effect("give a script the argument in the source", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      const turn = yield* machine.start(run('echo:{"a":[1,"two"]}'))
      assert.strictEqual(turn._tag === "Completed" && turn.value, '{"a":[1,"two"]}')
      const none = yield* machine.start(run("echo"))
      assert.strictEqual(none._tag === "Completed" && none.value, '{"$":["undefined"]}')
    }).pipe(Effect.provide(machines))
  )

  it.effect("fail a run whose source names no script or has no JSON for an argument, and go on", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      for (const [source, name] of [
        ["nothing", "ReferenceError"],
        ["constructor", "ReferenceError"],
        ["", "ReferenceError"],
        ["echo:{", "SyntaxError"]
      ] as const) {
        const turn = yield* machine.start(run(source))
        assert.deepStrictEqual(turn._tag === "Failed" && [turn.error.name, turn.fatal], [name, false])
      }
      assert.strictEqual((yield* machine.start(run("echo:1")))._tag, "Completed")
    }).pipe(Effect.provide(machines))
  )

  it.effect("break on demand: a fatal turn with the output so far, and the machine is lost", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      const turn = yield* machine.start(run("shatter"))
      assert.deepStrictEqual(turn._tag === "Failed" && [turn.fatal, turn.error.message, turn.output.length], [
        true,
        "out of memory",
        1
      ])
      assert.strictEqual((yield* Effect.flip(machine.snapshot)).reason._tag, "MachineLost")
    }).pipe(Effect.provide(machines))
  )

  it.effect("spin for the slice on the clock of the test", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      const fiber = yield* Effect.forkChild(machine.start(run("spin")), { startImmediately: true })
      yield* TestClock.adjust(defaults.cpuSliceMillis - 1)
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(1)
      const turn = yield* Fiber.join(fiber)
      assert.strictEqual(turn._tag === "Failed" && turn.fatal, true)
    }).pipe(Effect.provide(machines))
  )

  it.effect("throw what has no text into the script", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      const turn = yield* machine.start(run("opaque"))
      assert.match(turn._tag === "Completed" ? turn.value : "", /function/)
    }).pipe(Effect.provide(machines))
  )

  it.effect("cancel only the losers of the race that was decided", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      yield* machine.start(run("nested"))
      const outcome = { _tag: "Succeeded", value: "1" } as const
      const turn = yield* machine.answer([{ id: "1.4", outcome }], 0)
      assert.deepStrictEqual(turn._tag === "Parked" && turn.cancelled, ["1.3"])
      const last = yield* machine.answer([{ id: "1.1", outcome }], 0)
      assert.deepStrictEqual(last._tag === "Completed" && [last.value, last.cancelled], ["[1,1]", ["1.2"]])
    }).pipe(Effect.provide(machines))
  )

  it.effect("reject a snapshot whose script is missing here", () =>
    Effect.gen(function* () {
      const machine = yield* boot
      yield* machine.start(run("ask"))
      const bytes = yield* machine.snapshot
      const elsewhere = Machines.use((machines) =>
        machines.restore(bytes, { limits: defaults, seed: "scripted" })
      ).pipe(Effect.provide(Scripted.layer({})))
      const { reason } = yield* Effect.flip(elsewhere)
      assert.strictEqual(reason._tag === "SnapshotRejected" && reason.reason, "UnknownBase")
    }).pipe(Effect.provide(machines))
  )
})
