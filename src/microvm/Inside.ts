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
import { interpreterId } from "./Furnishing.ts"
import type { Standing } from "./Standing.ts"

export interface Inside {
  readonly agent: Agent.Agent
  readonly interpreter: Interpreter.Interpreter
  /** What has become of the files of sessions since this was last asked. */
  readonly changes: Effect.Effect<ReadonlyArray<FileChange>, Effect.Error<Watch["changes"]>>
  readonly standing: () => Standing
}

const epochMax = 65_535

/** Greets the agent of a machine, as the first connection or as the one after another. */
export const connect = (link: Link, last: number | undefined) =>
  Effect.suspend(() => {
    const epoch = last === undefined ? 1 : (last % epochMax) + 1
    const chance = { nonce: randomBytes(nonceBytes), entropy: randomBytes(entropyBytes) }
    return Effect.map(Agent.connect({ link, epoch, ...chance }), (agent) => ({ agent, epoch }))
  })

/** Takes over a guest that stands where it was left. Nothing in it is begun by that. */
export const enter = Effect.fnUntraced(function* (
  link: Link,
  standing: Standing,
  options: Interpreter.InterpreterOptions
) {
  const { agent, epoch } = yield* connect(link, standing.epoch)
  const interpreter = yield* Interpreter.attach(agent, interpreterId, standing.interpreter, options)
  const watches = yield* Effect.forEach([workspace, outputs], (path) => agent.watch(path, true), { concurrency: 2 })
  const inside: Inside = {
    agent,
    interpreter,
    changes: Effect.map(
      Effect.forEach(watches, ({ changes }) => changes, { concurrency: 2 }),
      (all) => all.flat()
    ),
    standing: () => ({ epoch, interpreter: interpreter.position() })
  }
  return inside
})
