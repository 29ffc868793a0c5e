import { execFileSync } from "node:child_process"
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Caisson } from "../../src/promise.ts"
import { freshDirectory } from "../cli/command.ts"
import { makeTree, modeOf, tree, treeIn } from "../cli/localTree.ts"
import { rejectedFor, rejection } from "./rejection.ts"

let caisson: Caisson
beforeAll(async () => {
  caisson = await Caisson.open({ machines: { threads: 1 } })
})
afterAll(() => caisson.release())

const reasonOf = (promise: Promise<unknown>) => rejectedFor(promise, "LocalFileError")

/** A directory that is not there yet. */
const absent = () => join(freshDirectory(), "absent")

describe("uploading a directory of this machine", () => {
  it("F1 copies contents, permissions, times and links, and the guest can use them", async () => {
    await using session = await caisson.session()
    const source = makeTree()
    utimesSync(join(source, "src", "run.sh"), 1_000_000, 1_000_000)
    await session.files.uploadDirectory(source, "t")
    const run = await session.files.stat("t/src/run.sh")
    assert.deepInclude(run, { kind: "file", mode: 0o700, modifiedAt: new Date(1_000_000_000) })
    assert.strictEqual((await session.files.stat("t/run")).bytes, run.bytes)
    const { stdout } = await session.run("cd t; ./run; cat src/up src/größe; ls src/empty", { language: "shell" })
    assert.strictEqual(stdout, "ran\nread me\ngroß")
  })

  it("F7 is refused before more is read than the session may have", async () => {
    await using session = await caisson.session({ limits: { fileBytes: 1_000, fileEntries: 64 } })
    const source = freshDirectory()
    writeFileSync(join(source, "huge"), "")
    truncateSync(join(source, "huge"), 2 ** 40)
    assert.strictEqual(await reasonOf(session.files.uploadDirectory(source, "d")), "TooLarge")
    const many = freshDirectory()
    for (let index = 0; index <= 64; index++) writeFileSync(join(many, `${index}`), "")
    assert.strictEqual(await reasonOf(session.files.uploadDirectory(many, "d")), "TooLarge")
    assert.deepStrictEqual(await session.files.list(), [])
  })

  it("F6 is refused as a whole if a link in it leads outside", async () => {
    await using session = await caisson.session()
    for (const target of ["/etc/passwd", "../elsewhere"]) {
      const source = makeTree()
      symlinkSync(target, join(source, "link"))
      const refused = session.files.uploadDirectory(source, "d")
      assert.strictEqual(await rejectedFor(refused, "ArchiveRejected"), "UnsafeLink")
    }
    assert.deepStrictEqual(await session.files.list(), [])
  })

  it("is refused for what is not there, is no directory, or can be no file", async () => {
    await using session = await caisson.session()
    const source = makeTree()
    execFileSync("mkfifo", [join(source, "pipe")])
    assert.strictEqual(await reasonOf(session.files.uploadDirectory(source, "d")), "Unsupported")
    assert.strictEqual(await reasonOf(session.files.uploadDirectory(join(source, "none"), "d")), "NotReadable")
    assert.strictEqual(await reasonOf(session.files.uploadDirectory(join(source, "read me.txt"), "d")), "NotReadable")
    assert.deepStrictEqual(await session.files.list(), [])
  })

  it("stops when a signal says so", async () => {
    await using session = await caisson.session()
    const why = new Error("enough")
    const controller = new AbortController()
    const stopped = rejection(session.files.uploadDirectory(makeTree(), "d", { signal: controller.signal }))
    controller.abort(why)
    assert.strictEqual(await stopped, why)
    assert.deepStrictEqual(await session.files.list(), [])
  })
})

describe("downloading a directory to this machine", () => {
  it("F1 gives what was uploaded", async () => {
    await using session = await caisson.session()
    await session.files.uploadDirectory(makeTree(), "t")
    const to = absent()
    await session.files.downloadDirectory("t", to)
    assert.deepStrictEqual(treeIn(to), tree)
    assert.strictEqual(modeOf(join(to, "src", "run.sh")), 0o700)
  })

  it("keeps permissions within what this process may give, also of directories that nobody may write to", async () => {
    await using session = await caisson.session()
    const script = "mkdir -p d/closed d/there; echo 1 > d/closed/f; chmod 6777 d/closed/f; chmod 557 d/closed d/there"
    await session.run(script, { language: "shell" })
    const to = freshDirectory()
    mkdirSync(join(to, "there"), { mode: 0o700 })
    const before = process.umask(0o027)
    try {
      await session.files.downloadDirectory("d", to)
    } finally {
      process.umask(before)
    }
    assert.strictEqual(statSync(join(to, "closed", "f")).mode & 0o7777, 0o750)
    assert.strictEqual(modeOf(join(to, "closed")), 0o550)
    assert.strictEqual(modeOf(join(to, "there")), 0o700)
    chmodSync(join(to, "closed"), 0o700)
  })

  it("overwrites files and links only if it is told to, and else writes nothing", async () => {
    await using session = await caisson.session()
    await session.run("mkdir d; echo new > d/a; echo new > d/b; ln -s a d/l", { language: "shell" })
    const outside = join(freshDirectory(), "outside")
    writeFileSync(outside, "mine")
    for (const name of ["b", "l"]) {
      const to = freshDirectory()
      symlinkSync(outside, join(to, name))
      assert.strictEqual(await reasonOf(session.files.downloadDirectory("d", to)), "AlreadyThere")
      assert.deepStrictEqual(treeIn(to), { [name]: `-> ${outside}` })
      await session.files.downloadDirectory("d", to, { overwrite: true })
      assert.deepStrictEqual(treeIn(to), { a: "new\n", b: "new\n", l: "-> a" })
    }
    assert.strictEqual(readFileSync(outside, "utf8"), "mine")
  })

  it("F6 goes through no link that is here, and replaces no directory", async () => {
    await using session = await caisson.session()
    await session.run("mkdir -p d/sub; echo new > d/a; echo new > d/sub/f", { language: "shell" })
    const [linked, other, file] = [freshDirectory(), freshDirectory(), absent()]
    const outside = freshDirectory()
    symlinkSync(outside, join(linked, "sub"))
    mkdirSync(join(other, "a"))
    writeFileSync(file, "mine")
    for (const to of [linked, other, file]) {
      const refused = session.files.downloadDirectory("d", to, { overwrite: true })
      assert.strictEqual(await reasonOf(refused), "AlreadyThere")
    }
    assert.deepStrictEqual([treeIn(outside), treeIn(other), readFileSync(file, "utf8")], [{}, { "a/": "" }, "mine"])
  })

  it("F6 is refused as a whole if a link of the guest's leads outside", async () => {
    await using session = await caisson.session()
    for (const target of ["/etc/passwd", "../../secret"]) {
      await session.run(`mkdir -p d; echo 1 > d/a; ln -sfn ${target} d/link`, { language: "shell" })
      const to = absent()
      const refused = session.files.downloadDirectory("d", to)
      assert.strictEqual(await rejectedFor(refused, "ArchiveRejected"), "UnsafeLink")
      assert.deepStrictEqual(treeIn(join(to, "..")), {})
    }
  })

  it("is refused for a directory that the guest does not have, or a place that cannot be made", async () => {
    await using session = await caisson.session()
    assert.strictEqual(await rejectedFor(session.files.downloadDirectory("none", absent()), "FileError"), "ENOENT")
    const file = absent()
    writeFileSync(file, "")
    await session.files.makeDirectory("d")
    assert.strictEqual(await reasonOf(session.files.downloadDirectory("d", join(file, "below"))), "NotWritable")
  })
})
