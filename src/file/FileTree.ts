/**
 * The files of one guest: a plain object beside its heap, which the guest reaches through synchronous host calls, and the host through
 * operations (`FileOperation`). Everything in it follows from the calls that were made: times are the callers', inodes are counted.
 *
 * F1. Rules are applied to where a path leads, not to its text: links give nobody more than they have.
 * F2. An operation that throws, always a `FileFault`, has changed nothing.
 * F3. A file in the append-only or the read-only area has no name in another one.
 */
import * as Result from "effect/Result"
import type { Caller, Guard } from "./Access.ts"
import type { TakenChanges } from "./Changes.ts"
import * as Content from "./Content.ts"
import { FileFault, Refusal } from "./FileFault.ts"
import { read } from "./FilePath.ts"
import { bytesOf, type Inode, type Kind, namesIn, subtree } from "./Inode.ts"
import { type Found, Lookup, requireMovable } from "./Lookup.ts"
import * as Quota from "./Quota.ts"
import * as Relocation from "./Relocation.ts"
import { type Attributes, requirePathLength, Volume } from "./Volume.ts"

export interface Stat {
  readonly kind: Kind
  readonly bytes: number
  readonly mode: number
  readonly modifiedMillis: number
  /** The number of the inode: two names of one file have the same. */
  readonly number: number
  readonly links: number
}

export interface Entry extends Stat {
  readonly path: string
}

export interface Options {
  readonly quota?: Quota.Quota | undefined
  /** The time of what is there from the beginning. */
  readonly nowMillis?: number | undefined
  readonly guard?: Guard | undefined
}

export interface WriteOptions {
  /** Of a file that is made. */
  readonly mode?: number | undefined
  /** The file must not be there before. */
  readonly isExclusive?: boolean | undefined
}

export interface Recursion {
  readonly isRecursive?: boolean | undefined
}

const listEntriesMax = 10_000

const statOf = (inode: Inode): Stat => ({
  kind: inode.kind,
  bytes: bytesOf(inode),
  mode: inode.mode,
  modifiedMillis: inode.modifiedMillis,
  number: inode.number,
  links: inode.kind === "file" ? inode.links : 1
})

const requireWhole = (value: number, name: string, maximum = Number.MAX_SAFE_INTEGER): number => {
  if (Number.isSafeInteger(value) && value >= 0 && value <= maximum) return value
  throw new Refusal("EINVAL", `${name} is a whole number up to ${maximum}`)
}

const modeOf = (mode: number): number => requireWhole(mode, "a mode", 0o7777)

/** Gives what is refused in the body the name of the operation and its paths. */
const operation = <A>(name: string, path: string, body: () => A, otherPath?: string): A => {
  try {
    return body()
  } catch (cause) {
    throw cause instanceof Refusal ? new FileFault(cause, name, path, otherPath) : cause
  }
}

export class FileTree {
  /** Where the inodes are. To change it directly is to go round the rules. */
  readonly volume: Volume
  readonly #lookup: Lookup

  constructor({ guard, nowMillis = 0, quota = Quota.defaults }: Options = {}, volume?: Volume) {
    this.volume = volume ?? Volume.make(quota, nowMillis)
    this.#lookup = new Lookup(this.volume, guard)
  }

  get guard(): Guard | undefined {
    return this.#lookup.guard
  }

  set guard(guard: Guard | undefined) {
    this.#lookup.guard = guard
  }

  get quota(): Quota.Quota {
    return this.volume.quota
  }

  get usage(): { readonly bytes: number; readonly entries: number } {
    return { bytes: this.volume.bytes, entries: this.volume.entries }
  }

  /** Grows with each change. */
  get version(): number {
    return this.volume.version
  }

  /** What changed since the last time. */
  takeChanges(): TakenChanges {
    return this.volume.takeChanges()
  }

  /** Another tree with the same files: neither sees changes of the other. Contents are shared. */
  fork(): FileTree {
    return new FileTree({ guard: this.guard }, this.volume.copy())
  }

  /** Does all operations of the body or, if it throws, none. Takes time in proportion to the entries of the tree. */
  atomically<A>(body: () => A): A {
    return this.volume.atomically(body)
  }

