import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import type * as Finding from "../../src/cli/doctor/Finding.ts"
import * as Host from "../../src/qemu/Host.ts"
import * as Cache from "../../src/template/Cache.ts"
import { lacking } from "../microvm/machines.ts"
import { temporary } from "../qemu/directory.ts"
import { caisson, start } from "./command.ts"
import { makeTemplates } from "./templateCommand.ts"

const lacks = await lacking("shell")

/** A cache with the images of this host, and no machines. */
const withImages = Effect.gen(function* () {
  const { cache, json } = makeTemplates()
  mkdirSync(cache)
  symlinkSync((yield* Cache.Cache).directory, join(cache, "templates"))
  return { cache, json }
}).pipe(Effect.provide(Cache.layer), Effect.provide(NodeServices.layer))

describe("caisson doctor, of machines", () => {
  it.live(
    "tells what keeps a machine in that is a clone, as those of sandboxes are",
    ({ skip }) =>
      Effect.gen(function* () {
        if (lacks !== undefined) return skip(lacks)
        const { means } = yield* Host.detect(yield* temporary)
        const { json } = yield* withImages
        const { value } = yield* json("doctor", "--tier", "microvm")
        const [tier] = value.tiers as ReadonlyArray<Finding.Tier>
        const named = (name: string) => tier?.findings.find((finding) => finding.name === name)
        assert.match(named("a machine")?.detail ?? "", /has booted in software in .*, and was cloned$/)
        const isWritable = named("confinement")?.detail.includes("not readOnlyTemplate (") ?? false
        assert.strictEqual(isWritable, !means.opensMemoryReadOnly)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )

  it.live(
    "leaves nothing of a try that was killed to the next one",
    ({ skip }) =>
      Effect.gen(function* () {
        if (lacks !== undefined) return skip(lacks)
        const { cache } = yield* withImages
        const inMachines = (name: string) => {
          const directory = join(cache, "machines", name)
          return existsSync(directory) ? readdirSync(directory) : []
        }
        const [words, env] = [["doctor", "--tier", "microvm"], { CAISSON_CACHE: cache }]
        const killed = start(words, { env })
        const isUnderWay = Effect.sync(() => inMachines("machines").length > 1)
        yield* Effect.repeat(isUnderWay, { schedule: Schedule.spaced("20 millis"), until: (isSo) => isSo })
        killed.process.kill("SIGKILL")
        yield* Effect.promise(() => killed.ended)
        assert.isAbove(inMachines("roster").length, 1)
        yield* Effect.promise(() => caisson(words, { env }))
        assert.deepStrictEqual(["machines", "roster", "snapshots"].flatMap(inMachines), [])
      }),
    120_000
  )
})
