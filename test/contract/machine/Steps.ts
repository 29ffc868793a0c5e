import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../../src/machine/Limits.ts"
import {
  type MachineError,
  type MachineOptions,
  Machines,
  type Program,
  type Snapshot,
  type SnapshotMachine
} from "../../../src/machine/Machine.ts"
import type { Answer, Output, Turn } from "../../../src/machine/Turn.ts"

/** Registers tests that get their machines from the tier under test. */
export type It = Vitest.MethodsNonLive<Machines>

export type Call = Extract<Turn, { readonly _tag: "Parked" }>["calls"][number]

export const epoch = 1_700_000_000_000

export const options = (overrides: Partial<MachineOptions> = {}): MachineOptions => ({
  limits: defaults,
  seed: "contract",
  ...overrides
})

export const program = (source: string, overrides: Partial<Program> = {}): Program => ({
  ordinal: 1,
  language: "javascript",
  source,
  nowMillis: epoch,
  tools: [{ path: "ask", description: "answers anything", input: {}, output: {} }],
  ...overrides
})

export const give = (id: string, value: unknown): Answer => ({
  id,
  outcome: { _tag: "Succeeded", value: JSON.stringify(value) }
})
export const deny = (id: string, name: string, message: string): Answer => ({
  id,
  outcome: { _tag: "Rejected", error: { name, message } }
})

export const expectTag = <Tag extends Turn["_tag"]>(turn: Turn, tag: Tag) => {
  assert.strictEqual(turn._tag, tag, JSON.stringify(turn))
  return turn as Extract<Turn, { readonly _tag: Tag }>
}
export const parked = (turn: Turn) => expectTag(turn, "Parked")
export const failed = (turn: Turn) => expectTag(turn, "Failed")
export const completed = (turn: Turn): unknown => JSON.parse(expectTag(turn, "Completed").value)
export const argumentsOf = (call: Call | undefined): unknown => JSON.parse(call?.arguments ?? "null")
export const ids = (turn: Turn) => parked(turn).calls.map((call) => call.id)

/** A parked turn in which nothing is new. */
export const assertStill = (turn: Turn) => {
  const { calls, cancelled, sleeps } = parked(turn)
  assert.deepStrictEqual({ calls, cancelled, sleeps }, { calls: [], cancelled: [], sleeps: [] })
}

export const reasonOf = <R>(operation: Effect.Effect<unknown, MachineError, R>) =>
  Effect.map(Effect.flip(operation), (error) => error.reason)

export const assertLost = Effect.fnUntraced(function* (machine: SnapshotMachine, source: string) {
  for (const operation of [machine.start(program(source)), machine.answer([], epoch), machine.snapshot]) {
    assert.strictEqual((yield* reasonOf(operation))._tag, "MachineLost")
  }
})

export const boot = (overrides?: Partial<MachineOptions>) =>
  Machines.use((machines) => machines.boot(options(overrides)))
export const restore = (snapshot: Snapshot, overrides?: Partial<MachineOptions>) =>
  Machines.use((machines) => machines.restore(snapshot, options(overrides)))

/** Output as it would be if it had come without a break: how it is cut on its way is a matter of time. */
export const unbroken = (pieces: ReadonlyArray<Output>): ReadonlyArray<Output> => {
  const joined: Array<Output> = []
  for (const { stream, text } of pieces) {
    const last = joined.at(-1)
    if (last?.stream === stream) joined.splice(-1, 1, { stream, text: last.text + text })
    else joined.push({ stream, text })
  }
  return joined
}

const permutations = <A>(items: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))

/** Every order of three ids. */
export const orders = permutations(["1.1", "1.2", "1.3"]).map((order) => ({ order }))
