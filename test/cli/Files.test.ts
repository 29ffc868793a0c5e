import { execFileSync } from "node:child_process"
import { readFileSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Caisson } from "../../src/promise.ts"
import { caisson, freshDirectory, jsonOf, tools } from "./command.ts"
import { makeTree, modeOf, tree, treeIn } from "./localTree.ts"
import { callsOf, makeWorld } from "./world.ts"

/** A world with a session, in which a script has been run. */
const opened = async (script: string) => {
  const world = makeWorld()
  const files = (...words: ReadonlyArray<string>) => world.text("files", ...words)
  const shell = (script: string) => world.json(0, "run", "-e", script, "--session", "a", "--language", "shell")
  await shell(script)
  return { ...world, files, shell }
}

const everyByte = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256)

describe("caisson files put and get", { timeout: 60_000 }, () => {
  it("F1 copies a file with its content, permissions and time, and F4 both languages see it", async () => {
    const { files, json, shell } = await opened(":")
    const [source, copy] = ["source", "copy"].map((name) => join(freshDirectory(), name)) as [string, string]
    writeFileSync(source, everyByte, { mode: 0o700 })
    utimesSync(source, 1_000_000, 1_000_000)
    const put = await files("put", "a", source, "in/bytes")
    assert.deepStrictEqual([put.code, put.stdout], [0, ""])
    assert.strictEqual(put.stderr, "/workspace/in/bytes of session a: 1 file, 1.0 KiB\n")
    const read = '[[...(await fs.readFile("in/bytes", null))], (await fs.stat("in/bytes")).mtimeMs]'
    assert.deepStrictEqual((await json(0, "run", "-e", read, "--session", "a"))["value"], [
      [...everyByte],
      1_000_000_000
    ])
    const seen = await shell("wc -c < in/bytes; test -x in/bytes && echo may run")
    assert.match(String(seen["stdout"]), /^ *1024\nmay run\n$/)
    const got = await files("get", "a", "/workspace/in/bytes", copy)
    assert.deepStrictEqual([got.code, got.stdout, got.stderr], [0, "", `${copy}: 1 file, 1.0 KiB\n`])
    assert.deepStrictEqual(new Uint8Array(readFileSync(copy)), everyByte)
    assert.strictEqual(modeOf(copy), 0o700)
  })

  it("F1 copies a directory with all that is in it, and says what it copied", async () => {
    const { json } = await opened(":")
    const back = join(freshDirectory(), "back")
    const put = await json(0, "files", "put", "a", makeTree(), "t")
    assert.deepStrictEqual(put, { session: "a", path: "/workspace/t", files: 4, bytes: 26 })
    const got = await json(0, "files", "get", "a", "t", back)
    assert.deepStrictEqual(got, { session: "a", path: "/workspace/t", destination: back, files: 4, bytes: 26 })
    assert.deepStrictEqual(treeIn(back), tree)
    assert.strictEqual(modeOf(join(back, "src", "run.sh")), 0o700)
  })

  it("reads standard input and writes to standard output, and nothing else beside it", async () => {
    const { files, home } = await opened(":")
    const text = "one\ntwo \u20ac\n"
    const put = await caisson(["files", "put", "a", "-", "x/y.txt", "--home", home.directory], { input: text })
    assert.strictEqual(put.code, 0, put.stderr)
    const got = await files("get", "a", "x/y.txt", "-")
    assert.deepStrictEqual([got.code, got.stdout, got.stderr], [0, text, ""])
  })

  it("writes a directory to standard output as an archive that tar reads, and takes it back", async () => {
    const { files, home, json } = await opened("mkdir -p d/e; echo one > d/one; echo two > d/e/two; ln -s e/two d/link")
    const archive = (await files("get", "a", "d", "-")).stdout
    const unpacked = freshDirectory()
    execFileSync("tar", ["-x", "-C", unpacked], { input: archive })
    const expected = { "e/": "", "e/two": "two\n", link: "-> e/two", one: "one\n" }
    assert.deepStrictEqual(treeIn(unpacked), expected)
    const words = ["files", "put", "a", "-", "copy", "--tar", "--home", home.directory, "--json"]
    const put = jsonOf(await caisson(words, { input: archive }))
    assert.deepStrictEqual(put, { session: "a", path: "/workspace/copy", files: 2, bytes: 8 })
    const back = join(freshDirectory(), "back")
    await json(0, "files", "get", "a", "copy", back)
    assert.deepStrictEqual(treeIn(back), expected)
  })

  it("takes an archive from a file, however much longer than its contents it is", async () => {
    const { home, text } = makeWorld()
    {
      await using here = await Caisson.open({ directory: home.directory, machines: { threads: 1 } })
      await using _ = await here.session({ id: "a", limits: { fileBytes: 4_096 } })
    }
    const archive = join(freshDirectory(), "archive.tar")
    execFileSync("tar", ["-c", "-f", archive, "-C", makeTree(), "."])
    assert.isAbove(statSync(archive).size, 2 * 4_096)
    const put = await text("files", "put", "a", archive, "t", "--tar")
    assert.strictEqual(put.stderr, "/workspace/t of session a: 4 files, 26 bytes\n")
  })

  it("F3 put a file where a paused run finds it", async () => {
    const { json } = makeWorld()
    const source = join(freshDirectory(), "rate")
    writeFileSync(source, "7")
    const code = 'await bank.refund({ amount: 5 }); await fs.readFile("rate")'
    const paused = await json(75, "run", "-e", code, "--session", "a", "--tools", tools)
    await json(0, "files", "put", "a", source, "./")
    const completed = await json(0, "answer", "a", `${callsOf(paused)[0]?.id}`, "--approve")
    assert.deepInclude(completed, { status: "completed", value: "7" })
  })

  it("put a file below a directory that is there, and below one that ends in a slash", async () => {
    const { files, json } = await opened("mkdir there")
    const source = join(freshDirectory(), "f")
    writeFileSync(source, "1")
    for (const [to, path] of [
      ["there", "/workspace/there/f"],
      ["new/", "/workspace/new/f"],
      ["other", "/workspace/other"],
      ["/tmp/g", "/tmp/g"]
    ] as const) {
      assert.strictEqual((await json(0, "files", "put", "a", source, to))["path"], path)
      assert.strictEqual((await files("get", "a", path, "-")).stdout, "1")
    }
  })

  it("get to the same name here, or below a directory that is here", async () => {
    const { home } = await opened("mkdir d; printf text > d/f")
    const cwd = freshDirectory()
    const get = (...words: ReadonlyArray<string>) =>
      caisson(["files", "get", "a", ...words, "--home", home.directory], { cwd })
    for (const words of [["d/f"], ["d"], ["d/f", "d"], ["d/f", "g"]]) {
      const expected = words[1] === "d" ? 64 : 0
      assert.strictEqual((await get(...words)).code, expected, words.join(" "))
    }
    assert.deepStrictEqual(treeIn(cwd), { "d/": "", "d/f": "text", f: "text", g: "text" })
    assert.match((await get("d/f", "none/")).stderr, /none\/f cannot be written: ENOENT/)
  })

  it("replace what is there in the session, and here only with --force", async () => {
    const { files, shell } = await opened("mkdir d; echo old > d/f; echo kept > d/h")
    const [from, to] = [freshDirectory(), freshDirectory()]
    for (const [directory, text] of [
      [from, "new"],
      [to, "old"]
    ] as const) {
      writeFileSync(join(directory, "f"), text)
    }
    writeFileSync(join(from, "g"), "new")
    assert.strictEqual((await files("put", "a", from, "d")).code, 0)
    assert.strictEqual((await shell("cat d/f d/g d/h"))["stdout"], "newnewkept\n")
    for (const words of [
      ["d", to],
      ["d/f", join(to, "f")],
      ["d/f", to]
    ]) {
      const { code, stderr } = await files("get", "a", ...words)
      assert.strictEqual(code, 64)
      assert.match(stderr, /^caisson: \S+\/f is there already.*; --force replaces files, or give another place\n$/)
      assert.deepStrictEqual(treeIn(to), { f: "old" })
    }
    assert.strictEqual((await files("get", "a", "d", to, "--force")).code, 0)
    assert.deepStrictEqual(treeIn(to), { f: "new", g: "new", h: "kept\n" })
    writeFileSync(join(to, "f"), "old again")
    assert.strictEqual((await files("get", "a", "d/f", to, "--force")).code, 0)
    assert.deepStrictEqual(treeIn(to), { f: "new", g: "new", h: "kept\n" })
  })
})

