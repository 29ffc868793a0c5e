import { assert, describe, it } from "@effect/vitest"
import { FileError } from "../../src/file/FileError.ts"
import { FileTree } from "../../src/file/FileTree.ts"
import { bytes, guest, host, readText, refuses, treeOf } from "./trees.ts"

const a = "/workspace/a"

describe("files", () => {
  it("F1 what is written is read, whole and in part", () => {
    const tree = new FileTree()
    tree.write(guest, a, bytes("hello"))
    assert.strictEqual(readText(tree, a), "hello")
    assert.deepStrictEqual(tree.readBytes(guest, a, { start: 1, end: 3 }), bytes("el"))
    assert.deepStrictEqual(tree.readBytes(guest, a, { start: 4, end: 99 }), bytes("o"))
    assert.deepStrictEqual(tree.readBytes(guest, a, { start: 9 }), bytes(""))
    tree.append(guest, a, bytes(" world"))
    tree.append(guest, "/tmp/new", bytes("new"))
    assert.strictEqual(readText(tree, a), "hello world")
    assert.strictEqual(readText(tree, "/tmp/new"), "new")
    tree.write(guest, a, bytes("short"))
    assert.strictEqual(readText(tree, a), "short")
  })

  it("F1 what was read or given is nobody else's", () => {
    const tree = new FileTree()
    const given = bytes("hello")
    tree.write(guest, a, given)
    given.fill(0)
    tree.readBytes(guest, a).fill(0)
    assert.strictEqual(readText(tree, a), "hello")
  })

  it("F1 a path exists or does not, and has a stat that says what it is", () => {
    const tree = treeOf({ [a]: "hello" })
    assert.deepStrictEqual(
      [a, "/workspace", "/workspace/b", "/workspace/a/b", "/.."].map((path) => tree.exists(guest, path)),
      [true, true, false, false, false]
    )
    const stat = tree.stat(guest, a)
    assert.deepStrictEqual(stat, {
      kind: "file",
      bytes: 5,
      mode: 0o644,
      modifiedMillis: host.nowMillis,
      number: stat.number,
      links: 1
    })
    assert.strictEqual(tree.stat(guest, "/workspace").kind, "directory")
  })

  it("F1 directories are made, alone and with those that they are in, and are listed by code unit", () => {
    const tree = new FileTree()
    tree.mkdir(guest, "/workspace/d/")
    refuses(tree, "EEXIST", () => tree.mkdir(guest, "/workspace/d"))
    refuses(tree, "ENOENT", () => tree.mkdir(guest, "/workspace/x/y"))
    tree.mkdir(guest, "/workspace/x/y/z", { isRecursive: true })
    tree.mkdir(guest, "/workspace/x/y", { isRecursive: true })
    tree.write(guest, "/workspace/é", bytes(""))
    tree.write(guest, "/workspace/Z", bytes(""))
    assert.deepStrictEqual(tree.readdir(guest, "/workspace"), ["Z", "d", "x", "é"])
    assert.deepStrictEqual(
      tree.list(guest, "/workspace", { isRecursive: true }).map(({ path }) => path),
      ["Z", "d", "x", "x/y", "x/y/z", "é"].map((name) => `/workspace/${name}`)
    )
    refuses(tree, "EINVAL", () => tree.list(guest, "/workspace", { entriesMax: 3 }))
  })

  it("F1 files and directories are removed", () => {
    const tree = treeOf({ [a]: "1", "/workspace/d/e/f": "2" })
    tree.unlink(guest, a)
    refuses(tree, "ENOENT", () => tree.unlink(guest, a))
    refuses(tree, "ENOENT", () => tree.rm(guest, a))
    tree.rm(guest, a, { isForced: true })
    refuses(tree, "EISDIR", () => tree.rm(guest, "/workspace/d"))
    refuses(tree, "EISDIR", () => tree.unlink(guest, "/workspace/d"))
    refuses(tree, "ENOTEMPTY", () => tree.rmdir(guest, "/workspace/d"))
    refuses(tree, "ENOTDIR", () => tree.rmdir(guest, "/workspace/d/e/f"))
    tree.rm(guest, "/workspace/d", { isRecursive: true })
    assert.deepStrictEqual(tree.readdir(guest, "/workspace"), [])
  })

  it("relative paths begin at the caller's directory", () => {
    const tree = treeOf({ "/workspace/d/a": "1" })
    const by = { ...guest, directory: "/workspace/d" }
    tree.write(by, "../b", bytes("2"))
    assert.strictEqual(readText(tree, "./a", by), "1")
    assert.strictEqual(readText(tree, "/workspace/b"), "2")
  })

  it("what is no directory has nothing below it, and what is one has no bytes", () => {
    const tree = treeOf({ [a]: "1" })
    refuses(tree, "ENOTDIR", () => tree.readBytes(guest, `${a}/b`))
    refuses(tree, "ENOTDIR", () => tree.readBytes(guest, `${a}/`))
    refuses(tree, "ENOTDIR", () => tree.readdir(guest, a))
    refuses(tree, "ENOTDIR", () => tree.mkdir(guest, `${a}/b`, { isRecursive: true }))
    refuses(tree, "EISDIR", () => tree.readBytes(guest, "/workspace"))
    refuses(tree, "EISDIR", () => tree.write(guest, "/workspace", bytes("")))
    refuses(tree, "EISDIR", () => tree.append(guest, "/workspace/b/", bytes("")))
    refuses(tree, "EEXIST", () => tree.write(guest, a, bytes(""), { isExclusive: true }))
    refuses(tree, "EINVAL", () => tree.readlink(guest, a))
  })

  it("modes and times are kept", () => {
    const tree = treeOf({ [a]: "1" })
    tree.chmod(guest, a, 0o755)
    tree.utimes(guest, a, 42)
    const { mode, modifiedMillis } = tree.stat(guest, a)
    assert.deepStrictEqual([mode, modifiedMillis], [0o755, 42])
    refuses(tree, "EINVAL", () => tree.chmod(guest, a, 0o10000))
    refuses(tree, "EINVAL", () => tree.utimes(guest, a, Number.NaN))
  })

  it("errors have the shape of Node's", () => {
    const tree = treeOf({ [a]: "1" })
    const missing = refuses(tree, "ENOENT", () => tree.readBytes(guest, "/workspace/x"))
    assert.strictEqual(missing.message, "ENOENT: no such file or directory, open '/workspace/x'")
    const renamed = refuses(tree, "ENOENT", () => tree.rename(guest, "/workspace/x", "/workspace/y"))
    assert.strictEqual(renamed.message, "ENOENT: no such file or directory, rename '/workspace/x' -> '/workspace/y'")
    const { code, message, operation, path } = FileError.of(renamed)
    assert.deepStrictEqual([code, operation, path], ["ENOENT", "rename", "/workspace/x"])
    assert.strictEqual(message, renamed.message)
  })
})

