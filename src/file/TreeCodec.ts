/**
 * A file tree as bytes: `magic | version | counters | root`, where an inode is followed by all that is below it, names in the order of
 * their code units. Chunks that have an identity are named by it and kept elsewhere; the others stand where they belong.
 *
 * E1. The same tree gives the same bytes.
 * E2. Bytes are strangers: whatever they are, they give a tree that keeps its laws or a rejection, and no more memory is allocated
 *     than the quota allows.
 */
import * as Result from "effect/Result"
import { ByteReader, Unreadable } from "./ByteReader.ts"
import { ByteWriter } from "./ByteWriter.ts"
import type { Content } from "./Content.ts"
import { FileTree } from "./FileTree.ts"
import { type Directory, type Inode, namesIn } from "./Inode.ts"
import type { Quota } from "./Quota.ts"
import { deviceNames, magic, marks, version } from "./TreeFormat.ts"
import { readVolume } from "./TreeReading.ts"
import { TreeRejected } from "./TreeRejected.ts"

/** The chunks that are kept elsewhere, by their SHA-256 in hexadecimal. They never change, and may be in shared memory. */
export type Contents = ReadonlyMap<string, Uint8Array>

export interface EncodedTree {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly contents: Contents
}

class TreeWriting {
  readonly out = new ByteWriter()
  readonly contents = new Map<string, Uint8Array>()
  readonly #seen = new Set<number>()

  directory(directory: Directory): void {
    this.out.count(directory.entries.size)
    for (const name of namesIn(directory)) {
      const inode = directory.entries.get(name)
      if (inode === undefined) continue
      this.out.text(name)
      this.inode(inode)
    }
  }

  inode(inode: Inode): void {
    const isLink = this.#seen.has(inode.number)
    this.#seen.add(inode.number)
    this.out.byte(isLink ? marks.link : marks[inode.kind])
    this.out.double(inode.number)
    if (isLink) return
    this.out.count(inode.mode)
    this.out.double(inode.modifiedMillis)
    if (inode.kind === "directory") this.directory(inode)
    else if (inode.kind === "file") this.#content(inode.content)
    else if (inode.kind === "symlink") this.out.text(inode.target)
    else this.out.byte(deviceNames.indexOf(inode.device))
  }

  #content({ chunks }: Content): void {
    this.out.count(chunks.length)
    for (const chunk of chunks) {
      this.out.count(chunk.bytes.length)
      if (!chunk.isIdentified) {
        this.out.bytes(chunk.bytes)
        continue
      }
      this.contents.set(chunk.digest, chunk.bytes)
      this.out.bytes(Buffer.from(chunk.digest, "hex"))
    }
  }
}

export const encode = ({ volume }: FileTree): EncodedTree => {
  const writing = new TreeWriting()
  writing.out.bytes(magic)
  writing.out.byte(version)
  writing.out.double(volume.version)
  writing.out.double(volume.nextNumber)
  writing.inode(volume.root)
  return { bytes: writing.out.finish(), contents: writing.contents }
}

/** Reads a tree. It has the quota, and no guard. Contents that are in shared memory are not copied. */
export const decode = (bytes: Uint8Array, contents: Contents, quota: Quota): Result.Result<FileTree, TreeRejected> => {
  try {
    const volume = readVolume(new ByteReader(bytes), contents, quota)
    return Result.succeed(new FileTree({}, volume))
  } catch (cause) {
    if (cause instanceof TreeRejected) return Result.fail(cause)
    if (cause instanceof Unreadable) return Result.fail(new TreeRejected("Corrupted", cause.detail))
    throw cause
  }
}
