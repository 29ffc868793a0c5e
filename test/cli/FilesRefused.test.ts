import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Caisson } from "../../src/promise.ts"
import { archiveOf, good, hostile } from "./archive.ts"
import { caisson, freshDirectory, tools } from "./command.ts"
import { treeIn } from "./localTree.ts"
import { errorOf, makeWorld } from "./world.ts"

const { begin, home, json, text } = makeWorld()

/** Sessions: `a` has a few files, `small` has room for a few more bytes. */
const prepare = async () => {
  await using caisson = await Caisson.open({ directory: home.directory, machines: { threads: 1 } })
  await using a = await caisson.session({ id: "a" })
  await a.run(
    "mkdir -p d/e; echo kept > d/f; ln -s /tools t; mkdir out; ln -s /etc/passwd out/secret; echo x > out/f",
    {
      language: "shell"
    }
  )
  await using small = await caisson.session({ id: "small", limits: { fileBytes: 1_000, fileEntries: 64 } })
  await small.files.write("kept", "k".repeat(900))
}

const here = freshDirectory()
const source = join(here, "source")
const loop = join(here, "loop")

beforeAll(async () => {
  writeFileSync(source, "s".repeat(200))
  symlinkSync(loop, loop)
  await prepare()
}, 60_000)

/** All paths of a session's workspace, with their sizes. */
const stateOf = async (session: string) => {
  const { entries } = await json(0, "files", "ls", session, "/workspace", "--recursive")
  return (entries as ReadonlyArray<Record<string, unknown>>).map(({ bytes, path }) => `${path} ${bytes}`)
}

describe("what cannot be done with files", { timeout: 60_000 }, () => {
  it.each([
    ["a session that there is not", "SessionNotFound", ["ls", "nobody"]],
    ["what is not there", "ENOENT", ["ls", "a", "none"]],
    ["what is not there to get", "ENOENT", ["get", "a", "none", join(here, "none")]],
    ["what is not there to remove", "ENOENT", ["rm", "a", "none", "--recursive"]],
    ["a directory where there is a file", "ENOTDIR", ["put", "a", source, "d/f/g"]],
    ["a directory that is not empty", "ENOTEMPTY", ["rm", "a", "d"]],
    ["F2 what is always there", "EACCES", ["rm", "a", "/tools", "--recursive"]],
    ["F2 a way into a read-only place through a link", "EACCES", ["put", "a", source, "t/x"]],
    ["a file that is not here", "NotReadable", ["put", "a", join(here, "none"), "x"]],
    ["an archive that is not here", "NotReadable", ["put", "a", join(here, "none"), "x", "--tar"]],
    ["an archive that is none", "NotAnArchive", ["put", "a", source, "x", "--tar"]],
    ["a place here that is not there", "NotWritable", ["get", "a", "d/f", join(here, "none", "f")]],
    ["a link here that leads to itself", "NotReadable", ["put", "a", loop, "x"]],
    ["a link here that leads to itself, to write to", "NotReadable", ["get", "a", "d/f", loop]],
    ["standard input into a directory", "Contradiction", ["put", "a", "-", "x/"]],
    ["a file and JSON both on standard output", "Contradiction", ["get", "a", "d/f", "-"]],
    ["no path", "MissingArgument", ["get", "a"]]
  ] as const)("is refused with 64: %s", async (_, reason, words) => {
    const refused = await json(64, "files", ...words)
    assert.strictEqual(errorOf(refused)["reason"], reason)
  })

  it("comes with what can be done about it", async () => {
    for (const [words, said] of [
      [
        ["get", "a", "none"],
        /^caisson: ENOENT: .*'\/workspace\/none'; `caisson files ls ID DIRECTORY` shows what is there\n$/
      ],
      [["put", "a", "none", "x"], /^caisson: \S+\/none cannot be read: ENOENT: no such file or directory/],
      [
        ["put", "small", source, "x"],
        /^caisson: ENOSPC: .*at most 1000 bytes.*; `caisson files rm ID PATH` makes room\n$/
      ]
    ] as const) {
      const { code, stderr, stdout } = await text("files", ...words)
      assert.deepStrictEqual([code, stdout], [64, ""])
      assert.match(stderr, said)
    }
  })

  it("leaves no home behind where there was none", async () => {
    const none = join(freshDirectory(), "home")
    const { code, stderr } = await caisson(["files", "ls", "a", "--home", none])
    assert.strictEqual(code, 64)
    assert.match(stderr, /^caisson: there are no sessions in /)
    assert.deepStrictEqual(treeIn(join(none, "..")), {})
  })
})

