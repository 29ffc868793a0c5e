/** The files of an image of OCI, below a directory. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as FileText from "../../policy/document/FileText.ts"
import * as Program from "../../process/Program.ts"
import * as Progress from "../Progress.ts"
import type { OciImage, OciSource } from "../Template.ts"
import { ImageRefused, templateFailed } from "../TemplateError.ts"
import * as OciRecipe from "./OciRecipe.ts"

const indexBytesMax = 4_194_304

const fail = (detail: string) => templateFailed(new ImageRefused({ detail }))

const run = (program: string, given: ReadonlyArray<string>) =>
  Program.run(program, given, { onLine: (line) => Progress.tell({ _tag: "Said", step: "base", line }) }).pipe(
    Effect.mapError(templateFailed)
  )

/** The index of a layout in a directory. */
const indexAt = (layout: string) =>
  Effect.mapError(FileText.read(`${layout}/index.json`, indexBytesMax), (detail) =>
    fail(`${layout} is no layout of OCI: ${detail}`)
  )

const isOfDocker = (archive: string) =>
  Effect.isSuccess(Program.run("tar", ["--list", `--file=${archive}`, "manifest.json"]))

const indexIn = (archive: string) =>
  Program.run("tar", ["--extract", "--to-stdout", `--file=${archive}`, "index.json"]).pipe(
    Effect.map((lines) => lines.join("\n")),
    Effect.catch(({ said }) =>
      Effect.flatMap(isOfDocker(archive), (isOfDocker) =>
        fail(isOfDocker ? OciRecipe.olderForm(archive) : `${archive} is no archive of an image of OCI: ${said}`)
      )
    )
  )

/** The image of a layout or an archive, which must be the one of the digest if there is one. */
const chosen = Effect.fnUntraced(function* (oci: Exclude<OciSource, { readonly registry: string }>) {
  const place = "layout" in oci ? oci.layout : oci.archive
  const index = yield* "layout" in oci ? indexAt(oci.layout) : indexIn(oci.archive)
  const image = OciRecipe.choose(index, oci.tag)
  if (Result.isFailure(image)) return yield* fail(`${place}: ${image.failure}`)
  const { digest } = image.success
  if (oci.digest !== undefined && oci.digest !== digest) {
    return yield* fail(`${place} has the image ${digest}, and not ${oci.digest} as the template says`)
  }
  return image.success
})

/** Which image a source is at present. Nothing is fetched for it. */
export const resolve = Effect.fn("OciFiles.resolve")(function* (oci: OciSource) {
  return "registry" in oci ? { digest: oci.digest, mediaType: "index" } : yield* chosen(oci)
})

/** Why something of an image cannot be written to, or through; undefined if it can. */
const whyNot = Effect.fnUntraced(function* (path: string) {
  const files = yield* FileSystem.FileSystem
  const target = yield* Effect.option(files.readLink(path))
  if (Option.isSome(target)) return `a link to ${target.value}`
  const found = yield* Effect.option(files.stat(path))
  if (Option.isNone(found)) return undefined
  const { type } = found.value
  return type === "File" || type === "Directory" ? undefined : "no file"
})

/** Fails if something that is to be written to is behind a link of the image, which may lead out of it, or is a device. */
const refuseOthers = Effect.fnUntraced(function* (root: string, paths: ReadonlyArray<string>) {
  for (const path of paths) {
    const parts = path.split("/").slice(1)
    for (const index of parts.keys()) {
      const part = `/${parts.slice(0, index + 1).join("/")}`
      const why = yield* whyNot(`${root}${part}`)
      if (why !== undefined) return yield* fail(`${path} cannot be written to: in the image, ${part} is ${why}`)
    }
  }
})

/** Copies an image and unpacks its files; gives the directory of these, and the digest of what was copied. */
export const unpack = Effect.fn("OciFiles.unpack")(function* (image: OciImage, work: string, isRoot: boolean) {
  const resolved = yield* resolve(image.oci)
  const layout = `${work}/layout`
  yield* run("skopeo", OciRecipe.copy(image.oci, layout))
  const copied = OciRecipe.choose(yield* indexAt(layout), undefined)
  if (Result.isFailure(copied)) return yield* fail(`the copied image: ${copied.failure}`)
  const { digest } = copied.success
  if (!("registry" in image.oci) && OciRecipe.isSingle(resolved) && digest !== resolved.digest) {
    return yield* fail(`the image ${resolved.digest} has become ${digest} on its way: its files are not what they say`)
  }
  yield* run("umoci", OciRecipe.unpack(layout, `${work}/bundle`, isRoot))
  const root = `${work}/bundle/rootfs`
  yield* refuseOthers(root, OciRecipe.touched(image))
  return { root, digest }
})
