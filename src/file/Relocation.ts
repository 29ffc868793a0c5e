/** Operations with two paths: what is at the one gets to the other. They throw `Refusal`s, and then have changed nothing. */
import type { Caller } from "./Access.ts"
import { areaOf } from "./Area.ts"
import { Refusal } from "./FileFault.ts"
import { type Descendant, subtree } from "./Inode.ts"
import { type Existing, type Found, type Lookup, requireMovable } from "./Lookup.ts"

export const requireNew = (found: Found): void => {
  if (found.inode !== undefined) throw new Refusal("EEXIST")
  if (found.mustBeDirectory) throw new Refusal("ENOENT")
}

const isWithin = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`)

const below = (source: Existing): ReadonlyArray<Descendant> => [...subtree(source.path, source.inode)]

const requireReplaceable = (source: Existing, target: Found): void => {
  const { inode } = target
  requireMovable(target)
  if (source.inode.kind !== "directory") {
    if (inode?.kind === "directory") throw new Refusal("EISDIR")
    if (target.mustBeDirectory) throw new Refusal("ENOTDIR")
    return
  }
  if (isWithin(target.path, source.path)) throw new Refusal("EINVAL", "a directory cannot be below itself")
  if (inode !== undefined && inode.kind !== "directory") throw new Refusal("ENOTDIR")
  if (inode !== undefined && inode.entries.size > 0) throw new Refusal("ENOTEMPTY")
}

/** A file with a name in one area does not get another one in another area, where other rules are. */
const requireOneArea = (source: Existing, target: Found): void => {
  if (areaOf(source.path) === areaOf(target.path)) return
  if (below(source).some(({ inode }) => inode.kind === "file" && inode.links > 1)) {
    throw new Refusal("EACCES", "a file with several names stays where it is")
  }
}

export const rename = (lookup: Lookup, by: Caller, from: string, to: string): void => {
  const source = lookup.existing(by, from, "keep")
  const target = lookup.place(by, to, "keep")
  requireMovable(source)
  lookup.requireBelow(by, source, "change")
  lookup.requireBelow(by, source, "read")
  lookup.require(by, target, "change")
  if (source.inode === target.inode) return
  requireReplaceable(source, target)
  requireOneArea(source, target)
  for (const { path } of below(source).slice(1)) {
    const moved = `${target.path}${path.slice(source.path.length)}`
    lookup.require(by, { path: moved, named: moved }, "change")
  }
  lookup.volume.move(source.directory, source.name, target.directory, target.name, by.nowMillis)
}

export const link = (lookup: Lookup, by: Caller, from: string, to: string): void => {
  const source = lookup.existing(by, from, "keep")
  const target = lookup.place(by, to, "keep")
  if (source.inode.kind !== "file") throw new Refusal("EACCES", "only a regular file has several names")
  lookup.require(by, source, "change")
  lookup.require(by, source, "read")
  lookup.require(by, target, "change")
  requireNew(target)
  if (areaOf(source.path) !== areaOf(target.path)) throw new Refusal("EACCES", "a hard link leads nowhere else")
  lookup.volume.addLink(target.directory, target.name, source.inode, by.nowMillis)
}

const copyOne = (lookup: Lookup, by: Caller, { inode, path }: Descendant, to: string): void => {
  const attributes = { mode: inode.mode, modifiedMillis: by.nowMillis }
  if (inode.kind === "directory") {
    const target = lookup.place(by, to, "follow")
    if (target.inode?.kind === "directory") return
    if (target.inode !== undefined) throw new Refusal("ENOTDIR")
    lookup.require(by, target, "create")
    lookup.volume.addDirectory(target.directory, target.name, attributes)
  } else if (inode.kind === "symlink") {
    const target = lookup.place(by, to, "keep")
    requireNew(target)
    lookup.require(by, target, "change")
    lookup.volume.addSymbolicLink(target.directory, target.name, inode.target, attributes)
  } else {
    const content = lookup.content(by, lookup.existing(by, path, "keep"))
    lookup.put(by, lookup.place(by, to, "follow"), { bytes: content.bytes, make: () => content }, inode.mode)
  }
}

const copyBelow = (lookup: Lookup, by: Caller, source: Existing, target: Found): void => {
  if (isWithin(target.path, source.path)) throw new Refusal("EINVAL", "a directory cannot be below itself")
  const copies = below(source)
  lookup.volume.atomically(() => {
    for (const each of copies) copyOne(lookup, by, each, `${target.path}${each.path.slice(source.path.length)}`)
  })
}

/** Copies a file, or a directory with all that is below it into one that may be there. Contents are shared. */
export const copy = (
  lookup: Lookup,
  by: Caller,
  from: string,
  to: string,
  { isRecursive }: { readonly isRecursive: boolean }
): void => {
  const source = lookup.existing(by, from, "follow")
  const target = lookup.place(by, to, "follow")
  if (source.inode === target.inode) throw new Refusal("EINVAL", "it is the same file")
  if (source.inode.kind === "directory") {
    if (!isRecursive) throw new Refusal("EISDIR", "copying a directory is recursive")
    lookup.requireBelow(by, source, "read")
    copyBelow(lookup, by, source, target)
  } else {
    const content = lookup.content(by, source)
    lookup.put(by, target, { bytes: content.bytes, make: () => content }, source.inode.mode)
  }
}
