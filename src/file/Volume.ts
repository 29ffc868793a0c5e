/**
 * The inodes of a file tree, and what they count for. Owns every change of an inode; does not know paths that were asked for, nor who
 * may do what.
 *
 * V1. `bytes` is what all inodes come to, each once; `entries` is the number of names in all directories. Neither is ever more
 *     than the quota, and what would make it more is refused before anything is changed.
 * V2. The path of every inode has at most `pathBytesMax` bytes.
 * V3. Every change makes `version` greater and is noted in `changes`.
 */
import * as Changes from "./Changes.ts"
import type { Content } from "./Content.ts"
import { Refusal } from "./FileFault.ts"
import { join, pathBytesMax } from "./FilePath.ts"
import { bytesOf, type Directory, type Inode, pathOf, type RegularFile, subtree } from "./Inode.ts"
import { devices, directories } from "./Layout.ts"
import type { Quota } from "./Quota.ts"

export interface Attributes {
  readonly mode: number
  readonly modifiedMillis: number
}

/** What a volume is made of when it is read back. */
export interface Remains {
  readonly root: Directory
  readonly nextNumber: number
  readonly version: number
}

export const requirePathLength = (path: string): void => {
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new Refusal("ENAMETOOLONG", `a path has at most ${pathBytesMax} bytes`)
  }
}

const emptyRoot = (nowMillis: number): Directory => ({
  kind: "directory",
  number: 1,
  mode: 0o755,
  modifiedMillis: nowMillis,
  entries: new Map(),
  parent: undefined,
  name: ""
})

const copyOf = (inode: Inode, copies: Map<Inode, Inode>): Inode => {
  const before = copies.get(inode)
  if (before !== undefined) return before
  const copy: Inode = inode.kind === "directory" ? { ...inode, entries: new Map() } : { ...inode }
  copies.set(inode, copy)
  return copy
}

const copyOfAll = (root: Directory): Directory => {
  const copies = new Map<Inode, Inode>()
  for (const { inode } of subtree("/", root)) {
    const directory = copyOf(inode, copies)
    if (inode.kind !== "directory" || directory.kind !== "directory") continue
    for (const [name, child] of inode.entries) {
      const copy = copyOf(child, copies)
      if (copy.kind === "directory") copy.parent = directory
      directory.entries.set(name, copy)
    }
  }
  return copyOf(root, copies) as Directory
}

export class Volume {
  readonly quota: Quota
  #root: Directory
  #nextNumber: number
  #version: number
  #bytes = 0
  #entries = 0
  #changes = new Changes.Changes()

  private constructor(quota: Quota, { nextNumber, root, version }: Remains) {
    this.quota = quota
    this.#root = root
    this.#nextNumber = nextNumber
    this.#version = version
    this.#recount()
  }

  /** A volume with nothing in it but the layout. */
  static make(quota: Quota, nowMillis: number): Volume {
    const volume = new Volume(quota, { root: emptyRoot(nowMillis), nextNumber: 2, version: 0 })
    for (const path of [...directories, ...devices.keys()]) volume.#addFixed(path, nowMillis)
    volume.#version = 0
    volume.takeChanges()
    return volume
  }

  /** A volume of what keeps V1 and V2. */
  static of(quota: Quota, remains: Remains): Volume {
    return new Volume(quota, remains)
  }

  get root(): Directory {
    return this.#root
  }
  get nextNumber(): number {
    return this.#nextNumber
  }
  get version(): number {
    return this.#version
  }
  get bytes(): number {
    return this.#bytes
  }
  get entries(): number {
    return this.#entries
  }

  takeChanges(): Changes.TakenChanges {
    return this.#changes.take()
  }

