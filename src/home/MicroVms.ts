/** Templates with machines that have kernels of their own. What they are made with is got ready when the first of them is asked for. */
import { createSecretKey } from "node:crypto"
import { totalmem } from "node:os"
import * as NodeServices from "@effect/platform-node/NodeServices"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import { MachineError, type Machines, UnknownTemplate } from "../machine/Machine.ts"
import { embedded } from "../machine/Tiers.ts"
import * as Furnishing from "../microvm/Furnishing.ts"
import { Hypervisor } from "../microvm/Hypervisor.ts"
import type { HypervisorError } from "../microvm/HypervisorError.ts"
import * as MicroVm from "../microvm/MicroVm.ts"
import { Standing } from "../microvm/Standing.ts"
import * as Verdict from "../qemu/machine/Verdict.ts"
import * as Qemu from "../qemu/Qemu.ts"
import * as Pool from "../supervisor/Pool.ts"
import * as Cache from "../template/Cache.ts"
import * as ImageBuild from "../template/image/ImageBuild.ts"
import * as Registry from "../template/Registry.ts"
import type { Embedded, Microvm } from "../template/Template.ts"
import * as Honeytokens from "./Honeytokens.ts"
import { once } from "./Once.ts"
import * as Place from "./Place.ts"
import * as Templates from "./Templates.ts"

type Tier = Machines["Service"]

export interface MicroVmsOptions {
  /** Where template files are. Default `templates` in the home, if it is there, and those of Caisson. */
  readonly templates?: ReadonlyArray<string> | undefined
  /** Memory for all machines that sessions have at the same time. Default half of the host's. */
  readonly memoryMebibytes?: number | undefined
  /** Memory for all machines that are kept ready. Default a quarter of the host's. */
  readonly poolMebibytes?: number | undefined
  /** Default `kvm`, the host's processor, where a machine boots on it, and `tcg`, pure software, elsewhere. */
  readonly accelerator?: Qemu.QemuOptions["accelerator"]
}

interface Settings extends MicroVmsOptions {
  /** Of the home, if there is one. */
  readonly home?: string | undefined
  /** Signs snapshots: 32 bytes or more. */
  readonly key: Redacted.Redacted<Uint8Array>
  readonly machines: Tier
}

const mebibyte = 1_048_576

const decodeStanding = Schema.decodeUnknownEffect(Schema.toCodecJson(Standing))

/** The image of a template, which must have been built. */
const imageOf = Effect.fnUntraced(function* (template: Microvm) {
  const latest = (yield* ImageBuild.built(template)).find(({ isCurrent }) => isCurrent)
  if (latest !== undefined) return latest.image
  const message = `the image of ${template.name} is not built: caisson template build ${template.name}`
  return yield* MicroVm.unavailable({ message })
})

/** QEMU, for templates with an image to try the processor with. */
const hypervisor = (image: ImageBuild.Image, given: MicroVmsOptions["accelerator"]) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const directory = yield* Place.machines
      const accelerator = given ?? (yield* Verdict.accelerator(directory, image))
      return Qemu.layer({ directory, accelerator })
    })
  )

const longMillis = 3_000

/** Says why something takes long, if it does. */
const explained = <A, E, R>(doing: Effect.Effect<A, E, R>, why: string): Effect.Effect<A, E, R> =>
  Effect.scoped(Effect.andThen(Effect.forkScoped(Effect.delay(Effect.logInfo(why), longMillis)), doing))

/** The snapshot of a template on this host. */
const prepare = Effect.fnUntraced(function* (image: ImageBuild.Image, begins?: Effect.Effect<void>) {
  const hypervisor = yield* Hypervisor
  const made = yield* explained(
    hypervisor.prepare(image, { ...Furnishing.of(image.template), begins }),
    `a first machine of ${image.template.name} is booted and warmed up, once on this host: that takes a minute or more`
  )
  return { template: made, standing: yield* decodeStanding(made.facts) }
}, Effect.mapError(MicroVm.unavailable))

const toMachineError = <E extends { readonly _tag: string; readonly message: string }>(error: E | MachineError) =>
  error instanceof MachineError ? error : MicroVm.unavailable(error)

const host = Layer.provideMerge(Cache.layer, NodeServices.layer)

