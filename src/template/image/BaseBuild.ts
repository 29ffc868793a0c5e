/** The files that all machines of a template have in common, as a file system that nothing can write to. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import * as Program from "../Program.ts"
import * as Progress from "../Progress.ts"
import type { ImageSource } from "../Template.ts"
import { stepFailed, templateFailed } from "../TemplateError.ts"
import * as DebianRecipe from "./DebianRecipe.ts"
import * as Packages from "./Packages.ts"

const format = 1

export const BaseFiles = Schema.Struct({
  version: Schema.Literal(format),
  file: Schema.Struct({ name: Schema.String, digest: Digest.Digest, bytes: Schema.Int }),
  /** What is installed, and in which versions: the same recipe may give others at another time. */
  packages: Schema.Array(Packages.Package)
})
export type BaseFiles = typeof BaseFiles.Type

/** Writes the files of a template to a directory, to be copied from there as they are. */
const place = Effect.fnUntraced(function* (source: ImageSource, directory: string) {
  const files = yield* FileSystem.FileSystem
  for (const { isExecutable, path, text } of source.files) {
    const target = `${directory}${path}`
    yield* files.makeDirectory(target.slice(0, target.lastIndexOf("/")), { recursive: true })
    yield* files.writeFileString(target, text)
    yield* files.chmod(target, isExecutable ? 0o755 : 0o644)
  }
})

const isRoot = Program.run("id", ["-u"]).pipe(
  Effect.map(([uid]) => uid === "0"),
  Effect.mapError(templateFailed)
)

const run = (program: string, given: ReadonlyArray<string>, directory: string) =>
  Program.run(program, given, {
    directory,
    environment: { SOURCE_DATE_EPOCH: String(DebianRecipe.epochSeconds) },
    onLine: (line) => Progress.tell({ _tag: "Said", step: "base", line })
  }).pipe(Effect.mapError(templateFailed))

/** Unpacks the archive and makes the file system in one go, so that a user who is not root can be told that all is root's. */
const unpackAndPack = [
  "set -eu",
  "mkdir files",
  'tar --extract --file="$1" --directory=files --numeric-owner --same-owner --preserve-permissions',
  "shift",
  'exec mkfs.erofs "$@"'
].join("\n")

const pack = Effect.fnUntraced(function* (work: string, image: string, uuid: string) {
  const script = ["-c", unpackAndPack, "sh", `${work}/files.tar`, ...DebianRecipe.fileSystem(image, "files", uuid)]
  if (yield* isRoot) yield* run("sh", script, work)
  else yield* run("fakeroot", ["--", "sh", ...script], work)
})

const make = (source: ImageSource, key: Digest.Digest) =>
  Effect.fnUntraced(function* (directory: string) {
    const files = yield* FileSystem.FileSystem
    const work = yield* files.makeTempDirectoryScoped({ prefix: "caisson-base-" })
    const placed = `${work}/placed`
    yield* files.makeDirectory(placed)
    yield* place(source, placed)
    yield* run("mmdebstrap", DebianRecipe.build({ source, placed, output: `${work}/files.tar` }), work)
    const image = `${directory}/base.erofs`
    yield* pack(work, image, Digest.uuidOf(key))
    const packages = Packages.parse(yield* files.readFileString(`${work}/files/var/lib/dpkg/status`))
    const digest = yield* Effect.mapError(Digest.ofFile(image), stepFailed("base"))
    const { size } = yield* files.stat(image)
    return { version: format, file: { name: "base.erofs", digest, bytes: Number(size) }, packages } satisfies BaseFiles
  }, Effect.scoped)

/** What the files of an image depend on. */
export const keyOf = (source: ImageSource): Digest.Digest =>
  Digest.ofValue({
    format,
    files: source.files,
    recipe: [
      DebianRecipe.build({ source, placed: "placed", output: "output" }),
      DebianRecipe.fileSystem("image", "files", "uuid")
    ]
  })

/** Builds the files of an image, unless the same were built before. */
export const obtain = (source: ImageSource) => {
  const key = keyOf(source)
  return Cache.obtain({ step: "base", key, manifest: BaseFiles, make: make(source, key) })
}
