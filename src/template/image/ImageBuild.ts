/** Everything that a machine of a template is booted from. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import * as KernelBuild from "../kernel/KernelBuild.ts"
import { Microvm } from "../Template.ts"
import { Corrupted, stepFailed, templateFailed } from "../TemplateError.ts"
import * as AgentBuild from "./AgentBuild.ts"
import * as BaseBuild from "./BaseBuild.ts"
import * as DiskBuild from "./DiskBuild.ts"
import * as InitrdBuild from "./InitrdBuild.ts"
import { Package } from "./Packages.ts"

const format = 1

/** Where the kernel of guests comes from whose files are not Debian's. */
const kernelRelease = "bookworm"

const Part = Schema.Struct({ path: Schema.String, digest: Digest.Digest })
export type Part = typeof Part.Type

/** The parts of a machine, by what they are for. Paths are absolute, in the cache. */
export const Image = Schema.Struct({
  version: Schema.Literal(format),
  template: Microvm,
  /** Of all parts: two images with the same id are the same. */
  id: Digest.Digest,
  kernel: Part,
  initrd: Part,
  base: Part,
  disk: Part,
  kernelPackage: Schema.Struct({ name: Schema.String, version: Schema.String }),
  packages: Schema.Array(Package),
  /** The image of OCI that its files were made from. */
  oci: Schema.optionalKey(Schema.String)
})
export type Image = typeof Image.Type

const partOf = <M extends { readonly file: { readonly name: string; readonly digest: string } }>({
  directory,
  manifest
}: Cache.Made<M>): Part => ({ path: `${directory}/${manifest.file.name}`, digest: manifest.file.digest })

/** What an image is made of: honeytokens are put into each guest when it begins, and another one needs no other image. */
const imaged = ({ honeytokens: _, ...template }: Microvm): Microvm => template

/** The names of parts, in the order in which they are told of. */
export const parts = ["kernel", "initrd", "base", "disk"] as const

export interface Wanted {
  readonly template: Microvm
  /** The directory of the agent's sources. */
  readonly agentSources: string
  /** `newest`: looks for a kernel that is newer than the last one. */
  readonly kernel?: "any" | "newest" | undefined
}

/** Builds what is missing of a template's image. What has not changed is taken from the cache. */
export const obtain = Effect.fn("ImageBuild.obtain")(function* ({ agentSources, kernel: wish, template }: Wanted) {
  const kernel = yield* KernelBuild.obtain("debian" in template.image ? template.image.debian : kernelRelease, wish)
  const agent = yield* AgentBuild.obtain(agentSources)
  const initrd = yield* InitrdBuild.obtain(kernel, agent)
  const base = yield* BaseBuild.obtain(template.image)
  const disk = yield* DiskBuild.obtain(template.diskMebibytes)
  const { image, package: name, packageVersion } = kernel.manifest
  const made = {
    kernel: { path: `${kernel.directory}/${image.name}`, digest: image.digest },
    initrd: partOf(initrd),
    base: partOf(base),
    disk: partOf(disk)
  }
  const id = Digest.ofValue({ format, parts: parts.map((part) => made[part].digest) })
  const written: Image = {
    version: format,
    template: imaged(template),
    id,
    ...made,
    kernelPackage: { name, version: packageVersion },
    packages: base.manifest.packages,
    ...(base.manifest.oci === undefined ? {} : { oci: base.manifest.oci })
  }
  return yield* Cache.obtain({
    step: "image",
    key: Digest.ofValue({ id, template: written.template, paths: parts.map((part) => made[part].path) }),
    manifest: Image,
    make: () => Effect.succeed(written)
  })
})

/** The images that were built of a template of this name, the latest first: of this version of it, or of an earlier one. */
export const built = Effect.fn("ImageBuild.built")(function* (template: Microvm) {
  const images = yield* Cache.all("image", Image)
  const digest = Digest.ofValue(imaged(template))
  return images
    .filter(({ manifest }) => manifest.template.name === template.name)
    .map(({ manifest: image, millis }) => ({
      image,
      madeMillis: millis,
      isCurrent: Digest.ofValue(imaged(image.template)) === digest
    }))
})

/** Reads a part of an image to its end, and fails if it is not what was built. */
const verifyPart = Effect.fnUntraced(function* (image: Image, part: (typeof parts)[number]) {
  const { digest: expected, path } = image[part]
  const found = yield* Effect.mapError(Digest.ofFile(path), stepFailed(`reading the ${part}`))
  if (found !== expected) return yield* templateFailed(new Corrupted({ path, expected, found }))
})

/** Reads every part of an image, and fails if one is not what was built. */
export const verify = Effect.fn("ImageBuild.verify")((image: Image) =>
  Effect.forEach(parts, (part) => verifyPart(image, part), { discard: true })
)

/** Has those parts of an image made anew that are not what was built, or gone: each is forgotten. Gives which they were. */
export const forgetDamaged = Effect.fn("ImageBuild.forgetDamaged")(function* (image: Image) {
  const damaged = yield* Effect.filter(parts, (part) =>
    Effect.map(Effect.result(verifyPart(image, part)), Result.isFailure)
  )
  for (const part of damaged) {
    const { path } = image[part]
    yield* Effect.mapError(Cache.forget(path.slice(0, path.lastIndexOf("/"))), stepFailed(part))
  }
  return damaged
})
