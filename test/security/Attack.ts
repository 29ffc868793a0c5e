import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { defaults, type Limits } from "../../src/machine/Limits.ts"
import { Machines, type Program, type SnapshotMachine } from "../../src/machine/Machine.ts"
import type { Turn } from "../../src/machine/Turn.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import * as Value from "../../src/tool/Value.ts"

/** Stands for a value that does not matter. */
export const anything = Symbol("anything")

/** What a program that means harm has to come to. */
export type Ending =
  /** It ends well, having learnt or reached nothing: with this value. */
  | { readonly completes: unknown }
  /** Memory runs out: an allocation throws and the machine goes on, or the engine had to give up in the middle of its work. */
  | { readonly runsOut: "of memory" }
  /** It throws, and the machine goes on. The text is `<name>: <message>`. */
  | { readonly fails: RegExp }
  /** It is stopped and its machine is gone: for one of these reasons. */
  | { readonly stopped: ReadonlyArray<string> }

export interface Attack {
  readonly title: string
  readonly source: string
  readonly ending: Ending
  readonly limits?: Partial<Limits>
}

/** One worker, so that whoever is attacked next to an attacker shares its thread. */
export const tier = QuickJs.layer({ key: new Uint8Array(32).fill(7), threads: 1 })

const limits: Limits = {
  ...defaults,
  memoryMebibytes: 16,
  cpuSliceMillis: 1_000,
  cpuRunMillis: 2_000,
  argumentBytes: 65_536,
  resultBytes: 65_536
}

export const program = (source: string, overrides: Partial<Program> = {}): Program => ({
  ordinal: 1,
  language: "javascript",
  source,
  nowMillis: 1_700_000_000_000,
  tools: [{ path: "ask", description: "answers with its arguments", input: {}, output: {} }],
  ...overrides
})

export const boot = (overrides: Partial<Limits> = {}) =>
  Machines.use((machines) => machines.boot({ limits: { ...limits, ...overrides }, seed: "attack" }))

/** Lets a program run to its end; every call is answered with its own arguments, every sleep at once. */
export const finish = Effect.fnUntraced(function* (machine: SnapshotMachine, started: Program) {
  let turn = yield* machine.start(started)
  for (let rounds = 0; turn._tag === "Parked" && rounds < 1_000; rounds++) {
    const answers = [
      ...turn.calls.map(({ arguments: value, id }) => ({ id, outcome: { _tag: "Succeeded", value } as const })),
      ...turn.sleeps.map(({ id }) => ({ id }))
    ]
    turn = yield* machine.answer(answers, started.nowMillis)
  }
  return turn
})

export const valueOf = (turn: Turn): unknown => {
  assert.strictEqual(turn._tag, "Completed", JSON.stringify(turn).slice(0, 2_000))
  const value = Value.decode(turn._tag === "Completed" ? turn.value : "")
  assert.strictEqual(value._tag, "Success")
  return value._tag === "Success" ? value.success : undefined
}

const assertCompletes = (turn: Turn, value: unknown) => {
  if (value === anything) valueOf(turn)
  else assert.deepStrictEqual(valueOf(turn), value)
}

/** Whether the machine goes on. */
const assertEnding = (turn: Turn, ending: Ending): boolean => {
  if ("completes" in ending) {
    assertCompletes(turn, ending.completes)
    return true
  }
  const shown = JSON.stringify(turn).slice(0, 2_000)
  assert.strictEqual(turn._tag, "Failed", shown)
  if (turn._tag !== "Failed") return false
  const { error, fatal } = turn
  if (fatal) assert.include("stopped" in ending ? ending.stopped : ["MemoryLimit"], error.reason, shown)
  else assert.match(`${error.name}: ${error.message}`, "fails" in ending ? ending.fails : /out of memory/, shown)
  if (!("runsOut" in ending)) assert.strictEqual(fatal, "stopped" in ending, shown)
  return !fatal
}

const neighbour = "const before = kept; const answer = await ask('neighbour'); return [before, answer]"

/**
 * Runs an attack beside another session's machine in the same worker, which is in the middle of a run. The attack ends as it
 * should, and the neighbour finishes: in its machine, or from its snapshot if the worker had to be ended.
 */
export const repel = Effect.fnUntraced(function* ({ ending, limits, source }: Attack) {
  const machines = yield* Machines
  const other = yield* boot()
  yield* other.start(program("kept = 'canary'"))
  const parked = yield* other.start(program(neighbour, { ordinal: 2 }))
  assert.strictEqual(parked._tag, "Parked")
  const snapshot = yield* other.snapshot

  const attacker = yield* boot(limits)
  if (assertEnding(yield* finish(attacker, program(source)), ending)) {
    assert.deepStrictEqual(valueOf(yield* finish(attacker, program("return await tools.ask(1)", { ordinal: 2 }))), [1])
  }

  const answers = [{ id: "2.1", outcome: { _tag: "Succeeded", value: '"answered"' } as const }]
  const turn = yield* other
    .answer(answers, 0)
    .pipe(
      Effect.catchReason("MachineError", "MachineLost", () =>
        Effect.flatMap(machines.restore(snapshot, { limits: { ...defaults }, seed: "attack" }), (machine) =>
          machine.answer(answers, 0)
        )
      )
    )
  assert.deepStrictEqual(valueOf(turn), ["canary", "answered"])
})
