import * as Result from "effect/Result"
import { Refusal } from "./FileFault.ts"
import { type FilePath, join, read } from "./FilePath.ts"
import { type Directory, type Inode, pathOf, type SymbolicLink } from "./Inode.ts"

const linksFollowedMax = 40

/** Where a path leads. */
export interface Place {
  readonly directory: Directory
  /** Empty for the root. */
  readonly name: string
  readonly inode: Inode | undefined
  /** The segments behind the name; there are none unless nothing has that name. */
  readonly rest: ReadonlyArray<string>
  readonly mustBeDirectory: boolean
}

/** Without symbolic links in it. */
export const pathOfPlace = ({ directory, name }: Place): string => join(pathOf(directory), name)

const placeOf = (directory: Directory): Place => ({
  directory: directory.parent ?? directory,
  name: directory.name,
  inode: directory,
  rest: [],
  mustBeDirectory: true
})

const parentOf = ({ parent }: Directory): Directory => {
  if (parent === undefined) throw new Refusal("EACCES", "the path escapes the root")
  return parent
}

/**
 * Goes along a path from the root as a file system does: a symbolic link is followed, at most 40 in all, and `..` is the directory
 * that the one before really is in. A link at the end is followed or kept. Throws a `Refusal`.
 */
export const walk = (root: Directory, path: FilePath, last: "follow" | "keep"): Place => {
  const pending = path.segments.toReversed()
  let { mustBeDirectory } = path
  let directory = root
  let linksFollowed = 0
  const follow = ({ target }: SymbolicLink): void => {
    if (++linksFollowed > linksFollowedMax) throw new Refusal("ELOOP")
    const next = Result.getOrThrow(read(target))
    if (pending.length === 0) mustBeDirectory ||= next.mustBeDirectory
    if (next.isAbsolute) directory = root
    pending.push(...next.segments.toReversed())
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "..") {
      directory = parentOf(directory)
      continue
    }
    const inode = directory.entries.get(name)
    if (inode === undefined) return { directory, name, inode, rest: pending.toReversed(), mustBeDirectory }
    const isLast = pending.length === 0
    if (inode.kind === "symlink" && (!isLast || last === "follow" || mustBeDirectory)) follow(inode)
    else if (inode.kind === "directory") directory = inode
    else if (isLast && !mustBeDirectory) return { directory, name, inode, rest: [], mustBeDirectory }
    else throw new Refusal("ENOTDIR")
  }
  return placeOf(directory)
}
