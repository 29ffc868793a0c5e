import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { Machines } from "../../src/machine/Machine.ts"
import type { Output, Turn } from "../../src/machine/Turn.ts"
import * as QuickJs from "../../src/quickjs/QuickJs.ts"
import { program } from "./Attack.ts"

const canaries = Array.from({ length: 100 }, (_, index) => `canary-${1_000_003 * (index + 1)}-`)

/** Leaves its canary wherever a guest can leave anything, and looks at whatever it can see. */
const source = (canary: string) => `
  globalThis.kept = ${JSON.stringify(canary)}
  Object.prototype.left = kept
  Array.prototype.left = kept
  Symbol.for(kept)
  const copies = Array.from({ length: 1_000 }, () => kept + Math.random())
  console.log(kept)
  const seen = Reflect.ownKeys(globalThis).map((key) => String(globalThis[key]))
  const answer = await tools.ask({ kept })
  const fresh = new Uint8Array(1e6)
  return [kept, answer, seen, fresh.some((byte) => byte !== 0), ({}).left]
`

interface Traces {
  readonly canary: string
  readonly text: string
}

const live = Effect.fnUntraced(function* (canary: string) {
  const machines = yield* Machines
  const streamed: Array<Output> = []
  const machine = yield* machines.boot({
    limits: { ...defaults, memoryMebibytes: 16 },
    seed: canary,
    onOutput: (output) => streamed.push(output)
  })
  const turns: Array<Turn> = [yield* machine.start(program(source(canary)))]
  yield* Effect.yieldNow
  const outcome = { _tag: "Succeeded", value: JSON.stringify(`${canary}answer`) } as const
  turns.push(yield* machine.answer([{ id: "1.1", outcome }], 0))
  turns.push(yield* machine.start(program("return [kept, ({}).left, [].left]", { ordinal: 2 })))
  return { canary, text: JSON.stringify([turns, streamed]) }
})

const foreign = ({ canary, text }: Traces) => canaries.filter((other) => other !== canary && text.includes(other))

layer(QuickJs.layer({ key: new Uint8Array(32).fill(5), threads: 2 }), { excludeTestServices: true })(
  "a hundred guests",
  (it) => {
    it.effect("O12 live side by side and never see each other's canaries", () =>
      Effect.gen(function* () {
        const all = yield* Effect.forEach(canaries, (canary) => Effect.scoped(live(canary)), {
          concurrency: "unbounded"
        })
        for (const traces of all) {
          assert.isAtLeast(traces.text.split(traces.canary).length, 6)
          assert.deepStrictEqual(foreign(traces), [])
          assert.include(traces.text, "false")
        }
      })
    )

    it.effect("O12 a machine finds nothing of those that had its place before", () =>
      Effect.gen(function* () {
        for (const canary of canaries.slice(0, 10)) {
          assert.deepStrictEqual(foreign(yield* Effect.scoped(live(canary))), [])
        }
        const machine = yield* Machines.use((machines) => machines.boot({ limits: defaults, seed: "" }))
        const turn = yield* machine.start(program("return [typeof kept, ({}).left, typeof [].left]"))
        assert.strictEqual(turn._tag === "Completed" && turn.value, '["undefined",{"$":["undefined"]},"undefined"]')
        const bytes = Buffer.from((yield* machine.snapshot).bytes)
        for (const canary of canaries.slice(0, 10)) assert.isFalse(bytes.includes(canary))
      })
    )
  }
)
