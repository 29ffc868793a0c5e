/** How the files of a guest are made from an image of OCI: the arguments of the tools, and what is changed of it. Pure. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { guest, systemFiles, users, written } from "../image/DebianRecipe.ts"
import type { OciImage, OciSource } from "../Template.ts"

const tagAnnotation = "org.opencontainers.image.ref.name"

const Descriptor = Schema.Struct({
  mediaType: Schema.optionalKey(Schema.String),
  digest: Schema.String.check(Schema.isPattern(/^sha256:[0-9a-f]{64}$/u)),
  annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})
export type Descriptor = typeof Descriptor.Type

const Index = Schema.Struct({ manifests: Schema.Array(Descriptor) })

const decodeIndex = Schema.decodeUnknownResult(Schema.fromJsonString(Index))

/** Finds an image in the `index.json` of a layout; the failure says why there is none, or which there are. */
export const choose = (index: string, tag: string | undefined): Result.Result<Descriptor, string> => {
  const decoded = decodeIndex(index)
  if (Result.isFailure(decoded)) return Result.fail("its index.json is not one of OCI")
  const { manifests } = decoded.success
  const tags = manifests.flatMap(({ annotations }) => annotations?.[tagAnnotation] ?? [])
  const named = tags.length === 0 ? "" : `; its tags are ${tags.join(", ")}`
  const found =
    tag === undefined ? manifests : manifests.filter(({ annotations }) => annotations?.[tagAnnotation] === tag)
  const [only] = found
  if (only === undefined) return Result.fail(tag === undefined ? "it has no image" : `it has no image ${tag}${named}`)
  return found.length === 1
    ? Result.succeed(only)
    : Result.fail(`it has ${found.length} images: say which by tag${named}`)
}

/** Whether a descriptor is of one image, and not of a list of images for several machines. */
export const isSingle = ({ mediaType = "" }: Descriptor): boolean => !/image\.index|manifest\.list/.test(mediaType)

const tagged = (tag: string | undefined): string => (tag === undefined ? "" : `:${tag}`)

/** A name of a registry without its tag: with a digest there is no other. */
const untagged = (reference: string): string => reference.replace(/:[^:/]*$/, "")

/** An image, as `skopeo` names it. */
export const named = (oci: OciSource): string => {
  if ("layout" in oci) return `oci:${oci.layout}${tagged(oci.tag)}`
  return "archive" in oci
    ? `oci-archive:${oci.archive}${tagged(oci.tag)}`
    : `docker://${untagged(oci.registry)}@${oci.digest}`
}

/** What is said of an archive as Docker wrote it before version 25. */
export const olderForm = (archive: string): string => {
  const converted = archive.replace(/(\.tar)?$/, ".oci.tar")
  const command = `skopeo copy docker-archive:${archive} oci-archive:${converted}`
  return `${archive} is no archive of an image of OCI, but one of the older form of docker save: ${command}`
}

/** The name of the copied image in its layout. */
const copied = "image"

/**
 * The arguments of `skopeo`. Of several machines, the image for ours is taken. What a registry has may be of a form that is older
 * than OCI, and becomes another one; what lies here stays as it is.
 */
export const copy = (oci: OciSource, layout: string): ReadonlyArray<string> => [
  ...["--override-os", "linux", "--override-arch", "amd64", "copy"],
  ...("registry" in oci ? [] : ["--preserve-digests"]),
  ...[named(oci), `oci:${layout}:${copied}`]
]

/** The arguments of `umoci`. Who is not root cannot give files to others: those of the image are root's then. */
export const unpack = (layout: string, bundle: string, isRoot: boolean): ReadonlyArray<string> => [
  "unpack",
  ...(isRoot ? [] : ["--rootless"]),
  "--image",
  `${layout}:${copied}`,
  bundle
]

/** Every path that is written to, from `/`. */
export const touched = ({ files }: OciImage): ReadonlyArray<string> => [...written, ...files.map(({ path }) => path)]

const accounts = ["passwd", "group", "shadow", "gshadow"].map((name) => `"$1/etc/${name}"`).join(" ")

/** Adds the guest to the files below `$1`, and puts those below `$2` over them. None of what it writes to is behind a link. */
export const customise = [
  `mkdir -p "$1/etc" "$1${guest.home}"`,
  `touch ${systemFiles.map((path) => `"$1${path}"`).join(" ")}`,
  `sed -i '/^${guest.name}:/d' ${accounts}`,
  ...users,
  'cp -R "$2/." "$1/"'
].join("\n")
