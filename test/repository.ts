/** The files of this repository, as the tests about it see them. Paths are relative to its root and have forward slashes. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("..", import.meta.url))

const notOurs = new Set([".git", "node_modules", "dist", "coverage", ".caisson", "shell-image"])

/** All files below a folder, but for those of tools and builds. */
export const filesBelow = (folder: string): ReadonlyArray<string> => {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !notOurs.has(entry.name))
    .flatMap((entry) => {
      const path = folder === "." ? entry.name : `${folder}/${entry.name}`
      return entry.isDirectory() ? filesBelow(path) : [path]
    })
    .sort()
}

export const exists = (path: string): boolean => existsSync(join(root, path))

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

export const sources = filesBelow("src").filter((file) => file.endsWith(".ts"))

export const tests = filesBelow("test").filter((file) => file.endsWith(".ts"))

export const pages = ["README.md", "CHANGELOG.md", ...filesBelow("docs").filter((file) => file.endsWith(".md"))]

export interface Package {
  readonly name: string
  readonly version: string
  readonly engines: { readonly node: string }
  readonly bin: Readonly<Record<string, string>>
  readonly files: ReadonlyArray<string>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
}

export const packageJson: Package = JSON.parse(read("package.json"))