describe("what is refused is refused as a whole", { timeout: 60_000 }, () => {
  it("F7 a directory beyond the quota of bytes or entries", async () => {
    const before = await stateOf("small")
    const [bytes, entries] = [freshDirectory(), freshDirectory()]
    for (const name of ["one", "two"]) writeFileSync(join(bytes, name), "b".repeat(60))
    for (let index = 0; index < 60; index++) mkdirSync(join(entries, `${index}`))
    for (const directory of [bytes, entries]) {
      const refused = await json(64, "files", "put", "small", directory, "x")
      assert.deepInclude(errorOf(refused), { name: "FileError", reason: "ENOSPC" })
    }
    writeFileSync(join(bytes, "three"), "b".repeat(1_001))
    for (const words of [
      [bytes, "x"],
      [join(bytes, "three"), "x"]
    ]) {
      const refused = await json(64, "files", "put", "small", ...words)
      assert.deepInclude(errorOf(refused), { name: "LocalFileError", reason: "TooLarge" })
    }
    assert.deepStrictEqual(await stateOf("small"), before)
  })

  it("F6 an archive with a name or a link that leads outside", async () => {
    const before = await stateOf("a")
    const archive = join(here, "hostile.tar")
    for (const [what, reason, entry] of hostile) {
      writeFileSync(archive, await archiveOf(good, entry))
      const refused = await json(64, "files", "put", "a", archive, "x", "--tar")
      assert.deepInclude(errorOf(refused), { name: "ArchiveRejected", reason }, what)
    }
    assert.deepStrictEqual(await stateOf("a"), before)
  })

  it("F6 a directory here in which a link leads outside", async () => {
    const before = await stateOf("a")
    const directory = freshDirectory()
    writeFileSync(join(directory, "f"), "")
    symlinkSync(source, join(directory, "link"))
    const refused = await json(64, "files", "put", "a", directory, "x")
    assert.deepInclude(errorOf(refused), { name: "ArchiveRejected", reason: "UnsafeLink" })
    assert.deepStrictEqual(await stateOf("a"), before)
  })

  it("F6 a directory of a guest's in which a link leads outside", async () => {
    const to = join(freshDirectory(), "to")
    const refused = await json(64, "files", "get", "a", "out", to)
    assert.deepInclude(errorOf(refused), { name: "ArchiveRejected", reason: "UnsafeLink" })
    assert.deepStrictEqual(treeIn(join(to, "..")), {})
  })

  it("a file that cannot be written here", async () => {
    const to = freshDirectory()
    mkdirSync(join(to, "f"))
    await json(64, "files", "get", "a", "d/f", to, "--force")
    await json(64, "files", "get", "a", "d", to, "--force")
    assert.deepStrictEqual(treeIn(to), { "f/": "" })
  })
})

describe("a session that another process holds", { timeout: 60_000 }, () => {
  it("is busy: 69, and its files stay as they are", async () => {
    const code = "await fs.writeFile('f', 'kept'); await bank.transfer({ amount: 1 })"
    const holder = begin("run", "-e", code, "--session", "held", "--tools", tools)
    await holder.appears("transfer is under way")
    const to = freshDirectory()
    for (const words of [
      ["ls", "held"],
      ["put", "held", source, "f"],
      ["get", "held", "f", to],
      ["rm", "held", "f"]
    ]) {
      const refused = await json(69, "files", ...words)
      assert.deepInclude(errorOf(refused), { name: "JournalError", reason: "SessionBusy" })
    }
    holder.process.kill("SIGKILL")
    await holder.ended
    assert.deepStrictEqual(treeIn(to), {})
    assert.deepStrictEqual(await stateOf("held"), ["/workspace/f 4"])
  })

  it("O4 is not to be had once it is closed", async () => {
    await json(0, "run", "-e", "1", "--session", "closed")
    await json(0, "close", "closed")
    assert.deepInclude(errorOf(await json(64, "files", "ls", "closed")), { reason: "SessionClosed" })
  })
})
