/** A process that has a machine, until somebody ends it. It says so when its machine runs. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import * as Host from "../../src/qemu/Host.ts"
import * as Checkpoint from "../../src/qemu/machine/Checkpoint.ts"
import * as Durable from "../../src/qemu/machine/Durable.ts"
import * as Template from "../../src/qemu/machine/Template.ts"
import * as Templates from "../../src/qemu/snapshot/Templates.ts"
import { still } from "./world.ts"

const [directory = "", template = "", key = "", kind = ""] = process.argv.slice(2)

/** A machine that was made of a checkpoint. */
const restored = (host: Host.Host, snapshot: Templates.TemplateSnapshot) =>
  Effect.gen(function* () {
    const checkpoint = yield* Effect.scoped(
      Effect.gen(function* () {
        const vm = yield* Durable.begin(host, snapshot, "first", Durable.asTemplate(snapshot))
        yield* still(vm)
        return yield* Effect.flatten(Checkpoint.take(vm, { engine: "any", bytesMax: 1_073_741_824 }))
      })
    )
    const vm = yield* Durable.begin(host, snapshot, "orphan", Checkpoint.fill(snapshot, checkpoint))
    yield* Console.log(vm.directory)
    return yield* Effect.never
  })

const program = Effect.gen(function* () {
  const host = yield* Host.detect(directory)
  const snapshot = yield* Templates.open(host, template, key)
  if (kind === "restored") return yield* restored(host, snapshot)
  const vm =
    kind === "durable"
      ? yield* Durable.begin(host, snapshot, "orphan", Durable.asTemplate(snapshot))
      : yield* Template.clone(host, snapshot)
  yield* Console.log(vm.directory)
  return yield* Effect.never
})

NodeRuntime.runMain(program.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
