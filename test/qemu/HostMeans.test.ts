import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Contained from "../../src/process/Contained.ts"
import * as Program from "../../src/process/Program.ts"

const finder = fileURLToPath(new URL("means.ts", import.meta.url))

describe("HostMeans", () => {
  it.live(
    "leaves no process to the first one of a container, which may look after nobody",
    ({ skip }) =>
      Effect.gen(function* () {
        if (process.geteuid?.() !== 0) return skip("only root has processes of its own")
        if (!(yield* Program.isInstalled("bwrap"))) return skip("not installed: bwrap")
        const given = ["--conditions=source", "--disable-warning=ExperimentalWarning", finder]
        const name = `caisson-try-test-${process.pid}`
        const [said = ""] = yield* Contained.run(process.execPath, [...given, name], { isRoot: true })
        assert.deepStrictEqual(JSON.parse(said), { works: true, left: [] })
      }).pipe(Effect.provide(NodeServices.layer)),
    30_000
  )
})
