/** Directories of this machine, as tests make and look at them. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { freshDirectory } from "./command.ts"

/** What is below a directory: texts of files, targets of links. */
export const treeIn = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .map((entry): readonly [string, string] => {
        const path = join(entry.parentPath, entry.name)
        const name = path.slice(directory.length + 1)
        if (entry.isSymbolicLink()) return [name, `-> ${readlinkSync(path)}`]
        return entry.isDirectory() ? [`${name}/`, ""] : [name, readFileSync(path, "utf8")]
      })
      .sort(([left], [right]) => (left < right ? -1 : 1))
  )

/** The permission bits of a file here. */
export const modeOf = (path: string): number => statSync(path).mode & 0o777

/** A directory with everything that a guest can have as well. */
export const makeTree = (): string => {
  const directory = join(freshDirectory(), "tree")
  mkdirSync(join(directory, "src", "empty"), { recursive: true })
  writeFileSync(join(directory, "read me.txt"), "read me\n")
  writeFileSync(join(directory, "src", "run.sh"), "echo ran\n", { mode: 0o700 })
  writeFileSync(join(directory, "src", `${"long".repeat(40)}.txt`), "long")
  writeFileSync(join(directory, "src", "größe"), "groß")
  symlinkSync("src/run.sh", join(directory, "run"))
  symlinkSync("../read me.txt", join(directory, "src", "up"))
  return directory
}

/** What `makeTree` makes, as `treeIn` shows it. */
export const tree: Record<string, string> = {
  "read me.txt": "read me\n",
  run: "-> src/run.sh",
  "src/": "",
  "src/empty/": "",
  "src/größe": "groß",
  [`src/${"long".repeat(40)}.txt`]: "long",
  "src/run.sh": "echo ran\n",
  "src/up": "-> ../read me.txt"
}
