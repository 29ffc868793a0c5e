import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { FileTree } from "../../src/file/FileTree.ts"
import { subtree } from "../../src/file/Inode.ts"
import * as Quota from "../../src/file/Quota.ts"
import { assertCounted, bytes, guest, refuses, Step, take } from "./trees.ts"

/** The inodes, by path. */
const inodesOf = (tree: FileTree): ReadonlyMap<string, string> =>
  new Map([...subtree("/", tree.volume.root)].map(({ inode, path }) => [path, `${inode.kind} ${inode.number}`]))

const a = "/workspace/a"
const b = "/workspace/b"

describe("quota", () => {
  it("F7 has defaults", () => {
    assert.deepStrictEqual(Quota.defaults, { bytes: 67_108_864, entries: 10_000 })
  })

  it("F7 no more bytes than it allows, and what is refused changes nothing", () => {
    const tree = new FileTree({ quota: { bytes: 10, entries: 64 } })
    tree.write(guest, a, bytes("12345678"))
    const runs = [
      () => tree.append(guest, a, bytes("123")),
      () => tree.write(guest, a, bytes("12345678901")),
      () => tree.write(guest, b, bytes("123")),
      () => tree.append(guest, b, bytes("123")),
      () => tree.copy(guest, a, b),
      () => tree.symlink(guest, "123", b)
    ]
    for (const run of runs) {
      const fault = refuses(tree, "ENOSPC", run)
      assert.include(fault.message, "ENOSPC: no space left on device: the file tree holds at most 10 bytes, ")
    }
    assert.isFalse(tree.exists(guest, b))
    tree.append(guest, a, bytes("90"))
    assert.strictEqual(tree.usage.bytes, 10)
  })

  it("F7 no more entries than it allows, of which a hard link is one", () => {
    const tree = new FileTree({ quota: { bytes: 10, entries: 64 } })
    const left = 64 - tree.usage.entries - 2
    tree.mkdir(guest, "/workspace/d")
    tree.write(guest, a, bytes("1"))
    for (let index = 0; index < left; index++) tree.link(guest, a, `/workspace/d/${index}`)
    const runs = [
      () => tree.write(guest, b, bytes("")),
      () => tree.mkdir(guest, b),
      () => tree.mkdir(guest, "/workspace/x/y", { isRecursive: true }),
      () => tree.link(guest, a, b),
      () => tree.symlink(guest, "1", b),
      () => tree.copy(guest, "/workspace/d", "/tmp/d", { isRecursive: true })
    ]
    for (const run of runs) {
      const fault = refuses(tree, "ENOSPC", run)
      assert.include(fault.message, "the file tree holds at most 64 entries")
    }
    tree.rename(guest, a, "/workspace/d/0")
    assertCounted(tree)
  })

  it("F7 what is removed or overwritten makes room", () => {
    const tree = new FileTree({ quota: { bytes: 10, entries: 64 } })
    tree.write(guest, a, bytes("1234567890"))
    tree.write(guest, a, bytes("12345"))
    tree.write(guest, b, bytes("12345"))
    tree.rename(guest, a, b)
    assert.strictEqual(tree.usage.bytes, 5)
    tree.rm(guest, b)
    tree.write(guest, a, bytes("1234567890"))
    assertCounted(tree)
  })

  const Steps = Schema.Array(Step).check(Schema.isMinLength(5), Schema.isMaxLength(60))

  it.prop(
    "F7 counters are what counting gives after any operations, and within the quota",
    [Steps],
    ([steps]) => {
      const tree = new FileTree({ quota: { bytes: 100_000, entries: 64 } })
      take(tree, steps)
      assertCounted(tree)
      const fork = tree.fork()
      assertCounted(fork)
      assert.deepStrictEqual(fork.usage, tree.usage)
    },
    { arbitrary: { runs: 300, size: 60 } }
  )

  it.prop(
    "the changes of any operations are those that turn the tree before into the tree after",
    [Steps, Steps],
    ([before, after]) => {
      const tree = new FileTree()
      take(tree, before)
      tree.takeChanges()
      const old = inodesOf(tree)
      take(tree, after)
      const now = inodesOf(tree)
      const kinds = new Map(tree.takeChanges().changes.map(({ kind, path }) => [path, kind]))
      for (const [path, kind] of kinds) {
        assert.strictEqual(now.has(path), kind !== "removed", path)
        assert.strictEqual(old.has(path), kind !== "created", path)
      }
      const paths = [...new Set([...old.keys(), ...now.keys()])]
      const untold = paths.filter((path) => old.get(path) !== now.get(path) && !kinds.has(path))
      assert.deepStrictEqual(
        untold.filter((path) => (now.get(path) ?? old.get(path))?.[0] !== "f"),
        []
      )
    },
    { arbitrary: { runs: 200, size: 60 } }
  )
})
