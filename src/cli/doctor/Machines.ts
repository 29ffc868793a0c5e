/**
 * Whether machines really start here. What a host can do is known by doing it: one is booted in software, frozen and cloned, and one
 * is booted on the processor. All that is made for it is where machines are, so that whoever starts next there, or tries again, removes
 * what is left of a try that was killed.
 */
import * as Effect from "effect/Effect"
import * as StreamLink from "../../guest/StreamLink.ts"
import * as Place from "../../home/Place.ts"
import { greet } from "../../microvm/Inside.ts"
import * as Host from "../../qemu/Host.ts"
import * as Boot from "../../qemu/machine/Boot.ts"
import * as Files from "../../qemu/machine/Files.ts"
import * as KvmProbe from "../../qemu/machine/KvmProbe.ts"
import { clear } from "../../qemu/machine/Reap.ts"
import type { Vm } from "../../qemu/machine/Start.ts"
import * as Template from "../../qemu/machine/Template.ts"
import * as Shape from "../../qemu/Shape.ts"
import * as ImageParts from "../../qemu/snapshot/ImageParts.ts"
import type { Image } from "../../template/image/ImageBuild.ts"
import * as Registry from "../../template/Registry.ts"
import { durationOf } from "../Duration.ts"
import { isRoot } from "../HostPrograms.ts"
import { standingOf, timed } from "../template/Text.ts"
import type { Finding } from "./Finding.ts"
import * as DoctorHost from "./Host.ts"

const noImage = "no template is built, so that nothing can be booted"
const buildOne = "caisson template build shell"

/** Templates with an image, and the smallest of them for a try. */
const built = Effect.fnUntraced(function* (directories: ReadonlyArray<string>) {
  const names = yield* Registry.namesIn(directories)
  const found = yield* Effect.forEach(names, (name) =>
    Registry.findIn(directories, name).pipe(
      Effect.flatMap(standingOf),
      Effect.map(({ image, state }) => (state === "built" && image !== undefined ? [image] : [])),
      Effect.catch(() => Effect.succeed<ReadonlyArray<Image>>([]))
    )
  )
  return found.flat().sort((left, right) => left.template.memoryMebibytes - right.template.memoryMebibytes)
})

const ofTemplates = (images: ReadonlyArray<Image>): Finding => {
  const common = { name: "built templates", isRequired: false, neededFor: "starting machines without building first" }
  return images.length === 0
    ? { ...common, state: "degraded", detail: "none", mend: buildOne }
    : {
        ...common,
        state: "ok",
        detail: images
          .map(({ template }) => template.name)
          .sort()
          .join(", ")
      }
}

/** Has the agent of a machine that was booted prepare for being frozen. */
const still = ({ channel }: Vm) =>
  StreamLink.make(channel, channel).pipe(
    Effect.flatMap(greet),
    Effect.flatMap(({ agent }) => agent.freeze),
    Effect.scoped
  )

/** Boots a machine, freezes it and makes another of that, as sandboxes are made: what keeps that one in is told of this host. */
const trial = Effect.fnUntraced(function* (host: Host.Host, image: Image) {
  const shape = Shape.emulated({ cpus: 1, memoryMebibytes: image.template.memoryMebibytes })
  const below = yield* ImageParts.verified(image)
  const { millis: bootMillis, value: vm } = yield* timed(Boot.boot(host, { image, shape }))
  yield* still(vm)
  const key = Template.keyFor(host, { image, shape, recipe: "doctor" })
  const snapshot = yield* Template.freeze(host, vm, { below, image, key, facts: null })
  const { measures } = yield* Template.clone(host, snapshot)
  return { bootMillis, measures }
}, Effect.scoped)

const inSoftware = (host: Host.Host, image: Image) =>
  trial(host, image).pipe(
    Effect.map(
      ({ bootMillis, measures }): ReadonlyArray<Finding> => [
        {
          name: "a machine",
          state: "ok",
          isRequired: true,
          detail: `${image.template.name} has booted in software in ${durationOf(bootMillis)}, and was cloned`,
          neededFor: "everything in this tier"
        },
        DoctorHost.ofMeasures(measures, isRoot)
      ]
    ),
    Effect.catch((error) =>
      Effect.succeed<ReadonlyArray<Finding>>([
        {
          name: "a machine",
          state: "missing",
          isRequired: true,
          detail: `none can be made of ${image.template.name}: ${error.message}`,
          neededFor: "everything in this tier",
          // A file that may not be opened is as it was built, and what is to be done is said with it.
          mend: error.reason._tag === "NotOpen" ? undefined : `caisson template verify ${image.template.name}`
        }
      ])
    )
  )

const kvm = {
  name: "KVM",
  isRequired: false,
  neededFor: "running guests on the processor, which is many times as fast"
}

const onProcessor = (host: Host.Host, image: Image) =>
  Effect.map(KvmProbe.probe(host, image), (probe): Finding => {
    if (probe.works)
      return { ...kvm, state: "ok", detail: `it has booted a machine in ${durationOf(probe.bootMillis)}` }
    const [why = ""] = probe.why.split("\n")
    const mend = why.startsWith("/dev/kvm") ? "sudo adduser $USER kvm, on a host that has the device" : undefined
    return { ...kvm, state: "degraded", detail: `guests run in software: ${why}`, mend }
  })

/** Boots a machine of the smallest template that is built. */
export const findings = Effect.fnUntraced(function* (directories: ReadonlyArray<string>, hasHypervisor: boolean) {
  const images = yield* Effect.orElseSucceed(built(directories), (): ReadonlyArray<Image> => [])
  const templates = ofTemplates(images)
  if (!hasHypervisor) return [templates]
  const [image] = images
  if (image === undefined) return [templates, { ...kvm, state: "degraded", detail: noImage, mend: buildOne } as Finding]
  const tried = Effect.gen(function* () {
    const here = yield* Host.detect(yield* Place.machines)
    yield* clear(here)
    // The snapshot that is made is no template's.
    const host = { ...here, snapshots: (yield* Files.temporaryDirectory(here)).directory }
    return [...(yield* inSoftware(host, image)), yield* onProcessor(host, image)]
  }).pipe(Effect.scoped)
  const failed = ({ message }: { readonly message: string }) =>
    Effect.succeed<ReadonlyArray<Finding>>([
      { name: "a machine", state: "missing", isRequired: true, detail: message, neededFor: "everything in this tier" }
    ])
  return [templates, ...(yield* Effect.catch(tried, failed))]
})
