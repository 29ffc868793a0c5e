import { assert, describe, it } from "@effect/vitest"
import { FileTree } from "../../src/file/FileTree.ts"
import { bytes, guest, host, readText, refuses, treeOf } from "./trees.ts"

describe("areas", () => {
  it("F2 a guest writes below /workspace and /tmp, and nowhere else", () => {
    const tree = treeOf({ "/tools/t": "tool", "/etc/e": "1" })
    tree.write(guest, "/workspace/a", bytes("1"))
    tree.write(guest, "/tmp/a", bytes("1"))
    tree.write(guest, "/tmp/outputs/a", bytes("1"))
    for (const path of ["/a", "/tools/t", "/tools/new", "/bin/sh", "/dev/zero", "/etc/e", "/workspaces", "/logs"]) {
      refuses(tree, "EACCES", () => tree.write(guest, path, bytes("2")))
      refuses(tree, "EACCES", () => tree.append(guest, path, bytes("2")))
    }
    const removals = [() => tree.rm(guest, "/tools/t"), () => tree.rename(guest, "/tools/t", "/tmp/t")]
    const changes = [() => tree.chmod(guest, "/tools/t", 0o777), () => tree.utimes(guest, "/tools/t", 1)]
    const additions = [
      () => tree.mkdir(guest, "/tools/d", { isRecursive: true }),
      () => tree.symlink(guest, "/tmp", "/tools/l"),
      () => tree.link(guest, "/tools/t", "/workspace/t"),
      () => tree.rename(guest, "/tmp/a", "/tools/a"),
      () => tree.copy(guest, "/tmp/a", "/tools/a")
    ]
    for (const run of [...removals, ...changes, ...additions]) refuses(tree, "EACCES", run)
    assert.strictEqual(readText(tree, "/tools/t"), "tool")
  })

  it("F2 a refusal says where files can be written", () => {
    const tree = new FileTree()
    const fault = refuses(tree, "EACCES", () => tree.write(guest, "/tools/x", bytes("")))
    assert.strictEqual(
      fault.message,
      "EACCES: permission denied: read-only here; files can be written below /workspace and /tmp, and appended to below /log, open '/tools/x'"
    )
  })

  it("F2 F9 what a guest wrote in the log stays, and is only added to", () => {
    const tree = treeOf({ "/tmp/a": "forged" })
    tree.mkdir(guest, "/log/d")
    tree.write(guest, "/log/d/a", bytes("1"))
    tree.append(guest, "/log/d/a", bytes("2"))
    const attempts = [
      () => tree.write(guest, "/log/d/a", bytes("")),
      () => tree.unlink(guest, "/log/d/a"),
      () => tree.rm(guest, "/log/d", { isRecursive: true }),
      () => tree.rename(guest, "/log/d/a", "/log/d/b"),
      () => tree.rename(guest, "/log/d", "/tmp/d"),
      () => tree.rename(guest, "/tmp/a", "/log/d/a"),
      () => tree.copy(guest, "/tmp/a", "/log/d/a"),
      () => tree.link(guest, "/log/d/a", "/tmp/l"),
      () => tree.link(guest, "/tmp/a", "/log/l"),
      () => tree.symlink(guest, "/tmp/a", "/log/l"),
      () => tree.utimes(guest, "/log/d/a", 1),
      () => tree.chmod(guest, "/log/d/a", 0)
    ]
    for (const attempt of attempts) refuses(tree, "EACCES", attempt)
    assert.strictEqual(readText(tree, "/log/d/a"), "12")
  })

  it("F2 F9 a symbolic link gives no other rights than the place that it leads to", () => {
    const tree = treeOf({ "/log/a": "1", "/tools/t": "2" })
    tree.symlink(guest, "/log", "/workspace/log")
    tree.symlink(guest, "/log/a", "/workspace/a")
    tree.symlink(guest, "../log/new", "/workspace/new")
    tree.symlink(guest, "/tools", "/tmp/tools")
    for (const path of ["/workspace/log/a", "/workspace/a", "/tmp/tools/t", "/tmp/tools/new"]) {
      refuses(tree, "EACCES", () => tree.write(guest, path, bytes("")))
    }
    refuses(tree, "EACCES", () => tree.unlink(guest, "/workspace/log/a"))
    refuses(tree, "EACCES", () => tree.rename(guest, "/workspace/log/a", "/workspace/b"))
    tree.append(guest, "/workspace/a", bytes("2"))
    tree.write(guest, "/workspace/new", bytes("3"))
    assert.deepStrictEqual([readText(tree, "/log/a"), readText(tree, "/log/new")], ["12", "3"])
    tree.unlink(guest, "/workspace/a")
    assert.isTrue(tree.exists(guest, "/log/a"))
  })

  it("F9 a file that gets into the log has no name outside of it, whoever brings it there", () => {
    const tree = treeOf({ "/workspace/a": "1" })
    tree.link(guest, "/workspace/a", "/workspace/b")
    refuses(tree, "EACCES", () => tree.rename(host, "/workspace/a", "/log/a"))
    refuses(tree, "EACCES", () => tree.link(host, "/workspace/a", "/log/a"))
    tree.unlink(guest, "/workspace/b")
    tree.rename(host, "/workspace/a", "/log/a")
    assert.strictEqual(readText(tree, "/log/a"), "1")
  })

  it("F2 a host writes everywhere, but a guest's link does not lead it there", () => {
    const tree = new FileTree()
    tree.write(host, "/log/a", bytes("1"))
    tree.write(host, "/log/a", bytes("2"))
    tree.write(host, "/tools/t", bytes("1"))
    tree.symlink(guest, "/log/a", "/workspace/a")
    tree.symlink(guest, "/tools", "/workspace/tools")
    tree.symlink(guest, "/tmp", "/workspace/tmp")
    refuses(tree, "EACCES", () => tree.write(host, "/workspace/a", bytes("3")))
    refuses(tree, "EACCES", () => tree.mkdir(host, "/workspace/tools/x/y", { isRecursive: true }))
    refuses(tree, "EACCES", () => tree.rm(host, "/workspace/tools/t"))
    tree.write(host, "/workspace/tmp/t", bytes("4"))
    assert.deepStrictEqual([readText(tree, "/workspace/a", host), readText(tree, "/tmp/t")], ["2", "4"])
  })

  it("what is in every tree stays there", () => {
    const tree = new FileTree()
    for (const path of ["/workspace", "/tmp", "/tmp/outputs", "/log", "/tools", "/bin", "/dev/null", "/"]) {
      refuses(tree, "EACCES", () => tree.rm(host, path, { isRecursive: true }))
      refuses(tree, "EACCES", () => tree.rename(host, path, "/workspace/x"))
    }
    refuses(tree, "EACCES", () => tree.rm(guest, "/tmp/outputs", { isRecursive: true }))
    tree.write(host, "/workspace/a", bytes(""))
    refuses(tree, "EACCES", () => tree.rename(host, "/workspace/a", "/dev/null"))
  })

  it("devices are there, read as empty, and only one takes everything", () => {
    const tree = treeOf({ "/workspace/a": "1" })
    const { version } = tree
    tree.write(guest, "/dev/null", bytes("gone"))
    tree.append(guest, "/dev/null", bytes("gone"))
    tree.copy(guest, "/workspace/a", "/dev/null")
    assert.strictEqual(tree.version, version)
    assert.deepStrictEqual(tree.readdir(guest, "/dev"), ["null", "stderr", "stdin", "stdout"])
    for (const name of tree.readdir(guest, "/dev")) {
      assert.strictEqual(tree.stat(guest, `/dev/${name}`).kind, "device")
      assert.strictEqual(readText(tree, `/dev/${name}`), "")
    }
    refuses(tree, "EACCES", () => tree.write(guest, "/dev/stdout", bytes("")))
    refuses(tree, "EACCES", () => tree.link(guest, "/dev/null", "/workspace/null"))
    tree.copy(guest, "/dev/null", "/workspace/a")
    assert.strictEqual(readText(tree, "/workspace/a"), "")
  })
})

