/** The kernel of all guests: Debian's own for virtual machines, unpacked, with the few modules that a guest needs. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Program from "../../process/Program.ts"
import * as Cache from "../Cache.ts"
import * as Digest from "../Digest.ts"
import * as Progress from "../Progress.ts"
import * as Scratch from "../Scratch.ts"
import { StepFailed, stepFailed, templateFailed } from "../TemplateError.ts"
import * as Apt from "./Apt.ts"
import * as KernelImage from "./KernelImage.ts"
import * as Modules from "./Modules.ts"

/** The package that depends on the newest kernel. */
const metaPackage = "linux-image-cloud-amd64"
/** Changes with what is made of a package. */
const format = 1

export const Kernel = Schema.Struct({
  version: Schema.Literal(format),
  package: Schema.String,
  packageVersion: Schema.String,
  image: Schema.Struct({ name: Schema.String, digest: Digest.Digest }),
  /** Files of modules, in the order in which they are loaded. */
  modules: Schema.Array(Schema.String)
})
export type Kernel = typeof Kernel.Type

const fail = (detail: string) => templateFailed(new StepFailed({ step: "kernel", detail }))

const said = (line: string) => Progress.tell({ _tag: "Said", step: "kernel", line })

/** Which package has the newest kernel, and in which version. */
const newest = Effect.fnUntraced(function* (apt: Apt.Apt) {
  const fields = yield* apt.show(metaPackage)
  const [, name, version] = /^Depends:.*?(linux-image-\d[^\s,(]*) \(= ([^)]+)\)/m.exec(fields) ?? []
  if (name === undefined || version === undefined) return yield* fail(`${metaPackage} names no kernel`)
  return { name, version }
})

const filesOf = Effect.fnUntraced(function* (directory: string) {
  const files = yield* FileSystem.FileSystem
  const names = yield* files.readDirectory(directory, { recursive: true })
  return names.map((name) => `${directory}/${name}`)
})

const findOne = (names: ReadonlyArray<string>, what: RegExp) => {
  const found = names.find((name) => what.test(name))
  return found === undefined ? Effect.fail(fail(`the package has no ${what.source}`)) : Effect.succeed(found)
}

/** Copies the modules that are needed, and gives the names of their files in order. */
const chooseModules = Effect.fnUntraced(function* (names: ReadonlyArray<string>, directory: string) {
  const files = yield* FileSystem.FileSystem
  const builtInFile = yield* findOne(names, /\/modules\.builtin$/)
  const builtIn = new Set((yield* files.readFileString(builtInFile)).split("\n").map(Modules.nameOf))
  const paths = names.filter((name) => name.endsWith(".ko"))
  const needs = new Map<string, ReadonlyArray<string>>()
  for (const path of paths) needs.set(Modules.nameOf(path), Modules.needsOf(yield* files.readFile(path)))
  const order = Modules.order({ builtIn, needs })
  if (Result.isFailure(order)) return yield* fail(`the kernel has no module ${order.failure}`)
  for (const name of order.success) {
    const path = yield* findOne(paths, new RegExp(`/${name.replaceAll("_", "[_-]")}\\.ko$`))
    yield* files.copyFile(path, `${directory}/${name}.ko`)
  }
  return order.success.map((name) => `${name}.ko`)
})

const unpackPackage = Effect.fnUntraced(function* (archive: string, into: string) {
  yield* Program.run("dpkg-deb", ["--extract", archive, into], { onLine: said }).pipe(Effect.mapError(templateFailed))
  return yield* filesOf(into)
})

const make = (apt: Apt.Apt, { name, version }: { readonly name: string; readonly version: string }) =>
  Effect.fnUntraced(function* (directory: string) {
    const files = yield* FileSystem.FileSystem
    const work = yield* Scratch.make({ prefix: "caisson-kernel-" })
    const names = yield* unpackPackage(yield* apt.download(name, version), work)
    const image = KernelImage.unpack(yield* files.readFile(yield* findOne(names, /\/boot\/vmlinuz-/)))
    if (Result.isFailure(image)) return yield* fail(image.failure)
    yield* files.writeFile(`${directory}/vmlinux`, image.success)
    const modules = yield* chooseModules(names, directory)
    return {
      version: format,
      package: name,
      packageVersion: version,
      image: { name: "vmlinux", digest: Digest.ofBytes(image.success) },
      modules
    } satisfies Kernel
  }, Effect.scoped)

/** Fetches the newest kernel of a release, unless it was fetched before. */
const fetchNewest = Effect.fnUntraced(function* (release: string) {
  const work = yield* Scratch.make({ prefix: "caisson-apt-" })
  const apt = yield* Apt.open(release, work)
  const found = yield* newest(apt)
  return yield* Cache.obtain({
    step: "kernel",
    key: Digest.ofValue({ format, ...found, wanted: [...Modules.required, ...Modules.welcome] }),
    manifest: Kernel,
    make: make(apt, found)
  })
}, Effect.scoped)

/**
 * The kernel of guests: the last one that was fetched, if there is one. A newer one makes new images of all templates, so it is
 * fetched only when that is asked for.
 */
export const obtain = Effect.fn("KernelBuild.obtain")(function* (release: string, wish: "any" | "newest" = "any") {
  const last = wish === "any" ? yield* Cache.latest("kernel", Kernel) : undefined
  if (last !== undefined) return last
  return yield* Effect.mapError(fetchNewest(release), (error) =>
    error._tag === "PlatformError" ? stepFailed("kernel")(error) : error
  )
})
