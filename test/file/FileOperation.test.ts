import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { apply } from "../../src/file/Apply.ts"
import { bytesMax } from "../../src/file/Bounds.ts"
import { FileError } from "../../src/file/FileError.ts"
import * as FileOperation from "../../src/file/FileOperation.ts"
import { FileTree } from "../../src/file/FileTree.ts"
import { assertCounted, bytes, guest, readText, treeOf } from "./trees.ts"

type Operation = FileOperation.FileOperation

const perform = <O extends Operation>(tree: FileTree, operation: O) => Result.getOrThrow(apply(tree, operation, 5_000))

const failure = (tree: FileTree, operation: Operation): FileError => {
  const { version } = tree
  const result = apply(tree, operation, 5_000)
  assert.strictEqual(tree.version, version)
  return Result.isFailure(result) ? FileError.of(result.failure) : assert.fail("it was performed")
}

const file = (path: string, text: string) => ({ kind: "file", path, bytes: bytes(text) }) as const

describe("operations of a host", () => {
  it("F1 write, read, list, stat, rename and remove files", () => {
    const tree = new FileTree()
    const path = "/workspace/d/a"
    perform(tree, { _tag: "MakeDirectory", path: "/workspace/d" })
    perform(tree, { _tag: "Write", path, bytes: bytes("hello") })
    perform(tree, { _tag: "Write", path, bytes: bytes(" world"), append: true })
    assert.deepStrictEqual(perform(tree, { _tag: "Read", path }).bytes, bytes("hello world"))
    assert.deepStrictEqual(perform(tree, { _tag: "Read", path, offset: 6, length: 3 }).bytes, bytes("wor"))
    const entry = { path, kind: "file", bytes: 11, modifiedMillis: 5_000, mode: 0o644 } as const
    assert.deepStrictEqual(perform(tree, { _tag: "Stat", path }).entry, entry)
    assert.deepStrictEqual(perform(tree, { _tag: "List", path: "/workspace/d" }).entries, [entry])
    assert.lengthOf(perform(tree, { _tag: "List", path: "/workspace", recursive: true }).entries, 2)
    perform(tree, { _tag: "Rename", from: path, to: "/workspace/b" })
    perform(tree, { _tag: "Remove", path: "/workspace/b" })
    perform(tree, { _tag: "Remove", path: "/workspace/d" })
    assert.deepStrictEqual(tree.readdir(guest, "/workspace"), [])
  })

  it("F2 write where a guest may not", () => {
    const tree = new FileTree()
    perform(tree, { _tag: "Write", path: "/tools/t", bytes: bytes("1") })
    perform(tree, { _tag: "Write", path: "/log/a", bytes: bytes("1") })
    perform(tree, { _tag: "Remove", path: "/log/a" })
    assert.strictEqual(readText(tree, "/tools/t"), "1")
  })

  it("fail with typed errors that cross a port", () => {
    const tree = treeOf({ "/workspace/d/a": "1" })
    const missing = failure(tree, { _tag: "Read", path: "/workspace/x" })
    const codec = Schema.toCodecJson(FileError)
    const received = Schema.decodeSync(codec)(structuredClone(Schema.encodeSync(codec)(missing)))
    assert.deepStrictEqual([received._tag, received.code, received.message], ["FileError", "ENOENT", missing.message])
    assert.strictEqual(failure(tree, { _tag: "Remove", path: "/workspace/d" }).code, "ENOTEMPTY")
    assert.strictEqual(failure(tree, { _tag: "List", path: "/workspace/d/a" }).code, "ENOTDIR")
    perform(tree, { _tag: "Remove", path: "/workspace/d", recursive: true })
  })

  it("F6 F7 a directory is put with all of its entries or with none", () => {
    const tree = new FileTree({ quota: { bytes: 10, entries: 64 } })
    const entries = [
      { kind: "directory", path: "/workspace/up/empty", mode: 0o700 },
      { ...file("/workspace/up/d/a", "1234"), mode: 0o755, modifiedMillis: 42 },
      { kind: "symlink", path: "/workspace/up/l", target: "d/a" }
    ] as const
    const before = tree.usage
    for (const bad of [file("/../x", "1"), file("/workspace/b", "1234567"), file("/workspace/up", "1")]) {
      failure(tree, { _tag: "Put", entries: [...entries, bad] })
      assert.deepStrictEqual(tree.usage, before)
      assert.deepStrictEqual(tree.readdir(guest, "/workspace"), [])
      assert.deepStrictEqual(tree.takeChanges().changes, [])
    }
    perform(tree, { _tag: "Put", entries })
    perform(tree, { _tag: "Put", entries })
    assert.strictEqual(readText(tree, "/workspace/up/l"), "1234")
    const { mode, modifiedMillis } = tree.stat(guest, "/workspace/up/d/a")
    assert.deepStrictEqual([mode, modifiedMillis], [0o755, 42])
    assertCounted(tree)
    const got = perform(tree, { _tag: "Get", path: "/workspace/up" }).entries
    assert.deepStrictEqual(
      got.map(({ kind, path }) => `${kind} ${path}`),
      [
        "directory /workspace/up/d",
        "file /workspace/up/d/a",
        "directory /workspace/up/empty",
        "symlink /workspace/up/l"
      ]
    )
    const other = new FileTree()
    perform(other, { _tag: "Put", entries: got })
    assert.deepStrictEqual(perform(other, { _tag: "Get", path: "/workspace/up" }).entries, got)
  })

  it("artifacts are the regular files below /tmp/outputs", () => {
    const tree = treeOf({ "/tmp/outputs/d/b": "22", "/tmp/outputs/a": "1", "/tmp/x": "3" })
    tree.symlink(guest, "/workspace", "/tmp/outputs/l")
    const { entries } = perform(tree, { _tag: "Artifacts" })
    assert.deepStrictEqual(
      entries.map(({ bytes, path }) => [path, bytes]),
      [
        ["/tmp/outputs/a", 1],
        ["/tmp/outputs/d/b", 2]
      ]
    )
  })

  it("F7 are bounded", () => {
    const tree = new FileTree({ quota: { bytes: 200_000_000, entries: 20_000 } })
    const half = new Uint8Array(bytesMax)
    perform(tree, { _tag: "Write", path: "/workspace/a", bytes: half })
    perform(tree, { _tag: "Write", path: "/workspace/a", bytes: half.subarray(0, 1), append: true })
    assert.include(failure(tree, { _tag: "Read", path: "/workspace/a" }).message, "at most 67108864 bytes at once")
    assert.lengthOf(perform(tree, { _tag: "Read", path: "/workspace/a", offset: bytesMax }).bytes, 1)
    assert.strictEqual(failure(tree, { _tag: "Get", path: "/workspace" }).code, "EINVAL")
    for (let index = 0; index < 10_000; index++) tree.write(guest, `/tmp/outputs/${index}`, bytes(""))
    assert.lengthOf(perform(tree, { _tag: "Artifacts" }).entries, 10_000)
    tree.write(guest, "/tmp/outputs/more", bytes(""))
    const tooMany = failure(tree, { _tag: "Artifacts" })
    assert.include(tooMany.message, "there are more than 10000 entries")
  })

  it("are data that can be decoded", () => {
    const decode = Schema.decodeUnknownResult(FileOperation.FileOperation, { onExcessProperty: "error" })
    const good = [
      { _tag: "Read", path: "/a", offset: 0 },
      { _tag: "Put", entries: [{ kind: "file", path: "/a", bytes: bytes("1") }] },
      { _tag: "Artifacts" }
    ]
    const bad = [
      { _tag: "Read", path: "/a", offset: -1 },
      { _tag: "Put", entries: [{ kind: "device", path: "/a" }] },
      { _tag: "Put", entries: [{ kind: "file", path: "/a", bytes: bytes("1"), mode: 0o10000 }] },
      { _tag: "Chown", path: "/a" }
    ]
    assert.deepStrictEqual(
      [...good, ...bad].map((plain) => Result.isSuccess(decode(plain))),
      [...good.map(() => true), ...bad.map(() => false)]
    )
  })
})
