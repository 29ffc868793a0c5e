/** What tests of real machines are done with: this host, an image of the template `shell`, and its snapshot. */
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Context, Effect, Layer } from "effect"
import type { TestContext } from "vitest"
import * as StreamLink from "../../src/guest/StreamLink.ts"
import * as Program from "../../src/process/Program.ts"
import * as Host from "../../src/qemu/Host.ts"
import type { Vm } from "../../src/qemu/machine/Start.ts"
import * as Template from "../../src/qemu/machine/Template.ts"
import * as Shape from "../../src/qemu/Shape.ts"
import type { TemplateSnapshot } from "../../src/qemu/snapshot/Templates.ts"
import * as Builder from "../../src/template/Builder.ts"
import * as Cache from "../../src/template/Cache.ts"
import type { Image } from "../../src/template/image/ImageBuild.ts"
import * as TemplateFile from "../../src/template/TemplateFile.ts"
import { greet } from "../microvm/guest.ts"
import { temporary } from "./directory.ts"

const pathOf = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

/** Programs without which there is no machine, or nothing to boot one from. */
const needed = ["qemu-system-x86_64", "qemu-img", "mmdebstrap", "mkfs.erofs", "mkfs.ext4", "dpkg-deb", "apt-get", "go"]

export const shape = Shape.emulated({ cpus: 1, memoryMebibytes: 256 })

export interface Present {
  readonly _tag: "Present"
  readonly directory: string
  readonly host: Host.Host
  readonly image: Image
  readonly snapshot: TemplateSnapshot
}

export interface Absent {
  readonly _tag: "Absent"
  readonly why: string
}

/** Speaks to the agent of a machine, for as long as the scope is open. */
export const agentOf = (vm: Vm) => Effect.flatMap(StreamLink.make(vm.channel, vm.channel), greet)

/** Has a guest prepare for being frozen. */
export const still = (vm: Vm) => Effect.scoped(Effect.flatMap(agentOf(vm), (agent) => agent.freeze))

export const missing = Effect.map(
  Effect.forEach(needed, (program) =>
    Effect.map(Program.isInstalled(program), (isThere) => (isThere ? [] : [program]))
  ),
  (programs) => programs.flat()
)

export const agentSources = pathOf("guest")

export const image = Effect.gen(function* () {
  const template = yield* TemplateFile.read(pathOf("templates/shell.yaml"))
  if (template.tier !== "microvm") return yield* Effect.die("the template shell is of another tier")
  return yield* Builder.build({ template, agentSources })
})

const make = Effect.gen(function* () {
  const absent = yield* missing
  if (absent.length > 0) return { _tag: "Absent", why: `not installed: ${absent.join(", ")}` } as const
  const directory = yield* temporary
  const host = yield* Host.detect(directory)
  const built = yield* image
  const snapshot = yield* Template.obtain(host, { image: built, shape, recipe: "still", prepare: still })
  return { _tag: "Present", directory, host, image: built, snapshot } as const
})

export class World extends Context.Service<World, Present | Absent>()("test/qemu/World") {
  static readonly layer = Layer.effect(World, make).pipe(
    Layer.provide(Cache.layer),
    Layer.provideMerge(NodeServices.layer),
    Layer.orDie
  )
}

/** The world, if this host has one; else the test is left out, with the reason. */
export const present = ({ skip }: TestContext) =>
  Effect.map(World, (world): Present => (world._tag === "Absent" ? skip(world.why) : world))