interface WarmOptions extends Pick<MicroVmsOptions, "accelerator"> {
  /** Is done first if a machine has to be booted. */
  readonly begins?: Effect.Effect<void> | undefined
}

/** Makes the snapshot of a template whose image is built, if there is none: else the first session waits for it. */
export const warm = (template: Microvm, { accelerator, begins }: WarmOptions = {}) =>
  Effect.flatMap(imageOf(template), (image) =>
    Effect.provide(Effect.asVoid(prepare(image, begins)), hypervisor(image, accelerator))
  ).pipe(Effect.provide(host), Effect.mapError(toMachineError))

/**
 * Lists or removes the snapshots of templates, which all homes of a user on this host share; no machine is started for it. Fails with
 * `MachineUnavailable` where there is no QEMU, or a snapshot cannot be read or removed.
 */
export const withSnapshots = <A>(
  doing: (snapshots: Pick<Hypervisor["Service"], "stored" | "remove">) => Effect.Effect<A, HypervisorError>
) =>
  Effect.flatMap(Hypervisor, doing).pipe(
    Effect.provide(Layer.unwrap(Effect.map(Place.machines, (directory) => Qemu.layer({ directory })))),
    Effect.provide(host),
    Effect.mapError(MicroVm.unavailable)
  )

/** Another embedded template: the machines are the same, with limits of their own. */
const embeddedTier = (machines: Tier, { languages, memoryMebibytes }: Embedded): Tier => ({
  ...machines,
  languages,
  limits: { memoryMebibytes }
})

/** Gives the tier of each template, until the scope is closed. */
export const make = Effect.fn("MicroVms.make")(function* (settings: Settings) {
  const scope = yield* Effect.scope
  const key = createSecretKey(Redacted.value(settings.key))
  const memory = Math.floor(totalmem() / mebibyte)
  const { memoryMebibytes = Math.floor(memory / 2), poolMebibytes = Math.floor(memory / 4) } = settings
  const budget = Pool.budget(poolMebibytes)
  const files = once(Layer.buildWithScope(host, scope).pipe(Effect.mapError(MicroVm.unavailable)))
  let works: Effect.Effect<Context.Context<Hypervisor>, MachineError> | undefined

  /** One hypervisor for all templates; the image is one to try the processor with. */
  const worksFor = (image: ImageBuild.Image, context: Effect.Success<typeof files>) => {
    works ??= once(
      Layer.buildWithScope(hypervisor(image, settings.accelerator), scope).pipe(
        Effect.provide(context),
        Effect.mapError(MicroVm.unavailable)
      )
    )
    return works
  }

  const find = Effect.fnUntraced(function* (name: string) {
    const context = yield* files
    const directories = Templates.directories(settings.home, settings.templates)
    const names = yield* Effect.provide(Registry.namesIn(directories), context)
    if (!names.includes(name)) {
      const known = [...new Set([embedded, ...names])]
      return yield* new MachineError({ reason: new UnknownTemplate({ template: name, known }) })
    }
    return yield* Effect.provide(Registry.findIn(directories, name), context)
  }, Effect.mapError(toMachineError))

  const open = Effect.fnUntraced(function* (name: string) {
    const template = yield* find(name)
    const { honeytokens } = template
    if (template.tier === "embedded") return Honeytokens.planted(embeddedTier(settings.machines, template), honeytokens)
    const context = yield* files
    const image = yield* Effect.provide(imageOf(template), context)
    const works = yield* worksFor(image, context)
    const keep: MicroVm.MicroVmOptions["keep"] = (make) =>
      Effect.map(
        Pool.make({
          size: template.pool.size,
          make,
          lost: MicroVm.lost,
          budget,
          cost: MicroVm.perMachineMebibytes(template)
        }),
        ({ take }) => take
      )
    const prepared = once(Effect.provide(prepare(image), works))
    const tier = MicroVm.make({ template, prepared, key, memoryMebibytes, keep })
    return Honeytokens.planted(yield* Effect.provide(tier, works).pipe(Scope.provide(scope)), honeytokens)
  }, Effect.mapError(toMachineError))

  const tiers = new Map<string, Effect.Effect<Tier, MachineError>>()
  return (template: string): Effect.Effect<Tier, MachineError> => {
    const known = tiers.get(template) ?? once(open(template))
    tiers.set(template, known)
    return known
  }
})