describe("copies and moves", () => {
  it("a file is moved, also onto another one", () => {
    const tree = treeOf({ [a]: "1", "/workspace/b": "2" })
    const { number } = tree.stat(guest, a)
    tree.rename(guest, a, "/workspace/b")
    assert.strictEqual(readText(tree, "/workspace/b"), "1")
    assert.isFalse(tree.exists(guest, a))
    assert.strictEqual(tree.stat(guest, "/workspace/b").number, number)
  })

  it("a directory is moved with what is in it, but neither below itself nor onto one that is not empty", () => {
    const tree = treeOf({ "/workspace/d/e/f": "1", "/workspace/x/y": "2", [a]: "3" })
    refuses(tree, "EINVAL", () => tree.rename(guest, "/workspace/d", "/workspace/d/e/g"))
    refuses(tree, "ENOTEMPTY", () => tree.rename(guest, "/workspace/d", "/workspace/x"))
    refuses(tree, "ENOTDIR", () => tree.rename(guest, "/workspace/d", a))
    refuses(tree, "EISDIR", () => tree.rename(guest, a, "/workspace/x"))
    refuses(tree, "ENOTDIR", () => tree.rename(guest, a, "/workspace/new/"))
    tree.unlink(guest, "/workspace/x/y")
    tree.rename(guest, "/workspace/d", "/workspace/x")
    assert.strictEqual(readText(tree, "/workspace/x/e/f"), "1")
    assert.strictEqual(readText(tree, "/workspace/x/e/../e/f"), "1")
  })

  it("a copy is another file", () => {
    const tree = treeOf({ [a]: "1" })
    tree.copy(guest, a, "/workspace/b")
    tree.append(guest, a, bytes("2"))
    assert.deepStrictEqual([readText(tree, a), readText(tree, "/workspace/b")], ["12", "1"])
    refuses(tree, "EINVAL", () => tree.copy(guest, a, a))
  })

  it("a directory is copied with links and all, into one that is there, but not below itself", () => {
    const tree = treeOf({ "/workspace/d/e/f": "1", "/workspace/x/y": "2" })
    tree.symlink(guest, "e/f", "/workspace/d/l")
    refuses(tree, "EISDIR", () => tree.copy(guest, "/workspace/d", "/workspace/x"))
    refuses(tree, "EINVAL", () => tree.copy(guest, "/workspace/d", "/workspace/d/e/g", { isRecursive: true }))
    tree.copy(guest, "/workspace/d", "/workspace/x", { isRecursive: true })
    assert.deepStrictEqual(tree.readdir(guest, "/workspace/x"), ["e", "l", "y"])
    assert.strictEqual(readText(tree, "/workspace/x/l"), "1")
    assert.strictEqual(tree.readlink(guest, "/workspace/x/l"), "e/f")
  })

  it("a copy that fails in the middle leaves nothing behind", () => {
    const tree = treeOf({ "/workspace/d/a": "1", "/workspace/d/b": "2", "/workspace/x/b/c": "3" })
    refuses(tree, "EISDIR", () => tree.copy(guest, "/workspace/d", "/workspace/x", { isRecursive: true }))
    assert.deepStrictEqual(tree.readdir(guest, "/workspace/x"), ["b"])
  })

  it("both names of a hard link are one file", () => {
    const tree = treeOf({ [a]: "1" })
    tree.link(guest, a, "/workspace/b")
    tree.append(guest, "/workspace/b", bytes("2"))
    assert.strictEqual(readText(tree, a), "12")
    assert.strictEqual(tree.stat(guest, a).links, 2)
    assert.strictEqual(tree.usage.bytes, 2)
    tree.unlink(guest, a)
    assert.strictEqual(readText(tree, "/workspace/b"), "12")
    tree.unlink(guest, "/workspace/b")
    assert.strictEqual(tree.usage.bytes, 0)
  })

  it("F8 neither of a tree and its fork sees what the other does", () => {
    const tree = treeOf({ [a]: "1" })
    const fork = tree.fork()
    tree.append(guest, a, bytes("tree"))
    fork.append(guest, a, bytes("fork"))
    fork.write(guest, "/workspace/b", bytes("2"))
    assert.deepStrictEqual([readText(tree, a), readText(fork, a)], ["1tree", "1fork"])
    assert.isFalse(tree.exists(guest, "/workspace/b"))
  })
})

