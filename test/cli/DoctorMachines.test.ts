import { mkdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as Finding from "../../src/cli/doctor/Finding.ts"
import * as Host from "../../src/qemu/Host.ts"
import * as Cache from "../../src/template/Cache.ts"
import { lacking } from "../microvm/machines.ts"
import { temporary } from "../qemu/directory.ts"
import { makeTemplates } from "./templateCommand.ts"

const lacks = await lacking("shell")

describe("caisson doctor, of machines", () => {
  it.live(
    "tells what keeps a machine in that is a clone, as those of sandboxes are",
    ({ skip }) =>
      Effect.gen(function* () {
        if (lacks !== undefined) return skip(lacks)
        const { means } = yield* Host.detect(yield* temporary)
        const { cache, json } = makeTemplates()
        mkdirSync(cache)
        symlinkSync((yield* Cache.Cache).directory, join(cache, "templates"))
        const { value } = yield* json("doctor", "--tier", "microvm")
        const [tier] = value.tiers as ReadonlyArray<Finding.Tier>
        const named = (name: string) => tier?.findings.find((finding) => finding.name === name)
        assert.match(named("a machine")?.detail ?? "", /has booted in software in .*, and was cloned$/)
        const isWritable = named("confinement")?.detail.includes("not readOnlyTemplate (") ?? false
        assert.strictEqual(isWritable, !means.opensMemoryReadOnly)
      }).pipe(Effect.scoped, Effect.provide(Cache.layer), Effect.provide(NodeServices.layer)),
    120_000
  )
})
