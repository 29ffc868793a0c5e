/** What a host holds of a guest that runs: its agent, its interpreter, and its eyes on the files. */
import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import { outputs, workspace } from "../file/Area.ts"
import * as Agent from "../guest/Agent.ts"
import type { Watch } from "../guest/Files.ts"
import * as Interpreter from "../guest/interpreter/Interpreter.ts"
import type { Link } from "../guest/Link.ts"
import { entropyBytes, nonceBytes } from "../guest/wire/Greeting.ts"
import type { FileChange } from "../machine/Turn.ts"
import type { Standing } from "./Standing.ts"

/** A guest whose agent was greeted, and whose files are watched. */
export interface Greeted {
  readonly agent: Agent.Agent
  readonly epoch: number
  /** What has become of the files of sessions since this was last asked. */
  readonly changes: Effect.Effect<ReadonlyArray<FileChange>, Effect.Error<Watch["changes"]>>
}

export interface Inside extends Omit<Greeted, "epoch"> {
  readonly interpreter: Interpreter.Interpreter
  readonly standing: () => Standing
}

/** Of the one interpreter of a machine, among the processes of its agent. */
export const interpreterId = "interpreter"

const epochMax = 65_535

/** Greets the agent of a machine, as the first connection or as the one after another. */
export const connect = (link: Link, last: number | undefined) =>
  Effect.suspend(() => {
    const epoch = last === undefined ? 1 : (last % epochMax) + 1
    const chance = { nonce: randomBytes(nonceBytes), entropy: randomBytes(entropyBytes) }
    return Effect.map(Agent.connect({ link, epoch, ...chance }), (agent) => ({ agent, epoch }))
  })

/** Greets the agent of a machine that was connected to before. */
export const greet = Effect.fnUntraced(function* (link: Link, last: number) {
  const { agent, epoch } = yield* connect(link, last)
  const watches = yield* Effect.forEach([workspace, outputs], (path) => agent.watch(path, true), { concurrency: 2 })
  const changes = Effect.map(
    Effect.forEach(watches, ({ changes }) => changes, { concurrency: 2 }),
    (all) => all.flat()
  )
  return { agent, epoch, changes } satisfies Greeted
})

/** Takes over the interpreter of a guest from where it was left. Nothing in it is begun by that. */
export const enter = Effect.fnUntraced(function* (
  { agent, changes, epoch }: Greeted,
  { interpreter: position }: Standing,
  options: Interpreter.InterpreterOptions
) {
  const interpreter = yield* Interpreter.attach(agent, interpreterId, position, options)
  const standing = () => ({ epoch, interpreter: interpreter.position() })
  return { agent, changes, interpreter, standing } satisfies Inside
})
