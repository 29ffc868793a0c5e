import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as FilePath from "../../src/file/FilePath.ts"
import { FileTree } from "../../src/file/FileTree.ts"
import { bytes, guest, host, readText, refuses, treeOf } from "./trees.ts"

const segmentsOf = (text: string, directory?: string) =>
  Result.getOrThrow(FilePath.parse(text, directory)).segments.join(" ")

describe("paths", () => {
  it("lose dots and slashes, and keep what depends on links", () => {
    assert.strictEqual(segmentsOf("//a/./b/"), "a b")
    assert.strictEqual(segmentsOf("/a/../b"), "a .. b")
    assert.strictEqual(segmentsOf("b/../c", "/a/"), "a b .. c")
    assert.strictEqual(segmentsOf("/"), "")
    assert.strictEqual(segmentsOf("..."), "...")
    const ends = ["/a", "/a/", "/a/.", "/a/..", "/a/...", "/a/.b", "/"]
    assert.deepStrictEqual(
      ends.map((text) => Result.getOrThrow(FilePath.parse(text)).mustBeDirectory),
      [false, true, true, true, false, false, true]
    )
  })

  it("F6 NUL, nothing, too much and half characters are refused", () => {
    const tree = new FileTree()
    const refused: ReadonlyArray<readonly [string, string]> = [
      ["EINVAL", "/workspace/a\0b"],
      ["ENOENT", ""],
      ["EINVAL", "/workspace/\ud800"],
      ["ENAMETOOLONG", `/workspace/${"a".repeat(256)}`],
      ["ENAMETOOLONG", `/workspace/${"é".repeat(128)}`],
      ["ENAMETOOLONG", `/${"a/".repeat(2_048)}`]
    ]
    for (const [code, path] of refused) {
      refuses(tree, code, () => tree.write(guest, path, bytes("")))
      refuses(tree, code, () => tree.symlink(guest, path, "/workspace/l"))
      refuses(tree, code, () => tree.rename(guest, "/workspace", path))
      refuses(tree, code, () => tree.stat(host, path))
    }
    tree.write(guest, `/workspace/${"a".repeat(255)}`, bytes(""))
  })

  it("F6 a path that climbs above the root is refused", () => {
    const tree = new FileTree()
    for (const path of ["/..", "/../etc/passwd", "../a", "/workspace/../../a", "/tmp/outputs/../../../a"]) {
      const fault = refuses(tree, "EACCES", () => tree.readBytes(guest, path))
      assert.include(fault.message, "escapes the root")
      refuses(tree, "EACCES", () => tree.write(host, path, bytes("")))
    }
  })

  it("F6 a link that climbs above the root is refused where it is followed", () => {
    const tree = new FileTree()
    tree.symlink(guest, "../../etc/passwd", "/workspace/l")
    tree.symlink(guest, "/", "/workspace/root")
    refuses(tree, "EACCES", () => tree.readBytes(guest, "/workspace/l"))
    refuses(tree, "EACCES", () => tree.readBytes(guest, "/workspace/root/../a"))
    assert.strictEqual(tree.readlink(guest, "/workspace/l"), "../../etc/passwd")
    assert.strictEqual(tree.lstat(guest, "/workspace/l").kind, "symlink")
  })

  it("F6 links in a circle and too many in a row are refused", () => {
    const tree = treeOf({ "/workspace/0": "end" })
    tree.symlink(guest, "b", "/workspace/a")
    tree.symlink(guest, "a", "/workspace/b")
    tree.symlink(guest, "self/x", "/workspace/self")
    for (let index = 1; index <= 41; index++) tree.symlink(guest, `${index - 1}`, `/workspace/${index}`)
    for (const path of ["/workspace/a", "/workspace/self", "/workspace/41", "/workspace/a/x"]) {
      refuses(tree, "ELOOP", () => tree.readBytes(guest, path))
      refuses(tree, "ELOOP", () => tree.write(guest, path, bytes("")))
    }
    assert.strictEqual(readText(tree, "/workspace/40"), "end")
    assert.strictEqual(tree.list(guest, "/workspace", { isRecursive: true }).length, 45)
  })

  it("F6 what comes behind a link is resolved where the link leads", () => {
    const tree = treeOf({ "/tmp/x/y/f": "deep", "/tmp/x/g": "up" })
    tree.symlink(guest, "/tmp/x/y", "/workspace/l")
    assert.strictEqual(readText(tree, "/workspace/l/../g"), "up")
    assert.strictEqual(tree.realpath(guest, "/workspace/l/../y/./f"), "/tmp/x/y/f")
    refuses(tree, "ENOENT", () => tree.readBytes(guest, "/workspace/missing/../a"))
    refuses(tree, "ENOENT", () => tree.mkdir(guest, "/workspace/missing/../a", { isRecursive: true }))
  })

  it("F6 no path in the tree is longer than a path may be", () => {
    const tree = new FileTree()
    const deep = Array.from({ length: 15 }, () => "d".repeat(255)).join("/")
    tree.mkdir(guest, `/workspace/${deep}`, { isRecursive: true })
    const by = { ...guest, directory: `/workspace/${deep}` }
    refuses(tree, "ENAMETOOLONG", () => tree.mkdir(by, `${"e".repeat(250)}/f`, { isRecursive: true }))
    refuses(tree, "ENAMETOOLONG", () => tree.write(by, "e".repeat(250), bytes("")))
    tree.mkdir(by, "e".repeat(240))
    tree.mkdir(guest, "/workspace/another")
    const [first = ""] = deep.split("/")
    refuses(tree, "ENAMETOOLONG", () => tree.rename(guest, `/workspace/${first}`, `/workspace/another/${first}`))
  })

  it("F6 a long path in an error is cut", () => {
    const tree = new FileTree()
    const fault = refuses(tree, "ENAMETOOLONG", () => tree.stat(guest, "\ud83d\ude00".repeat(100_000)))
    assert.isBelow(fault.message.length, 1_200)
    assert.isTrue(fault.path.isWellFormed())
  })

  const Piece = Schema.Literals(["a", "..", ".", "", "\0", "\ud800", "é", "...", "x".repeat(256), "\n", " "])

  it.prop("F6 whatever they are, are parsed or refused", [Schema.Array(Piece)], ([pieces]) => {
    const path = FilePath.parse(`/${pieces.join("/")}`)
    const isRefused = pieces.some((piece) => ["\0", "\ud800", "x".repeat(256)].includes(piece))
    assert.strictEqual(Result.isFailure(path), isRefused)
    if (Result.isFailure(path)) return
    assert.isTrue(path.success.segments.every((segment) => segment === ".." || FilePath.isName(segment)))
  })
})
