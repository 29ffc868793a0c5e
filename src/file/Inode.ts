import type { Content } from "./Content.ts"
import { join } from "./FilePath.ts"

interface Attributes {
  /** Counted from 1 in each tree, never used again. */
  readonly number: number
  /** Permission bits. They are kept for programs to read; what is allowed is the business of areas. */
  mode: number
  modifiedMillis: number
}

export interface RegularFile extends Attributes {
  readonly kind: "file"
  content: Content
  /** How many names it has. */
  links: number
}

export interface Directory extends Attributes {
  readonly kind: "directory"
  readonly entries: Map<string, Inode>
  /** Of the root there is none. */
  parent: Directory | undefined
  name: string
}

export interface SymbolicLink extends Attributes {
  readonly kind: "symlink"
  readonly target: string
}

export interface Device extends Attributes {
  readonly kind: "device"
  readonly device: "null" | "stdin" | "stdout" | "stderr"
}

export type Inode = RegularFile | Directory | SymbolicLink | Device

export type Kind = Inode["kind"]

/** What an inode counts for. */
export const bytesOf = (inode: Inode): number => {
  if (inode.kind === "file") return inode.content.bytes
  return inode.kind === "symlink" ? Buffer.byteLength(inode.target) : 0
}

export const pathOf = (directory: Directory): string => {
  const names: Array<string> = []
  for (let at = directory; at.parent !== undefined; at = at.parent) names.push(at.name)
  return `/${names.reverse().join("/")}`
}

/** The names in a directory, by code unit. */
export const namesIn = (directory: Directory): ReadonlyArray<string> => [...directory.entries.keys()].sort()

export interface Descendant {
  readonly path: string
  readonly inode: Inode
}

/** An inode under its path, then all that is below it: directories before what is in them, by name. No link is followed. */
export function* subtree(
  path: string,
  inode: Inode,
  enters: (path: string) => boolean = () => true
): Generator<Descendant> {
  const pending: Array<Descendant> = [{ path, inode }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next
    if (next.inode.kind !== "directory" || !enters(next.path)) continue
    for (const name of namesIn(next.inode).toReversed()) {
      const child = next.inode.entries.get(name)
      if (child !== undefined) pending.push({ path: join(next.path, name), inode: child })
    }
  }
}
