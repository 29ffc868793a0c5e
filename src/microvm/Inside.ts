/** What a host holds of a guest that runs: its agent, its interpreter, and its eyes on the files. */
import { randomBytes } from "node:crypto"
import * as Effect from "effect/Effect"
import { outputs, workspace } from "../file/Area.ts"
import * as Agent from "../guest/Agent.ts"
import type { Watch } from "../guest/Files.ts"
import * as Interpreter from "../guest/interpreter/Interpreter.ts"
import type { Link } from "../guest/Link.ts"
import { entropyBytes, nonceBytes } from "../guest/wire/Greeting.ts"
import { defaults } from "../machine/Limits.ts"
import type { FileChange } from "../machine/Turn.ts"
import type { Standing } from "./Standing.ts"

/** A guest whose agent was greeted: it has its own time and chance, and goes on. */
export interface Greeted {
  readonly agent: Agent.Agent
  readonly epoch: number
}

export interface Inside {
  readonly agent: Agent.Agent
  /** What has become of the files of sessions since this was last asked. */
  readonly changes: Effect.Effect<ReadonlyArray<FileChange>, Effect.Error<Watch["changes"]>>
  readonly interpreter: Interpreter.Interpreter
  readonly standing: () => Standing
}

/** Of the one interpreter of a machine, among the processes of its agent. */
export const interpreterId = "interpreter"

const epochMax = 65_535

/** Where the last connection to an agent has left it: frozen between two frames by the template's warm-up, or wherever it was. */
export interface Left {
  readonly epoch: number
  readonly mayBeInFrame: boolean
}

const never: Left = { epoch: 0, mayBeInFrame: false }

/** Greets the agent of a machine, for the first time or as it was left. */
export const greet = (link: Link, { epoch: last, mayBeInFrame }: Left = never) =>
  Effect.suspend(() => {
    const epoch = (last % epochMax) + 1
    const chance = { nonce: randomBytes(nonceBytes), entropy: randomBytes(entropyBytes) }
    const options = { link, epoch, mayBeInFrame, ...chance }
    return Effect.map(Agent.connect(options), (agent): Greeted => ({ agent, epoch }))
  })

/**
 * Takes over the interpreter of a guest from where it was left, and watches its files, once it knows the time. Nothing in it is begun
 * by that.
 */
export const enter = Effect.fnUntraced(function* ({ agent, epoch }: Greeted, { interpreter: position }: Standing) {
  yield* agent.adjustClock
  const watches = yield* Effect.forEach([workspace, outputs], (path) => agent.watch(path, true), { concurrency: 2 })
  const changes = Effect.map(
    Effect.forEach(watches, ({ changes }) => changes, { concurrency: 2 }),
    (all) => all.flat()
  )
  const interpreter = yield* Interpreter.attach(agent, interpreterId, position, { limits: defaults })
  const standing = () => ({ epoch, interpreter: interpreter.position() })
  return { agent, changes, interpreter, standing } satisfies Inside
})

/** Why a guest that was greeted cannot be used. */
export type NotEntered = Effect.Error<ReturnType<typeof enter>>
