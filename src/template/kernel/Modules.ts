/** Which modules of a kernel a guest needs to find its disks, and in which order they are loaded. Pure. */
import * as Result from "effect/Result"
import { section } from "./Elf.ts"

/** What a guest cannot do without: its buses, disks, port, chance and file systems. */
export const required = ["virtio_pci", "virtio_blk", "virtio_console", "virtio_rng", "erofs", "overlay"]

/** What is taken along if this kernel has it. */
export const welcome = ["virtio_mmio", "vmgenid"]

/** A module's name: in those of files a hyphen is as good as an underscore. */
export const nameOf = (path: string): string =>
  (path.split("/").at(-1) ?? path).replace(/\.ko$/, "").replaceAll("-", "_")

/** The modules that a module cannot be loaded without, as it says itself. */
export const needsOf = (module: Uint8Array): ReadonlyArray<string> => {
  const facts = Buffer.from(section(module, ".modinfo") ?? [])
    .toString("latin1")
    .split("\0")
  const depends = facts.find((fact) => fact.startsWith("depends="))?.slice("depends=".length) ?? ""
  return depends
    .split(",")
    .filter((name) => name !== "")
    .map((name) => name.replaceAll("-", "_"))
}

export interface Kernel {
  /** Names of modules that are part of the kernel itself. */
  readonly builtIn: ReadonlySet<string>
  /** What each module needs, by its name; of those that there are. */
  readonly needs: ReadonlyMap<string, ReadonlyArray<string>>
}

/** The names of modules, each behind those that it needs; the failure names one that is missing. */
export const order = ({ builtIn, needs }: Kernel): Result.Result<ReadonlyArray<string>, string> => {
  const found: Array<string> = []
  const seen = new Set<string>()
  const visit = (name: string): string | undefined => {
    if (builtIn.has(name) || seen.has(name)) return undefined
    const needed = needs.get(name)
    if (needed === undefined) return name
    seen.add(name)
    const missing = needed.map(visit).find((other) => other !== undefined)
    found.push(name)
    return missing
  }
  const wanted = [...required, ...welcome.filter((name) => needs.has(name))]
  const missing = wanted.map(visit).find((name) => name !== undefined)
  return missing === undefined ? Result.succeed(found) : Result.fail(missing)
}
