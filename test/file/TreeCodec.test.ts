import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import type { FileTree } from "../../src/file/FileTree.ts"
import { FileTree as Tree } from "../../src/file/FileTree.ts"
import { subtree } from "../../src/file/Inode.ts"
import * as Quota from "../../src/file/Quota.ts"
import * as TreeCodec from "../../src/file/TreeCodec.ts"
import { assertCounted, bytes, guest, host, readText, refuses, Step, take, treeOf } from "./trees.ts"

const again = (tree: FileTree, quota = Quota.defaults): FileTree => {
  const encoded = TreeCodec.encode(tree)
  return Result.getOrThrow(TreeCodec.decode(encoded.bytes, encoded.contents, quota))
}

const rejection = (data: Uint8Array, contents: TreeCodec.Contents, quota = Quota.defaults) => {
  const decoded = TreeCodec.decode(data, contents, quota)
  return Result.isFailure(decoded) ? decoded.failure : assert.fail("it was read")
}

/** Everything that a tree says of itself. */
const describeTree = (tree: FileTree) => ({
  usage: tree.usage,
  version: tree.version,
  entries: [...subtree("/", tree.volume.root)].map(({ inode, path }) => {
    const { kind, mode, modifiedMillis, number } = inode
    const target = kind === "symlink" ? inode.target : undefined
    const content =
      kind === "file" ? inode.content.chunks.map(({ bytes }) => Buffer.from(bytes).toString("base64")) : []
    return { path, kind, mode, modifiedMillis, number, target, content, links: kind === "file" ? inode.links : 1 }
  })
})

const sample = (): FileTree => {
  const tree = treeOf({ "/workspace/small": "small", "/workspace/d/large": "large".repeat(2_000), "/log/l": "1" })
  tree.write(guest, "/workspace/huge", new Uint8Array(2_500_000).fill(7))
  tree.append(guest, "/workspace/huge", bytes("end"))
  tree.write(guest, "/workspace/empty", bytes(""))
  tree.link(guest, "/workspace/small", "/tmp/outputs/same")
  tree.symlink(guest, "../workspace/small", "/tmp/l")
  tree.chmod(guest, "/workspace/d", 0o700)
  return tree
}