describe("changes", () => {
  it("are told once, one for each path", () => {
    const tree = treeOf({ [a]: "1", "/workspace/b": "2", "/workspace/c": "3" })
    tree.takeChanges()
    const { version } = tree
    tree.append(guest, a, bytes("1"))
    tree.append(guest, a, bytes("1"))
    tree.unlink(guest, "/workspace/b")
    tree.write(guest, "/workspace/new", bytes(""))
    tree.append(guest, "/workspace/new", bytes("4"))
    tree.write(guest, "/tmp/short", bytes(""))
    tree.unlink(guest, "/tmp/short")
    tree.rename(guest, "/workspace/c", "/workspace/d")
    assert.deepStrictEqual(tree.takeChanges(), {
      changes: [
        { path: a, kind: "changed" },
        { path: "/workspace/b", kind: "removed" },
        { path: "/workspace/new", kind: "created" },
        { path: "/workspace/c", kind: "removed" },
        { path: "/workspace/d", kind: "created" }
      ],
      overflow: false
    })
    assert.isAbove(tree.version, version)
    assert.deepStrictEqual(tree.takeChanges(), { changes: [], overflow: false })
  })

  it("are at most 1 024, and it is said if there were more", () => {
    const tree = new FileTree()
    for (let index = 0; index < 1_025; index++) tree.write(guest, `/tmp/${index}`, bytes(""))
    const { changes, overflow } = tree.takeChanges()
    assert.lengthOf(changes, 1_024)
    assert.isTrue(overflow)
    assert.isFalse(tree.takeChanges().overflow)
  })
})
