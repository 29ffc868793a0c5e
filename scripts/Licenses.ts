/** The licences of packages whose code goes into ours. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

/** Packages that come with their dependencies already in them. */
const prebundled = new Set(["just-bash"])

interface Installed {
  readonly name: string
  readonly version: string
  readonly folder: string
  /** What its package says of its licence. */
  readonly license: unknown
  readonly dependencies: ReadonlyArray<string>
}

const installed = (folder: string): Installed => {
  const { dependencies = {}, license, name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  return { name, version, folder, license, dependencies: Object.keys(dependencies) }
}

/** The folder of the package that a file belongs to; undefined of our own. */
const folderOf = (file: string): string | undefined => /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0]

/** The folder in which one package finds another, if it is installed. */
const dependency = (folder: string, name: string): string | undefined =>
  createRequire(join(folder, "package.json"))
    .resolve.paths(name)
    ?.map((place) => join(place, name))
    .find((place) => existsSync(join(place, "package.json")))

const withDependencies = (folder: string, found: Map<string, Installed>): void => {
  if (found.has(folder)) return
  const one = installed(folder)
  found.set(folder, one)
  for (const name of one.dependencies) {
    const other = dependency(folder, name)
    if (other !== undefined) withDependencies(other, found)
  }
}

/** The licence with which it comes, or where it comes without, the name of that. */
const textOf = ({ folder, license, name, version }: Installed): string => {
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim())
  if (texts.length === 0 && typeof license !== "string")
    throw new Error(`${name} ${version} has no licence in ${folder}`)
  return `${name} ${version}\n\n${texts.length === 0 ? `Licence: ${license}` : texts.join("\n\n")}\n`
}

/** The licences of the packages that files lie in, `root` being the folder that they are named from. */
export const licensesOf = (root: string, files: Iterable<string>): string => {
  const found = new Map<string, Installed>()
  for (const file of files) {
    const folder = folderOf(file)
    if (folder === undefined) continue
    const place = join(root, folder)
    if (prebundled.has(installed(place).name)) withDependencies(place, found)
    else found.set(place, installed(place))
  }
  const packages = [...found.values()].sort((left, right) => left.name.localeCompare(right.name))
  return `Caisson has code of these packages in it.\n\n${packages.map(textOf).join(`\n${"-".repeat(79)}\n\n`)}`
}
