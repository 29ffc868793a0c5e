/**
 * A quick look at a large file. The time at which a file was last changed is set by the kernel alone, whoever writes, by whatever
 * way: a file whose seal holds is the one that was written, on the same host. One whose seal is broken may have been copied; its
 * digest decides.
 */
import { statSync } from "node:fs"
import * as Schema from "effect/Schema"

export const Seal = Schema.Struct({
  inode: Schema.String,
  bytes: Schema.String,
  /** Nanoseconds since the epoch. */
  writtenAt: Schema.String,
  changedAt: Schema.String
})
export type Seal = typeof Seal.Type

/** The seal of a file as it is now. */
export const of = (path: string): Seal => {
  const { ctimeNs, ino, mtimeNs, size } = statSync(path, { bigint: true })
  return { inode: `${ino}`, bytes: `${size}`, writtenAt: `${mtimeNs}`, changedAt: `${ctimeNs}` }
}

export const holds = (seal: Seal, path: string): boolean => {
  const now = of(path)
  return (Object.keys(seal) as ReadonlyArray<keyof Seal>).every((key) => seal[key] === now[key])
}

/** Whether the bytes are those that were sealed, whoever owns the file by now. */
export const isUnwritten = (seal: Seal, path: string): boolean => {
  const { bytes, inode, writtenAt } = of(path)
  return bytes === seal.bytes && inode === seal.inode && writtenAt === seal.writtenAt
}
