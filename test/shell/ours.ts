/** Our shell, as the corpus runs a script: on a machine of its own, whose clock goes to where the script wakes. */
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { type Machine, Machines } from "../../src/machine/Machine.ts"
import type { Turn } from "../../src/machine/Turn.ts"
import type { Files, Outcome } from "./corpus.ts"

const epoch = 1_700_000_000_000
const home = "/workspace"
const limits = { ...defaults, cpuSliceMillis: 20_000 }

const put = (files: Files) =>
  Object.entries(files).map(([path, text]) => ({
    kind: "file" as const,
    path: `${home}/${path}`,
    bytes: new TextEncoder().encode(text)
  }))

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const filesOf = Effect.fnUntraced(function* (machine: Machine) {
  const { result } = yield* machine.files({ _tag: "Get", path: home }, epoch)
  if (result._tag !== "Tree") return yield* Effect.die(`a tree was due, not ${result._tag}`)
  const files = result.entries.filter((entry) => entry.kind === "file")
  return Object.fromEntries(files.map(({ path, bytes }) => [path.replace(`${home}/`, ""), utf8.decode(bytes)]))
})

/** Runs a script to its end. It calls no tools: what it waits for is time. */
const ended = Effect.fnUntraced(function* (machine: Machine, script: string) {
  const turns: Array<Turn> = []
  let nowMillis = epoch
  let turn = yield* machine.start({ ordinal: 1, language: "shell", source: script, nowMillis, tools: [] })
  turns.push(turn)
  let sleeps: Extract<Turn, { readonly _tag: "Parked" }>["sleeps"] = []
  while (turn._tag === "Parked") {
    const { cancelled } = turn
    sleeps = [...sleeps, ...turn.sleeps].filter(({ id }) => !cancelled.includes(id))
    const [next] = sleeps.toSorted((one, other) => one.dueMillis - other.dueMillis)
    if (next === undefined) return yield* Effect.die("the script waits for nothing")
    sleeps = sleeps.filter(({ id }) => id !== next.id)
    nowMillis = Math.max(nowMillis, next.dueMillis)
    turn = yield* machine.answer([{ id: next.id }], nowMillis)
    turns.push(turn)
  }
  if (turn._tag === "Failed") return yield* Effect.die(turn.error)
  const said = (stream: "stdout" | "stderr") =>
    turns
      .flatMap(({ output }) => output)
      .filter((output) => output.stream === stream)
      .map(({ text }) => text)
      .join("")
  const { exitCode }: { readonly exitCode: number } = JSON.parse(turn.value)
  return { stdout: said("stdout"), stderr: said("stderr"), exitCode }
})

export const run = Effect.fnUntraced(function* (script: string, files: Files) {
  const machine = yield* Machines.use((machines) => machines.boot({ limits, seed: "corpus" }))
  yield* machine.files({ _tag: "Put", entries: put(files) }, epoch)
  const said = yield* ended(machine, script)
  return { ...said, files: yield* filesOf(machine) } satisfies Outcome
}, Effect.scoped)