  /** A copy of the bytes from `start` on, before `end`. */
  readBytes(
    by: Caller,
    path: string,
    range: { readonly start?: number | undefined; readonly end?: number | undefined } = {}
  ): Uint8Array<ArrayBuffer> {
    return operation("open", path, () => {
      const { end = Number.MAX_SAFE_INTEGER, start = 0 } = range
      const content = this.#lookup.content(by, this.#lookup.existing(by, path, "follow"))
      return Content.slice(content, requireWhole(start, "the start"), requireWhole(end, "the end"))
    })
  }

  /** Makes a file, or gives one another content. */
  write(by: Caller, path: string, bytes: Uint8Array, { isExclusive = false, mode = 0o644 }: WriteOptions = {}): void {
    operation("open", path, () => {
      const found = this.#lookup.place(by, path, isExclusive ? "keep" : "follow")
      if (isExclusive) Relocation.requireNew(found)
      this.#lookup.put(by, found, { bytes: bytes.length, make: () => Content.of(bytes) }, modeOf(mode))
    })
  }

  /** Adds bytes to the end of a file, which is made if it is not there. */
  append(by: Caller, path: string, bytes: Uint8Array): void {
    operation("open", path, () => {
      const found = this.#lookup.place(by, path, "follow")
      const { inode } = found
      if (inode?.kind !== "file") {
        return this.#lookup.put(by, found, { bytes: bytes.length, make: () => Content.of(bytes) }, 0o644)
      }
      this.#lookup.require(by, found, "append")
      this.volume.requireRoom(0, bytes.length)
      this.volume.setContent(inode, found.path, Content.append(inode.content, bytes), by.nowMillis)
    })
  }