describe("caisson files ls", { timeout: 60_000 }, () => {
  it("F1 lists the workspace, a directory, all that is below one, or a file", async () => {
    const { files } = await opened(
      "mkdir -p d/e; printf 12345678901 > d/f; chmod 640 d/f; ln -s f d/l; touch 'd/two\nlines'"
    )
    const namesOf = async (...words: ReadonlyArray<string>) => {
      const { code, stderr, stdout } = await files("ls", "a", ...words)
      assert.deepStrictEqual([code, stderr], [0, ""])
      return stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/ {2}\d{4}-\S+Z {2}/, " "))
    }
    assert.deepStrictEqual(await namesOf(), ["drwxr-xr-x  0 d/"])
    assert.deepStrictEqual(await namesOf("d"), [
      "drwxr-xr-x   0 e/",
      "-rw-r-----  11 f",
      "lrwxrwxrwx   1 l",
      '-rw-r--r--   0 "two\\nlines"'
    ])
    assert.deepStrictEqual(await namesOf("d/f"), ["-rw-r-----  11 /workspace/d/f"])
    const all = (await namesOf("/", "--recursive")).map((line) => line.split(" ").at(-1))
    assert.includeMembers(all, ["workspace/d/e/", "workspace/d/f", "tools/", "tmp/outputs/", "log/", "dev/null"])
  })

  it("gives every field of an entry as JSON", async () => {
    const { json } = await opened("mkdir d; printf 123 > d/f; touch -d 2020-01-02T03:04:05Z d/f; chmod 600 d/f")
    assert.deepStrictEqual(await json(0, "files", "ls", "a", "d"), {
      session: "a",
      path: "/workspace/d",
      entries: [
        { path: "/workspace/d/f", kind: "file", bytes: 3, mode: "0600", modifiedAt: "2020-01-02T03:04:05.000Z" }
      ]
    })
    assert.deepStrictEqual((await json(0, "files", "ls", "a", "/tmp/outputs"))["entries"], [])
  })
})

describe("caisson files rm", { timeout: 60_000 }, () => {
  it("F1 removes a file or an empty directory, and more only with --recursive", async () => {
    const { files, json, shell } = await opened("mkdir -p d/e empty; touch f d/e/g; ln -s d link")
    const removed = await files("rm", "a", "f")
    assert.deepStrictEqual([removed.code, removed.stdout], [0, "/workspace/f of session a is removed\n"])
    assert.deepStrictEqual(await json(0, "files", "rm", "a", "empty"), { session: "a", removed: "/workspace/empty" })
    assert.strictEqual((await files("rm", "a", "link")).code, 0)
    const refused = await files("rm", "a", "d")
    assert.strictEqual(refused.code, 64)
    assert.match(
      refused.stderr,
      /^caisson: ENOTEMPTY: .*'\/workspace\/d'; --recursive removes it with all that is in it\n$/
    )
    assert.strictEqual((await shell("find . -mindepth 1 | sort"))["stdout"], "./d\n./d/e\n./d/e/g\n")
    await json(0, "files", "rm", "a", "d", "--recursive")
    assert.strictEqual((await shell("ls -A"))["stdout"], "")
  })
})
