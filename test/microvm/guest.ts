/** What is done with guests of any hypervisor. */
import { randomBytes } from "node:crypto"
import { Effect, Stream } from "effect"
import * as Agent from "../../src/guest/Agent.ts"
import type { Link } from "../../src/guest/Link.ts"
import type { Vm, WarmUp } from "../../src/microvm/Hypervisor.ts"

let epoch = 0

/** Speaks to the agent behind a link, for as long as the scope is open. */
export const greet = (link: Link) => {
  epoch = (epoch % 65_535) + 1
  return Agent.connect({ link, epoch, nonce: randomBytes(16), entropy: randomBytes(32) })
}

/** Speaks to the agent of a machine, for as long as the scope is open. */
export const agentOf = (vm: Vm) => Effect.flatMap(vm.link, greet)

/** Runs a script in a guest, and gives what it prints. */
export const shell = (agent: Agent.Agent, script: string, user: "guest" | "root" = "guest") =>
  Effect.scoped(
    Effect.gen(function* () {
      const id = `test-${randomBytes(4).toString("hex")}`
      const process = yield* agent.execute({ id, arguments: ["/bin/bash", "-c", script], user, leftovers: "stay" })
      const text = (lane: typeof process.output) => lane.pipe(Stream.decodeText(), Stream.mkString)
      const [printed] = yield* Effect.all([text(process.output), text(process.errors)], { concurrency: 2 })
      yield* process.exit
      return printed.trimEnd()
    })
  )

/** Does something with the agent of a machine, over a connection of its own. */
export const talk = <A, E, R>(vm: Vm, doing: (agent: Agent.Agent) => Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.flatMap(agentOf(vm), doing))

/** Has a guest prepare for being written down. */
export const still = (vm: Vm) => talk(vm, (agent) => agent.freeze)

/** Leaves a note in every machine of a template, and says so. */
export const noted: WarmUp<unknown, never> = {
  id: "noted-1",
  run: (link) =>
    Effect.scoped(
      Effect.gen(function* () {
        const agent = yield* greet(link)
        const kernel = yield* shell(agent, "echo warm > /workspace/warm; uname -s")
        yield* agent.freeze
        return { kernel, lanes: [3, 5] }
      })
    )
}
