import type { Caller } from "../file/Access.ts"
import { FileFault } from "../file/FileFault.ts"
import type { FileTree } from "../file/FileTree.ts"

type Part = (index: number) => string

/** What a guest's host call of the kind `file` gives: `=` and what was asked for, or `!` and why not, the code first. */
type Answer = `=${string}` | `!${string}`

const failure = (code: string, message: string): Answer => `!${code} ${message}`

const has = (flags: string, flag: string): boolean => flags.split(",").includes(flag)

const bytesOf = (text: string): Uint8Array => Buffer.from(text, "latin1")
const latin1 = ({ buffer, byteLength, byteOffset }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("latin1")
const utf8 = ({ buffer, byteLength, byteOffset }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("utf8")

const statText = ({ bytes, kind, mode, modifiedMillis, number }: ReturnType<FileTree["stat"]>): string =>
  JSON.stringify({ kind, size: bytes, mode, modifiedMillis, inode: number })

const operations: Readonly<Record<string, (tree: FileTree, by: Caller, part: Part) => string | void>> = {
  readText: (tree, by, part) => utf8(tree.readBytes(by, part(2))),
  readBytes: (tree, by, part) => latin1(tree.readBytes(by, part(2))),
  writeText: (tree, by, part) => tree.write(by, part(2), Buffer.from(part(3))),
  writeBytes: (tree, by, part) => tree.write(by, part(2), bytesOf(part(3))),
  appendText: (tree, by, part) => tree.append(by, part(2), Buffer.from(part(3))),
  appendBytes: (tree, by, part) => tree.append(by, part(2), bytesOf(part(3))),
  stat: (tree, by, part) => statText(tree.stat(by, part(2))),
  lstat: (tree, by, part) => statText(tree.lstat(by, part(2))),
  exists: (tree, by, part) => (tree.exists(by, part(2)) ? "1" : "0"),
  readdir: (tree, by, part) => {
    const entries = tree.list(by, part(2))
    return JSON.stringify(entries.map(({ kind, path }) => [path.slice(path.lastIndexOf("/") + 1), kind]))
  },
  mkdir: (tree, by, part) => tree.mkdir(by, part(2), { isRecursive: has(part(3), "recursive") }),
  rm: (tree, by, part) =>
    tree.rm(by, part(2), { isRecursive: has(part(3), "recursive"), isForced: has(part(3), "force") }),
  unlink: (tree, by, part) => tree.unlink(by, part(2)),
  rmdir: (tree, by, part) => tree.rmdir(by, part(2)),
  rename: (tree, by, part) => tree.rename(by, part(2), part(3)),
  copy: (tree, by, part) => tree.copy(by, part(2), part(3), { isRecursive: has(part(4), "recursive") }),
  symlink: (tree, by, part) => tree.symlink(by, part(2), part(3)),
  link: (tree, by, part) => tree.link(by, part(2), part(3)),
  readlink: (tree, by, part) => tree.readlink(by, part(2)),
  realpath: (tree, by, part) => tree.realpath(by, part(2)),
  chmod: (tree, by, part) => tree.chmod(by, part(2), Number(part(3))),
  utimes: (tree, by, part) => tree.utimes(by, part(2), Number(part(3)))
}

/** Does to a guest's files what it asks for. Never throws for what a guest may ask. */
export const answer = (tree: FileTree, by: Caller, part: Part): Answer => {
  const name = part(1)
  const operation = Object.hasOwn(operations, name) ? operations[name] : undefined
  if (operation === undefined) return failure("EINVAL", `EINVAL: there is no such operation, ${name}`)
  try {
    return `=${operation(tree, by, part) ?? ""}`
  } catch (cause) {
    if (cause instanceof FileFault) return failure(cause.code, cause.message)
    throw cause
  }
}