  stat(by: Caller, path: string): Stat {
    return operation("stat", path, () => statOf(this.#lookup.existing(by, path, "follow").inode))
  }

  lstat(by: Caller, path: string): Stat {
    return operation("lstat", path, () => statOf(this.#lookup.existing(by, path, "keep").inode))
  }

  /** Whether a path leads to something; one that leads out of the tree does not. */
  exists(by: Caller, path: string): boolean {
    try {
      return this.stat(by, path) !== undefined
    } catch (cause) {
      if (cause instanceof FileFault) return false
      throw cause
    }
  }

  /** Whether the path itself is a symbolic link. */
  isLink(by: Caller, path: string): boolean {
    return operation("lstat", path, () => this.#lookup.place(by, path, "keep", "many names").inode?.kind === "symlink")
  }

  /** The names in a directory, by code unit. */
  readdir(by: Caller, path: string): ReadonlyArray<string> {
    return operation("scandir", path, () => {
      const found = this.#lookup.existing(by, path, "follow")
      if (found.inode.kind !== "directory") throw new Refusal("ENOTDIR")
      this.#lookup.require(by, found, "read")
      return namesIn(found.inode)
    })
  }

  /** What is in a directory; with all that is below it, if it is recursive. A directory that the guard closes is not entered. */
  list(
    by: Caller,
    path: string,
    { entriesMax = listEntriesMax, isRecursive = false }: Recursion & { readonly entriesMax?: number | undefined } = {}
  ): ReadonlyArray<Entry> {
    return operation("scandir", path, () => {
      const found = this.#lookup.existing(by, path, "follow")
      if (found.inode.kind !== "directory") throw new Refusal("ENOTDIR")
      this.#lookup.require(by, found, "read")
      const enters = (at: string) => at === found.path || (isRecursive && this.#lookup.mayRead(by, at))
      const entries: Array<Entry> = []
      for (const { inode, path } of subtree(found.path, found.inode, enters)) {
        if (inode === found.inode) continue
        if (entries.length === entriesMax) throw new Refusal("EINVAL", `there are more than ${entriesMax} entries`)
        entries.push({ path, ...statOf(inode) })
      }
      return entries
    })
  }

  mkdir(
    by: Caller,
    path: string,
    { isRecursive = false, mode = 0o755 }: Recursion & { readonly mode?: number | undefined } = {}
  ): void {
    operation("mkdir", path, () => {
      const attributes = { mode: modeOf(mode), modifiedMillis: by.nowMillis }
      const found = this.#lookup.place(by, path, isRecursive ? "follow" : "keep", "many names")
      if (isRecursive && found.inode?.kind === "directory") return
      if (found.inode !== undefined) throw new Refusal("EEXIST")
      if (found.rest.includes("..") || (found.rest.length > 0 && !isRecursive)) throw new Refusal("ENOENT")
      this.#makeDirectories(by, found, attributes)
    })
  }

  rm(by: Caller, path: string, options: Recursion & { readonly isForced?: boolean | undefined } = {}): void {
    operation("rm", path, () => {
      if (options.isForced && this.#lookup.place(by, path, "keep", "many names").inode === undefined) return
      const found = this.#lookup.existing(by, path, "keep")
      if (found.inode.kind === "directory" && !options.isRecursive) throw new Refusal("EISDIR")
      this.#lookup.remove(by, found)
    })
  }

  unlink(by: Caller, path: string): void {
    operation("unlink", path, () => {
      const found = this.#lookup.existing(by, path, "keep")
      if (found.inode.kind === "directory") throw new Refusal("EISDIR")
      this.#lookup.remove(by, found)
    })
  }

  rmdir(by: Caller, path: string): void {
    operation("rmdir", path, () => {
      const found = this.#lookup.existing(by, path, "keep")
      if (found.inode.kind !== "directory") throw new Refusal("ENOTDIR")
      requireMovable(found)
      if (found.inode.entries.size > 0) throw new Refusal("ENOTEMPTY")
      this.#lookup.remove(by, found)
    })
  }

  /** Moves a file or directory, in the stead of a file or an empty directory that is there. */
  rename(by: Caller, from: string, to: string): void {
    operation("rename", from, () => Relocation.rename(this.#lookup, by, from, to), to)
  }

  /** Copies a file, or a directory with all that is below it. */
  copy(by: Caller, from: string, to: string, { isRecursive = false }: Recursion = {}): void {
    operation("cp", from, () => Relocation.copy(this.#lookup, by, from, to, { isRecursive }), to)
  }

  /** Gives a file one more name in the same area. */
  link(by: Caller, from: string, to: string): void {
    operation("link", from, () => Relocation.link(this.#lookup, by, from, to), to)
  }

  /** Makes a symbolic link to what may or may not be there. */
  symlink(by: Caller, target: string, path: string): void {
    const make = () => {
      Result.getOrThrow(read(target))
      const found = this.#lookup.place(by, path, "keep")
      Relocation.requireNew(found)
      this.#lookup.require(by, found, "change")
      const attributes = { mode: 0o777, modifiedMillis: by.nowMillis }
      this.volume.addSymbolicLink(found.directory, found.name, target, attributes)
    }
    operation("symlink", target, make, path)
  }

  readlink(by: Caller, path: string): string {
    return operation("readlink", path, () => {
      const { inode } = this.#lookup.existing(by, path, "keep")
      if (inode.kind !== "symlink") throw new Refusal("EINVAL")
      return inode.target
    })
  }

  /** The path without symbolic links in it. */
  realpath(by: Caller, path: string): string {
    return operation("realpath", path, () => this.#lookup.existing(by, path, "follow").path)
  }

  /** Sets the permission bits, which are kept and have no effect. */
  chmod(by: Caller, path: string, mode: number): void {
    operation("chmod", path, () => {
      const found = this.#lookup.existing(by, path, "follow")
      this.#lookup.require(by, found, "change")
      this.volume.setAttributes(found.inode, found.path, { mode: modeOf(mode) })
    })
  }

  utimes(by: Caller, path: string, modifiedMillis: number): void {
    operation("utime", path, () => {
      const found = this.#lookup.existing(by, path, "follow")
      this.#lookup.require(by, found, "change")
      if (!Number.isFinite(modifiedMillis)) throw new Refusal("EINVAL", "a time is a number")
      this.volume.setAttributes(found.inode, found.path, { modifiedMillis })
    })
  }

  #makeDirectories(by: Caller, found: Found, attributes: Attributes): void {
    const names = [found.name, ...found.rest]
    const paths = names.map((_, index) => [found.path, ...found.rest.slice(0, index)].join("/"))
    for (const path of paths) this.#lookup.require(by, { path, named: found.named }, "create")
    requirePathLength(paths.at(-1) ?? found.path)
    this.volume.requireRoom(names.length, 0)
    let { directory } = found
    for (const name of names) directory = this.volume.addDirectory(directory, name, attributes)
  }
}