describe("a tree as bytes", () => {
  it("F8 comes back as it was, hard links, symbolic links and counters with it", () => {
    const tree = sample()
    const copy = again(tree)
    assert.deepStrictEqual(describeTree(copy), describeTree(tree))
    assertCounted(copy)
    copy.append(guest, "/tmp/outputs/same", bytes("er"))
    assert.strictEqual(readText(copy, "/tmp/l"), "smaller")
    assert.strictEqual(readText(tree, "/tmp/l"), "small")
    tree.write(guest, "/workspace/new", bytes(""))
    copy.write(guest, "/workspace/new", bytes(""))
    assert.strictEqual(copy.stat(guest, "/workspace/new").number, tree.stat(guest, "/workspace/new").number)
  })

  it("F8 names large contents, and has small ones in it", () => {
    const tree = sample()
    const { bytes: encoded, contents } = TreeCodec.encode(tree)
    assert.isBelow(encoded.length, 2_000)
    const lengths = [...contents.values()].map((content) => content.length).sort((left, right) => left - right)
    assert.deepStrictEqual(lengths, [10_000, 2_500_000 - 2 * 1_048_576, 1_048_576])
    assert.isTrue([...contents.values()].every((content) => content.buffer instanceof SharedArrayBuffer))
  })

  it("F8 shares contents that are in shared memory, and copies others", () => {
    const encoded = TreeCodec.encode(sample())
    const copy = Result.getOrThrow(TreeCodec.decode(encoded.bytes, encoded.contents, Quota.defaults))
    const shared = new Set([...encoded.contents.values()].map((content) => content.buffer))
    for (const content of TreeCodec.encode(copy).contents.values()) assert.isTrue(shared.has(content.buffer))
    const own = new Map([...encoded.contents].map(([digest, content]) => [digest, Uint8Array.from(content)]))
    const other = Result.getOrThrow(TreeCodec.decode(encoded.bytes, own, Quota.defaults))
    for (const content of own.values()) content.fill(0)
    assert.deepStrictEqual(describeTree(other), describeTree(copy))
  })

  it("F8 is the same for the same tree, whatever order its files were made in", () => {
    assert.deepStrictEqual(TreeCodec.encode(sample()), TreeCodec.encode(sample()))
    assert.deepStrictEqual(TreeCodec.encode(again(sample())).bytes, TreeCodec.encode(sample()).bytes)
  })

  it("F8 is refused without a content, and it is said which", () => {
    const { bytes: encoded, contents } = TreeCodec.encode(sample())
    const [digest = ""] = contents.keys()
    const without = new Map([...contents].filter(([key]) => key !== digest))
    const rejected = rejection(encoded, without)
    assert.strictEqual(rejected.reason, "MissingContent")
    assert.include(rejected.message, digest)
    const length = contents.get(digest)?.length ?? 0
    assert.strictEqual(rejection(encoded, new Map([...contents, [digest, new Uint8Array(length)]])).reason, "Corrupted")
    assert.strictEqual(rejection(encoded, new Map([...contents, [digest, bytes("x")]])).reason, "Corrupted")
  })

  it("F7 is refused if it is more than the quota allows", () => {
    const { bytes: encoded, contents } = TreeCodec.encode(sample())
    assert.strictEqual(rejection(encoded, contents, { bytes: 2_000_000, entries: 64 }).reason, "TooLarge")
    const tree = new Tree()
    for (let index = 0; index < 64; index++) tree.write(guest, `/tmp/${index}`, bytes(""))
    const many = TreeCodec.encode(tree)
    assert.strictEqual(rejection(many.bytes, many.contents, { bytes: 1, entries: 64 }).reason, "TooLarge")
    const kept = again(sample(), { bytes: 3_000_000, entries: 64 })
    refuses(kept, "ENOSPC", () => kept.write(host, "/workspace/more", new Uint8Array(1_000_000)))
  })

  it("other bytes are refused", () => {
    const { bytes: encoded, contents } = TreeCodec.encode(sample())
    assert.strictEqual(rejection(bytes("not a tree"), contents).reason, "NotATree")
    assert.strictEqual(rejection(bytes(""), contents).reason, "Corrupted")
    assert.strictEqual(rejection(Buffer.concat([encoded, bytes("x")]), contents).reason, "Corrupted")
    const later = Uint8Array.from(encoded)
    later[4] = 9
    assert.strictEqual(rejection(later, contents).reason, "UnknownVersion")
    for (let end = 0; end < encoded.length; end++) rejection(encoded.subarray(0, end), contents)
  })

  it("a hard link from the log to the workspace is refused", () => {
    const tree = treeOf({ "/log/a": "1" })
    const file = tree.volume.root.entries.get("log")
    const workspace = tree.volume.root.entries.get("workspace")
    if (file?.kind !== "directory" || workspace?.kind !== "directory") return assert.fail("the layout has both")
    const inode = file.entries.get("a")
    if (inode !== undefined) workspace.entries.set("a", inode)
    const { bytes: encoded, contents } = TreeCodec.encode(tree)
    assert.include(rejection(encoded, contents).message, "between two areas")
  })

  const Steps = Schema.Array(Step).check(Schema.isMaxLength(60))

  it.prop(
    "F8 comes back as it was after any operations, and goes on as it would have",
    [Steps, Steps],
    ([before, after]) => {
      const tree = new Tree()
      take(tree, before)
      const copy = again(tree)
      assert.deepStrictEqual(describeTree(copy), describeTree(tree))
      assert.deepStrictEqual(take(copy, after), take(tree, after))
      assert.deepStrictEqual(describeTree(copy), describeTree(tree))
      assert.deepStrictEqual(TreeCodec.encode(copy), TreeCodec.encode(tree))
    },
    { arbitrary: { runs: 150, size: 60 } }
  )

  const Byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
  const Edits = Schema.Array(
    Schema.Struct({ at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99_999 })), byte: Byte, cut: Byte })
  ).check(Schema.isMinLength(1), Schema.isMaxLength(4))
  const original = TreeCodec.encode(sample())

  it.prop(
    "bytes that were changed at random give a tree that keeps its laws, or a rejection",
    [Edits],
    ([edits]) => {
      let changed = Buffer.from(original.bytes)
      for (const { at, byte, cut } of edits) {
        const place = at % changed.length
        changed[place] = byte
        if (cut < 16) changed = Buffer.concat([changed.subarray(0, place), changed.subarray(place + cut)])
      }
      const decoded = TreeCodec.decode(changed, original.contents, Quota.defaults)
      if (Result.isFailure(decoded)) return assert.strictEqual(decoded.failure.name, "TreeRejected")
      assertCounted(decoded.success)
      const { bytes: rewritten } = TreeCodec.encode(decoded.success)
      assert.deepStrictEqual(Buffer.from(rewritten), changed)
    },
    { arbitrary: { runs: 2_000, size: 4 } }
  )
})
