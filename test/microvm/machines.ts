/** Machines of the microVM tier on this host, with a Python that is loaded quickly; or why there are none. */
import { createSecretKey, type KeyObject, randomBytes } from "node:crypto"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer, Schema } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import { type MachineOptions, Machines, type Program, type SnapshotMachine } from "../../src/machine/Machine.ts"
import * as Furnishing from "../../src/microvm/Furnishing.ts"
import { Hypervisor } from "../../src/microvm/Hypervisor.ts"
import * as MicroVm from "../../src/microvm/MicroVm.ts"
import { Standing } from "../../src/microvm/Standing.ts"
import * as Qemu from "../../src/qemu/Qemu.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as ImageBuild from "../../src/template/image/ImageBuild.ts"
import type { Microvm } from "../../src/template/Template.ts"
import * as TemplateFile from "../../src/template/TemplateFile.ts"
import { temporary } from "../qemu/directory.ts"
import { missing } from "../qemu/world.ts"

const host = Layer.provideMerge(Cache.layer, NodeServices.layer)

/** The latest image of a template, if it is built and this host can run it. */
const find = Effect.fnUntraced(function* (name: string) {
  const absent = yield* missing
  if (absent.length > 0) return { why: `not installed: ${absent.join(", ")}` }
  const template = yield* TemplateFile.read(fileURLToPath(new URL(`../../templates/${name}.yaml`, import.meta.url)))
  if (template.tier !== "microvm") return yield* Effect.die(`the template ${name} is of another tier`)
  const image = (yield* ImageBuild.built(template)).find(({ isCurrent }) => isCurrent)?.image
  return image === undefined ? { why: `not built: caisson template build ${name}` } : { image }
})

/** Why there are no machines of a template here; undefined if there are. */
export const lacking = (name: string): Promise<string | undefined> =>
  Effect.runPromise(
    find(name).pipe(
      Effect.map((found) => ("why" in found ? found.why : undefined)),
      Effect.provide(host)
    )
  )

export const key = createSecretKey(randomBytes(32))

export interface Kept {
  /** Signs snapshots. */
  readonly key?: KeyObject
  readonly keep?: MicroVm.MicroVmOptions["keep"]
  /** Of one checkpoint, compressed. */
  readonly checkpointBytesMax?: number
}

const keepsNone: MicroVm.MicroVmOptions["keep"] = () => Effect.succeed((otherwise) => otherwise)

/** Machines of a template, which may be changed in what needs no other image, kept in a directory. */
export const tierIn = (
  directory: string,
  name: string,
  changed: Partial<Microvm> = {},
  { checkpointBytesMax, keep = keepsNone, key: signer = key }: Kept = {}
) =>
  Layer.effect(
    Machines,
    Effect.gen(function* () {
      const found = yield* find(name)
      if ("why" in found) return yield* Effect.die(found.why)
      const template: Microvm = { ...found.image.template, ...changed }
      const hypervisor = yield* Hypervisor
      const made = yield* hypervisor.prepare({ ...found.image, template }, Furnishing.of(template))
      const standing = yield* Schema.decodeUnknownEffect(Schema.toCodecJson(Standing))(made.facts)
      const prepared = Effect.succeed({ template: made, standing })
      return yield* MicroVm.make({ template, prepared, key: signer, memoryMebibytes: 8_192, keep })
    })
  ).pipe(Layer.provideMerge(Qemu.layer({ directory, checkpointBytesMax })), Layer.provideMerge(host))

/** The same, in a directory that is gone with the layer. */
export const tierOf = (name: string, changed: Partial<Microvm> = {}, kept: Kept = {}) =>
  Layer.unwrap(Effect.map(temporary, (directory) => tierIn(directory, name, changed, kept)))

/** A processor in software takes ten times as long. */
const patient = (options: MachineOptions): MachineOptions => {
  const { cpuSliceMillis } = options.limits
  const enough = cpuSliceMillis === defaults.cpuSliceMillis ? 60_000 : cpuSliceMillis
  return { ...options, limits: { ...options.limits, cpuSliceMillis: enough } }
}

/** Has machines take every program for one of Python, and give it time. */
export const inPython = (tier: Layer.Layer<Machines, unknown>): Layer.Layer<Machines, unknown> => {
  const inPython = (machine: SnapshotMachine): SnapshotMachine => ({
    ...machine,
    start: (program: Program) => machine.start({ ...program, language: "python" })
  })
  return Layer.effect(
    Machines,
    Effect.map(Machines, (machines) => ({
      ...machines,
      boot: (options) => Effect.map(machines.boot(patient(options)), inPython),
      restore: (snapshot, options) => Effect.map(machines.restore(snapshot, patient(options)), inPython)
    }))
  ).pipe(Layer.provide(tier))
}
