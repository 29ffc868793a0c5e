/** The files that all machines of a template have in common, as a file system that nothing can write to. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Contained from "../../process/Contained.ts"
import * as Program from "../../process/Program.ts"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import * as OciFiles from "../oci/OciFiles.ts"
import * as OciRecipe from "../oci/OciRecipe.ts"
import * as Progress from "../Progress.ts"
import * as Scratch from "../Scratch.ts"
import type { DebianImage, ImageSource, OciImage } from "../Template.ts"
import { stepFailed, templateFailed } from "../TemplateError.ts"
import * as DebianRecipe from "./DebianRecipe.ts"
import * as Packages from "./Packages.ts"

const format = 1

export const BaseFiles = Schema.Struct({
  version: Schema.Literal(format),
  file: Schema.Struct({ name: Schema.String, digest: Digest.Digest, bytes: Schema.Int }),
  /** What is installed, and in which versions: the same recipe may give others at another time. */
  packages: Schema.Array(Packages.Package),
  /** The image of OCI that they were made from. */
  oci: Schema.optionalKey(Schema.String)
})
export type BaseFiles = typeof BaseFiles.Type

/** Writes the files of a template to a directory, to be copied from there as they are. */
const place = Effect.fnUntraced(function* (source: ImageSource, directory: string) {
  const files = yield* FileSystem.FileSystem
  yield* files.makeDirectory(directory)
  for (const { isExecutable, path, text } of source.files) {
    const target = `${directory}${path}`
    yield* files.makeDirectory(target.slice(0, target.lastIndexOf("/")), { recursive: true })
    yield* files.writeFileString(target, text)
    yield* files.chmod(target, isExecutable ? 0o755 : 0o644)
  }
})

const userIsRoot = Program.run("id", ["-u"]).pipe(
  Effect.map(([uid]) => uid === "0"),
  Effect.mapError(templateFailed)
)

const environment = { SOURCE_DATE_EPOCH: String(DebianRecipe.epochSeconds) }
const onLine = (line: string) => Progress.tell({ _tag: "Said", step: "base", line })

const run = (program: string, given: ReadonlyArray<string>, directory: string) =>
  Program.run(program, given, { directory, environment, onLine }).pipe(Effect.mapError(templateFailed))

/** Unpacks the archive and makes the file system in one go, so that a user who is not root can be told that all is root's. */
const packDebian = [
  "set -eu",
  "mkdir files",
  'tar --extract --file="$1" --directory=files --numeric-owner --same-owner --preserve-permissions',
  "shift",
  'exec mkfs.erofs "$@"'
].join("\n")

/** The same of an image that is unpacked. Who is not root has no files of others in it. */
const packOci = (isRoot: boolean): string =>
  ["set -eu", ...(isRoot ? [] : ['chown -R 0:0 "$1"']), OciRecipe.customise, "shift 2", 'exec mkfs.erofs "$@"'].join(
    "\n"
  )

/** Runs a script as root, or as somebody who seems to be. */
const runAsRoot = (isRoot: boolean, script: string, given: ReadonlyArray<string>, work: string) =>
  isRoot
    ? run("sh", ["-c", script, "sh", ...given], work)
    : run("fakeroot", ["--", "sh", "-c", script, "sh", ...given], work)

interface Work {
  readonly directory: string
  readonly isRoot: boolean
  /** Where the files of the template are, to be put over the others. */
  readonly placed: string
  /** The arguments of `mkfs.erofs` for a directory. */
  readonly fileSystem: (directory: string) => ReadonlyArray<string>
}

/** Makes the file system; gives where its files are, and which image of OCI they came from. */
const fromDebian = Effect.fnUntraced(function* (source: DebianImage, { directory, fileSystem, isRoot, placed }: Work) {
  const output = `${directory}/files.tar`
  yield* Contained.run("mmdebstrap", DebianRecipe.build({ source, placed, output }), {
    isRoot,
    // Who is not root builds in a namespace of users and is another one there, to whom no directory of this user's is open.
    directory: "/",
    environment: isRoot ? { ...environment, TMPDIR: directory } : environment,
    onLine
  }).pipe(Effect.mapError(templateFailed))
  yield* runAsRoot(isRoot, packDebian, [output, ...fileSystem("files")], directory)
  return { root: `${directory}/files` }
})

const fromOci = Effect.fnUntraced(function* (source: OciImage, { directory, fileSystem, isRoot, placed }: Work) {
  const { digest, root } = yield* OciFiles.unpack(source, directory, isRoot)
  yield* runAsRoot(isRoot, packOci(isRoot), [root, placed, ...fileSystem(root)], directory)
  return { root, oci: digest }
})

const make = (source: ImageSource, key: Digest.Digest) =>
  Effect.fnUntraced(function* (directory: string) {
    const files = yield* FileSystem.FileSystem
    const work = yield* Scratch.make({ prefix: "caisson-base-" })
    // For the user of mmdebstrap's namespace. Of another image it has programs in it that run as their owners.
    if ("debian" in source) yield* files.chmod(work, 0o755)
    const placed = `${work}/placed`
    yield* place(source, placed)
    const image = `${directory}/base.erofs`
    const given: Work = {
      directory: work,
      isRoot: yield* userIsRoot,
      placed,
      fileSystem: (from) => DebianRecipe.fileSystem(image, from, Digest.uuidOf(key))
    }
    const { root, ...origin } = yield* "debian" in source ? fromDebian(source, given) : fromOci(source, given)
    const packages = yield* Packages.below(root)
    const digest = yield* Effect.mapError(Digest.ofFile(image), stepFailed("base"))
    const { size } = yield* files.stat(image)
    const file = { name: "base.erofs", digest, bytes: Number(size) }
    return { version: format, file, packages, ...origin } satisfies BaseFiles
  }, Effect.scoped)

const fileSystem = DebianRecipe.fileSystem("image", "files", "uuid")

/** What the files of an image depend on that is made of packages. */
export const keyOf = (source: DebianImage): Digest.Digest => {
  const recipe = [DebianRecipe.build({ source, placed: "placed", output: "output" }), fileSystem]
  return Digest.ofValue({ format, files: source.files, recipe })
}

/** The same of an image of OCI: which one it is at present. */
const keyOfOci = ({ files, oci }: OciImage) =>
  Effect.map(OciFiles.resolve(oci), ({ digest }) =>
    Digest.ofValue({ format, files, oci: digest, recipe: [OciRecipe.customise, fileSystem] })
  )

/** Builds the files of an image, unless the same were built before. */
export const obtain = Effect.fn("BaseBuild.obtain")(function* (source: ImageSource) {
  const key = "debian" in source ? keyOf(source) : yield* keyOfOci(source)
  return yield* Cache.obtain({ step: "base", key, manifest: BaseFiles, make: make(source, key) })
})
