/** What this host has for the embedded tier. */
import * as Effect from "effect/Effect"
import * as Home from "../../home/Home.ts"
import { Sessions } from "../../session/Sessions.ts"
import * as Toolkit from "../../tool/Toolkit.ts"
import { manifest } from "../Package.ts"
import { timed } from "../template/Text.ts"
import type { Finding } from "./Finding.ts"

// An older one does not come as far as here: the launcher refuses it.
const node: Finding = {
  name: "Node",
  state: "ok",
  isRequired: true,
  detail: `${process.versions.node}, at ${process.execPath}; needed is ${manifest.engines.node}`,
  neededFor: "everything"
}

/** Runs a guest in a worker thread, as every session of this tier does. */
const run = Effect.gen(function* () {
  const toolkit = yield* Toolkit.make([])
  const session = yield* Sessions.use((sessions) => sessions.open({ toolkit, capabilities: [] }))
  return yield* session.run("6 * 7")
}).pipe(Effect.scoped, Effect.provide(Home.layerMemory({ machines: { threads: 1 } })))

const guest: Effect.Effect<Finding> = timed(run).pipe(
  Effect.map(({ millis, value }) =>
    value._tag === "Completed" && value.value === "42"
      ? { state: "ok" as const, detail: `a guest has computed 6 * 7 in ${millis} ms` }
      : { state: "missing" as const, detail: `a guest could not compute 6 * 7: ${value._tag}` }
  ),
  Effect.catchCause((cause) => Effect.succeed({ state: "missing" as const, detail: String(cause) })),
  Effect.map((found) => ({
    name: "worker threads",
    isRequired: true,
    neededFor: "running guests in WebAssembly",
    ...found
  }))
)

export const findings = Effect.map(guest, (guest): ReadonlyArray<Finding> => [node, guest])
