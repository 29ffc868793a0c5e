import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Redacted } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines, type Snapshot } from "../../src/machine/Machine.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import * as MachineContract from "../contract/MachineContract.ts"

const programs: MachineContract.Programs = {
  relay: `return await tools.ask({ amount: 5, to: "eve" })`,
  sequence: `const sum = await ask("add", 3, 4); return await ask("multiply", sum, 5)`,
  all: `return await Promise.all([ask("a"), ask("b"), ask("c")])`,
  settled: `return await Promise.all(["a", "b", "c"].map((name) => ask(name).catch((error) => error.message)))`,
  race: `return await Promise.race([ask("slow"), ask("fast")])`,
  raceThenAsk: `const winner = await Promise.race([ask("slow"), ask("fast")]); return [winner, await ask("next")]`,
  timeout: `return await Promise.race([ask("slow"), sleep(1_000).then(() => "late")])`,
  clock: `const before = Date.now(); await sleep(5_000); return [before, Date.now()]`,
  unawaited: `ask("a"); return 5`,
  print: `console.log("one"); console.error("two"); await ask(); console.log("three"); return 4`,
  catches: "try { return await ask() } catch (error) { return `caught ${error.name}: ${error.message}` }",
  throws: `throw new TypeError("bad thing")`,
  remember: "let kept = 41",
  recall: "return kept + 1",
  visit: "globalThis.visits = (globalThis.visits ?? 0) + 1; return [visits, await ask()]",
  branches: `
    const notes = []
    const branch = async (name) => {
      notes.push(await ask(name))
      notes.push(await ask("next"))
    }
    await Promise.all([branch("a"), branch("b")])
    return notes`,
  guarded: `
    let given
    try {
      given = await ask()
    } catch {
      return "swallowed"
    } finally {
      given ??= "nothing"
    }
    return given`,
  fifty: "return await Promise.all(Array.from({ length: 50 }, (_, index) => ask(index)))",
  loop: "let sum = 0; for (let index = 0; index < 10; index++) sum += await ask(index); return sum",
  random: "return [Math.random(), Math.random(), Math.random()]",
  spin: `console.log("spinning"); for (;;) {}`,
  askThenSpin: `await ask(); console.log("spinning"); for (;;) {}`,
  stall: "await new Promise(() => {})"
}

MachineContract.suite("embedded", { tier: QuickJs.layer({ key: new Uint8Array(32).fill(1) }), programs })

const options = { limits: defaults, seed: "tier" }
const key = (byte: number) => new Uint8Array(32).fill(byte)
const snapshot = Machines.use((machines) => Effect.flatMap(machines.boot(options), (machine) => machine.snapshot))
const restoreWith = (bytes: Snapshot, key: QuickJs.Options["key"]) =>
  Machines.use((machines) => machines.restore(bytes, options)).pipe(
    Effect.scoped,
    Effect.provide(QuickJs.layer({ key, threads: 1 }))
  )

describe("the embedded tier", () => {
  it.live("restores what was signed with its own key, and nothing else", () =>
    Effect.gen(function* () {
      const bytes = yield* Effect.provide(snapshot, QuickJs.layer({ key: key(1), threads: 1 }))
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(restoreWith(bytes, Redacted.make(key(1))))))
      const { reason } = yield* Effect.flip(restoreWith(bytes, key(2)))
      assert.strictEqual(reason._tag === "SnapshotRejected" && reason.reason, "WrongSignature")
    })
  )

  it.live("does not charge a guest for the loading of what TypeScript needs", () =>
    Effect.gen(function* () {
      const limits = { ...defaults, cpuSliceMillis: 100, cpuRunMillis: 100 }
      const machine = yield* Machines.use((machines) => machines.boot({ limits, seed: "tier" }))
      const source = "const answer: number = 42; return answer"
      const turn = yield* machine.start({ ordinal: 1, language: "typescript", source, nowMillis: 0, tools: [] })
      assert.strictEqual(turn._tag === "Completed" && turn.value, "42", JSON.stringify(turn))
    }).pipe(Effect.provide(QuickJs.layer({ key: key(1), threads: 1 })))
  )

  it.live("takes no snapshot that is larger than the machine may be", () =>
    Effect.gen(function* () {
      const { reason } = yield* Effect.flip(
        restoreWith({ bytes: new Uint8Array(321 * 1_048_576), contents: new Map() }, key(1))
      )
      assert.strictEqual(reason._tag === "SnapshotRejected" && reason.reason, "TooLarge")
    })
  )

  it.live("is not built with a key that could be guessed", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(QuickJs.layer({ key: new Uint8Array(31) }))))
      assert.match(Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "", /a key of 31 bytes is too short/)
    })
  )
})