describe("a guard", () => {
  const guarded = () => {
    const tree = treeOf({ "/workspace/secret/key": "s", "/workspace/a": "1", "/workspace/d/ro": "2" })
    tree.guard = (path, access) => {
      if (path.startsWith("/workspace/secret/")) return "rule no-secrets"
      return path.endsWith("/ro") && access === "write" ? "rule read-only" : undefined
    }
    return tree
  }

  it("F2 is asked for where a path leads, and its reason is told", () => {
    const tree = guarded()
    tree.symlink(guest, "secret/key", "/workspace/l")
    for (const path of ["/workspace/secret/key", "/workspace/l", "/workspace/d/../secret/key"]) {
      const fault = refuses(tree, "EACCES", () => tree.readBytes(guest, path))
      assert.include(fault.message, "permission denied: rule no-secrets, open")
    }
    assert.strictEqual(readText(tree, "/workspace/d/ro"), "2")
    refuses(tree, "EACCES", () => tree.append(guest, "/workspace/d/ro", bytes("")))
    refuses(tree, "EACCES", () => tree.mkdir(guest, "/workspace/x/ro/y", { isRecursive: true }))
    assert.strictEqual(readText(tree, "/workspace/l", host), "s")
  })

  it("F2 is not gone round by another name", () => {
    const tree = guarded()
    refuses(tree, "EACCES", () => tree.link(guest, "/workspace/secret/key", "/workspace/key"))
    refuses(tree, "EACCES", () => tree.rename(guest, "/workspace/secret/key", "/workspace/key"))
    refuses(tree, "EACCES", () => tree.rename(guest, "/workspace/secret", "/workspace/open"))
    refuses(tree, "EACCES", () => tree.copy(guest, "/workspace", "/tmp/w", { isRecursive: true }))
    refuses(tree, "EACCES", () => tree.rm(guest, "/workspace/d", { isRecursive: true }))
    refuses(tree, "EACCES", () => tree.rename(guest, "/workspace/d", "/workspace/e"))
    refuses(tree, "EACCES", () => tree.rename(guest, "/workspace/a", "/workspace/ro"))
  })
})
