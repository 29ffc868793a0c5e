/** What is installed in an image, as the package manager wrote it down. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

export const Package = Schema.Struct({ name: Schema.String, version: Schema.String, architecture: Schema.String })
export type Package = typeof Package.Type

const fieldsOf = (paragraph: string): ReadonlyMap<string, string> =>
  new Map(
    paragraph.split("\n").flatMap((line): ReadonlyArray<readonly [string, string]> => {
      const [, name, value] = /^([A-Za-z-]+): (.*)$/.exec(line) ?? []
      return name === undefined ? [] : [[name, value ?? ""]]
    })
  )

/** Reads a `dpkg` status file: installed packages by name. */
export const parse = (status: string): ReadonlyArray<Package> =>
  status
    .split("\n\n")
    .map(fieldsOf)
    .filter((fields) => fields.get("Status") === "install ok installed")
    .map((fields) => ({
      name: fields.get("Package") ?? "",
      version: fields.get("Version") ?? "",
      architecture: fields.get("Architecture") ?? ""
    }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))

/** Ten times what Debian has with all of its desktops. */
const statusBytesMax = 64 * 1_048_576

/** What is installed below a directory. What is behind a link is of somewhere else, and what is no file may never end. */
export const below = Effect.fn("Packages.below")(function* (root: string) {
  const files = yield* FileSystem.FileSystem
  let path = root
  for (const name of ["var", "lib", "dpkg", "status"]) {
    path = `${path}/${name}`
    if (Option.isSome(yield* Effect.option(files.readLink(path)))) return []
  }
  const stat = yield* Effect.option(files.stat(path))
  if (Option.isNone(stat) || stat.value.type !== "File" || stat.value.size > statusBytesMax) return []
  return parse(yield* Effect.orElseSucceed(files.readFileString(path), () => ""))
})
