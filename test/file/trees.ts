/** Trees, callers and random operations that several tests of files use. */
import { assert } from "@effect/vitest"
import { Schema } from "effect"
import type { Caller } from "../../src/file/Access.ts"
import { FileFault } from "../../src/file/FileFault.ts"
import { FileTree } from "../../src/file/FileTree.ts"
import { bytesOf, type Inode, subtree } from "../../src/file/Inode.ts"

export const guest: Caller = { actor: "guest", nowMillis: 1_000 }
export const host: Caller = { actor: "host", nowMillis: 2_000 }

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (data: Uint8Array): string => new TextDecoder().decode(data)

export const readText = (tree: FileTree, path: string, by: Caller = guest): string => text(tree.readBytes(by, path))

/** A tree with these files, written by the host. */
export const treeOf = (files: Readonly<Record<string, string>>): FileTree => {
  const tree = new FileTree()
  for (const [path, content] of Object.entries(files)) {
    tree.mkdir(host, path.slice(0, path.lastIndexOf("/")) || "/", { isRecursive: true })
    tree.write(host, path, bytes(content))
  }
  return tree
}

export const faultOf = (run: () => unknown): FileFault => {
  try {
    run()
  } catch (cause) {
    assert.instanceOf(cause, FileFault)
    return cause as FileFault
  }
  return assert.fail("nothing was refused")
}

/** Asserts that it is refused with this code, and that nothing changed by it. */
export const refuses = (tree: FileTree, code: string, run: () => unknown): FileFault => {
  const { version } = tree
  const fault = faultOf(run)
  assert.strictEqual(fault.code, code, fault.message)
  assert.strictEqual(tree.version, version, fault.message)
  return fault
}

/** Asserts that the counters are what counting gives. */
export const assertCounted = (tree: FileTree): void => {
  const inodes = new Map<Inode, number>()
  let entries = -1
  for (const { inode } of subtree("/", tree.volume.root)) {
    entries++
    inodes.set(inode, (inodes.get(inode) ?? 0) + 1)
  }
  const sum = [...inodes.keys()].reduce((total, inode) => total + bytesOf(inode), 0)
  assert.deepStrictEqual(tree.usage, { bytes: sum, entries })
  assert.isAtMost(sum, tree.quota.bytes)
  assert.isAtMost(entries, tree.quota.entries)
  for (const [inode, names] of inodes) if (inode.kind === "file") assert.strictEqual(inode.links, names)
}

const Path = Schema.Literals([
  ...([
    "/workspace/a",
    "/workspace/b",
    "/workspace/d",
    "/workspace/d/a",
    "/workspace/d/e",
    "/workspace/d/e/f"
  ] as const),
  ...(["/workspace", "/workspace/l", "/workspace/l/a", "/tmp/a", "/tmp/d", "/tmp/outputs", "/tmp/outputs/o"] as const),
  ...([
    "/log/a",
    "/log/d",
    "/log/d/a",
    "/tools/t",
    "/dev/null",
    "/",
    "../escape",
    "/workspace/d/../a",
    "/tmp/d/"
  ] as const)
])
const Size = Schema.Literals([0, 1, 10, 300, 4_096, 9_000, 70_000])
const Actor = Schema.Literals(["guest", "guest", "host"])

export const Step = Schema.Struct({
  act: Schema.Literals([
    ...(["write", "append", "mkdir", "mkdirs", "rm", "remove", "unlink", "rmdir"] as const),
    ...(["rename", "copy", "copyAll", "link", "symlink", "chmod", "utimes", "atomically"] as const)
  ]),
  actor: Actor,
  path: Path,
  other: Path,
  size: Size
})
export type Step = typeof Step.Type

const act = (tree: FileTree, { act, actor, other, path, size }: Step, nowMillis: number): void => {
  const by: Caller = { actor, nowMillis }
  const data = new Uint8Array(size).fill(97 + (size % 7))
  const acts = {
    write: () => tree.write(by, path, data),
    append: () => tree.append(by, path, data),
    mkdir: () => tree.mkdir(by, path),
    mkdirs: () => tree.mkdir(by, path, { isRecursive: true }),
    rm: () => tree.rm(by, path),
    remove: () => tree.rm(by, path, { isRecursive: true, isForced: true }),
    unlink: () => tree.unlink(by, path),
    rmdir: () => tree.rmdir(by, path),
    rename: () => tree.rename(by, path, other),
    copy: () => tree.copy(by, path, other),
    copyAll: () => tree.copy(by, path, other, { isRecursive: true }),
    link: () => tree.link(by, path, other),
    symlink: () => tree.symlink(by, other, path),
    chmod: () => tree.chmod(by, path, size % 0o7777),
    utimes: () => tree.utimes(by, path, size),
    atomically: () =>
      tree.atomically(() => {
        tree.write(by, path, data)
        tree.mkdir(by, other)
      })
  }
  acts[act]()
}

/** Takes the steps; those that are refused change nothing. Gives whether each was taken. */
export const take = (tree: FileTree, steps: ReadonlyArray<Step>): ReadonlyArray<boolean> =>
  steps.map((step, index) => {
    const { version } = tree
    try {
      act(tree, step, index)
      return true
    } catch (cause) {
      assert.instanceOf(cause, FileFault)
      assert.strictEqual(tree.version, version)
      return false
    }
  })