  /** A copy that shares the contents of files, and nothing that can change. */
  copy(): Volume {
    return new Volume(this.quota, { root: copyOfAll(this.#root), nextNumber: this.#nextNumber, version: this.#version })
  }

  /** Does all of it or, if it throws, nothing. */
  atomically<A>(body: () => A): A {
    const { nextNumber, root, version } = this.copy()
    const changes = this.#changes.copy()
    try {
      return body()
    } catch (cause) {
      this.#root = root
      this.#nextNumber = nextNumber
      this.#version = version
      this.#changes = changes
      this.#recount()
      throw cause
    }
  }

  requireRoom(entries: number, bytes: number): void {
    if (entries > 0 && this.#entries + entries > this.quota.entries) {
      throw new Refusal("ENOSPC", `the file tree holds at most ${this.quota.entries} entries`)
    }
    if (bytes > 0 && this.#bytes + bytes > this.quota.bytes) {
      throw new Refusal("ENOSPC", `the file tree holds at most ${this.quota.bytes} bytes`)
    }
  }

  addFile(directory: Directory, name: string, content: Content, attributes: Attributes): RegularFile {
    return this.#add(directory, name, content.bytes, attributes, {
      kind: "file",
      ...this.#attributes(attributes),
      content,
      links: 1
    })
  }

  addDirectory(directory: Directory, name: string, attributes: Attributes): Directory {
    return this.#add(directory, name, 0, attributes, {
      kind: "directory",
      ...this.#attributes(attributes),
      entries: new Map(),
      parent: directory,
      name
    })
  }

  addSymbolicLink(directory: Directory, name: string, target: string, attributes: Attributes): void {
    this.#add(directory, name, Buffer.byteLength(target), attributes, {
      kind: "symlink",
      ...this.#attributes(attributes),
      target
    })
  }

  /** Gives a file one more name. */
  addLink(directory: Directory, name: string, file: RegularFile, nowMillis: number): void {
    this.#add(directory, name, 0, { mode: file.mode, modifiedMillis: nowMillis }, file)
    file.links++
  }

  /** Gives a file, which may have other paths as well, another content: the change is noted under this one. */
  setContent(file: RegularFile, path: string, content: Content, nowMillis: number): void {
    this.requireRoom(0, content.bytes - file.content.bytes)
    this.#bytes += content.bytes - file.content.bytes
    file.content = content
    this.setAttributes(file, path, { modifiedMillis: nowMillis })
  }

  setAttributes(inode: Inode, path: string, attributes: Partial<Attributes>): void {
    Object.assign(inode, attributes)
    this.#changed(path, "changed")
  }

  /** Takes a name away, with all that is below it. */
  remove(directory: Directory, name: string, nowMillis: number): void {
    const inode = directory.entries.get(name)
    if (inode === undefined) return
    const path = join(pathOf(directory), name)
    for (const below of [...subtree(path, inode)].reverse()) {
      this.#entries--
      if (below.inode.kind !== "file" || --below.inode.links === 0) this.#bytes -= bytesOf(below.inode)
      this.#changed(below.path, "removed")
    }
    directory.entries.delete(name)
    directory.modifiedMillis = nowMillis
  }

  /** Gives an inode another place, in the stead of what is there. A directory is not moved below itself. */
  move(from: Directory, name: string, to: Directory, newName: string, nowMillis: number): void {
    const inode = from.entries.get(name)
    if (inode === undefined) return
    const path = join(pathOf(to), newName)
    const after = [...subtree(path, inode)].map((below) => below.path)
    for (const below of after) requirePathLength(below)
    this.remove(to, newName, nowMillis)
    for (const below of subtree(join(pathOf(from), name), inode)) this.#changed(below.path, "removed")
    from.entries.delete(name)
    to.entries.set(newName, inode)
    if (inode.kind === "directory") Object.assign(inode, { parent: to, name: newName })
    from.modifiedMillis = nowMillis
    to.modifiedMillis = nowMillis
    for (const below of after) this.#changed(below, "created")
  }

  #add<A extends Inode>(directory: Directory, name: string, bytes: number, attributes: Attributes, inode: A): A {
    const path = join(pathOf(directory), name)
    requirePathLength(path)
    this.requireRoom(1, bytes)
    if (inode.number === this.#nextNumber) this.#nextNumber++
    this.#entries++
    this.#bytes += bytes
    directory.entries.set(name, inode)
    directory.modifiedMillis = attributes.modifiedMillis
    this.#changed(path, "created")
    return inode
  }

  #attributes({ mode, modifiedMillis }: Attributes): Attributes & { readonly number: number } {
    return { number: this.#nextNumber, mode, modifiedMillis }
  }

  #changed(path: string, kind: Changes.Change["kind"]): void {
    this.#version++
    this.#changes.add(path, kind)
  }

  #addFixed(path: string, nowMillis: number): void {
    const names = path.slice(1).split("/")
    const name = names.pop() ?? ""
    const directory = names.reduce((at, segment) => at.entries.get(segment) as Directory, this.#root)
    const device = devices.get(path)
    const attributes = { mode: device === undefined ? 0o755 : 0o666, modifiedMillis: nowMillis }
    if (device === undefined) this.addDirectory(directory, name, attributes)
    else this.#add(directory, name, 0, attributes, { kind: "device", ...this.#attributes(attributes), device })
  }

  #recount(): void {
    const seen = new Set<Inode>()
    this.#entries = -1
    this.#bytes = 0
    for (const { inode } of subtree("/", this.#root)) {
      this.#entries++
      if (!seen.has(inode)) this.#bytes += bytesOf(inode)
      seen.add(inode)
    }
  }
}
