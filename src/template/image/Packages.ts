/** What is installed in an image, as the package manager wrote it down. */
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
