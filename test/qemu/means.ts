/** Finds out what this host has to keep a process in, as the first process of a container, and says which processes are left then. */
import { readdirSync, readFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import * as HostMeans from "../../src/qemu/confinement/HostMeans.ts"

const [name = ""] = process.argv.slice(2)

const others = () =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .map((pid) => readFileSync(`/proc/${pid}/stat`, "utf8"))

const program = Effect.gen(function* () {
  const { namespaces } = yield* HostMeans.detect("7.2.22", true, name)
  yield* Console.log(JSON.stringify({ works: namespaces.work, left: others() }))
})

await Effect.runPromise(Effect.provide(program, NodeServices.layer))
