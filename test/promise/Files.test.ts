import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Caisson, type FileChange, type FileError, ReleasedError, type Session } from "../../src/promise.ts"
import { archiveOf, good, hostile } from "../cli/archive.ts"
import { rejectedFor, rejection } from "./rejection.ts"

let caisson: Caisson
beforeAll(async () => {
  caisson = await Caisson.open({ machines: { threads: 1 } })
})
afterAll(() => caisson.release())

const codeOf = (promise: Promise<unknown>) => rejectedFor(promise, "FileError")

const collect = async <A>(items: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const collected: Array<A> = []
  for await (const item of items) collected.push(item)
  return collected
}

const pathsIn = async ({ files }: Session, path?: string) =>
  (await files.list(path, { recursive: true })).map((entry) => entry.path)

describe("files of a session, with promises", () => {
  it("F1 F4 are written, read, listed, looked at, moved and removed, and the guest sees that", async () => {
    await using session = await caisson.session()
    const { files } = session
    await files.makeDirectory("d/e")
    await files.makeDirectory("/workspace/d")
    await files.write("d/text", "één")
    await files.write("d/text", " twee", { append: true })
    await files.write("/tmp/bytes", Uint8Array.of(0, 255, 128))
    assert.strictEqual(await files.readText("/workspace/d/text"), "één twee")
    assert.deepStrictEqual([...(await files.read("/tmp/bytes"))], [0, 255, 128])
    assert.strictEqual(await files.readText("/tmp/bytes"), "\0\u{fffd}\u{fffd}")
    const { value } = await session.run("[await fs.readFile('d/text'), await shell.run('wc -c < /tmp/bytes')]")
    assert.deepStrictEqual(value, ["één twee", "3\n"])

    const [entry, ...others] = await files.list("d")
    assert.deepInclude(entry, { path: "/workspace/d/e", kind: "directory", mode: 0o755, bytes: 0 })
    assert.deepStrictEqual(
      others.map(({ bytes, kind, path }) => ({ bytes, kind, path })),
      [{ bytes: 10, kind: "file", path: "/workspace/d/text" }]
    )
    assert.deepStrictEqual(await pathsIn(session), ["/workspace/d", "/workspace/d/e", "/workspace/d/text"])
    const { modifiedAt, ...rest } = await files.stat("d/text")
    assert.deepStrictEqual(rest, { path: "/workspace/d/text", kind: "file", bytes: 10, mode: 0o644 })
    assert.instanceOf(modifiedAt, Date)

    await files.rename("d/text", "/tmp/text")
    await files.remove("d/e")
    await files.remove("d", { recursive: true })
    assert.deepStrictEqual(await pathsIn(session), [])
    assert.strictEqual((await session.run("cat /tmp/text", { language: "shell" })).stdout, "één twee")
  })

  it("F1 are read in part", async () => {
    await using session = await caisson.session()
    const { files } = session
    await files.write("f", "0123456789")
    const part = async (range: { readonly offset?: number; readonly length?: number }) =>
      Buffer.from(await files.read("f", range)).toString()
    assert.strictEqual(await part({ offset: 7 }), "789")
    assert.strictEqual(await part({ length: 2 }), "01")
    assert.strictEqual(await part({ offset: 3, length: 4 }), "3456")
    assert.strictEqual(await part({ offset: 9, length: 100 }), "9")
    assert.strictEqual(await part({ offset: 10, length: 1 }), "")
    assert.strictEqual(await part({ offset: 1_000 }), "")
  })

  it("F6 are refused with the code that Node has for it, its path, and what was tried", async () => {
    await using session = await caisson.session()
    const { files } = session
    await session.run("mkdir -p d/e; echo 1 > f; ln -s loop loop; ln -s /tools t", { language: "shell" })
    const before = await pathsIn(session, "/")
    const refusals: ReadonlyArray<readonly [string, Promise<unknown>]> = [
      ["ENOENT", files.read("none")],
      ["ENOENT", files.write("none/f", "")],
      ["ENOENT", files.remove("none", { recursive: true })],
      ["ENOENT", files.rename("none", "f")],
      ["EISDIR", files.read("d")],
      ["EISDIR", files.write("d", "")],
      ["ENOTDIR", files.list("f")],
      ["ENOTDIR", files.makeDirectory("f/d")],
      ["EEXIST", files.makeDirectory("f")],
      ["ENOTEMPTY", files.remove("d")],
      ["EINVAL", files.rename("d", "d/e/d")],
      ["EINVAL", files.read("f\0")],
      ["ELOOP", files.read("loop")],
      ["ENAMETOOLONG", files.write("n".repeat(256), "")],
      ["EACCES", files.read("../../f")],
      ["EACCES", files.write("t/f", "")],
      ["EACCES", files.remove("/tools", { recursive: true })]
    ]
    for (const [index, [code, promise]] of refusals.entries()) {
      assert.strictEqual(await codeOf(promise), code, `${index}`)
    }
    const error = (await rejection(files.write("none/f", ""))) as FileError
    assert.instanceOf(error, Error)
    assert.deepInclude(error, { path: "/workspace/none/f", operation: "open" })
    assert.strictEqual(error.message, "ENOENT: no such file or directory, open '/workspace/none/f'")
    assert.deepStrictEqual(await pathsIn(session, "/"), before)
  })

  it("F7 are refused beyond the quota, and then stay as they are", async () => {
    await using session = await caisson.session({ limits: { fileBytes: 100, fileEntries: 64 } })
    const { files } = session
    await files.write("f", "f".repeat(90))
    assert.strictEqual(await codeOf(files.write("g", "g".repeat(11))), "ENOSPC")
    assert.strictEqual(await codeOf(files.write("f", "f".repeat(11), { append: true })), "ENOSPC")
    assert.strictEqual((await files.stat("f")).bytes, 90)
    const many = Array.from({ length: 64 }, (_, index) => `d${index}`)
    assert.strictEqual(await codeOf(files.makeDirectory(many.join("/"))), "ENOSPC")
    assert.deepStrictEqual(await pathsIn(session), ["/workspace/f"])
    await files.remove("f")
    await files.write("g", "g".repeat(100))
  })

  it("are not asked for with what makes no sense", async () => {
    await using session = await caisson.session()
    const { files } = session
    const invalid = [
      files.read(undefined as never),
      files.read("f", { offset: -1 }),
      files.read("f", { length: 0.5 }),
      files.write("f", 7 as never),
      files.list("/", { recursive: "yes" as never })
    ]
    for (const promise of invalid) {
      const error = (await rejection(promise)) as Error & { readonly reason?: { readonly _tag: string } }
      assert.instanceOf(error, Error)
      assert.include(["InvalidOptions", undefined], error.reason?._tag)
    }
    assert.deepStrictEqual(await pathsIn(session), [])
  })

  it("are not waited for any longer once a signal says so", async () => {
    await using session = await caisson.session()
    const { files } = session
    const why = new Error("enough")
    const signal = AbortSignal.abort(why)
    const stopped = [
      files.read("f", { signal }),
      files.write("f", "", { signal }),
      files.list("/", { signal }),
      files.upload("d", new Uint8Array(1_024), { signal }),
      files.listArtifacts({ signal }),
      collect(files.download("/", { signal })),
      collect(files.watch("/", { signal }))
    ]
    for (const promise of stopped) assert.strictEqual(await rejection(promise), why)
    const controller = new AbortController()
    const endless = async function* () {
      yield new Uint8Array(512)
      controller.abort(why)
      await new Promise(() => {})
    }
    assert.strictEqual(await rejection(files.upload("d", endless(), { signal: controller.signal })), why)
    assert.deepStrictEqual(await pathsIn(session), [])
  })

  it("O4 are gone with the hold on them", async () => {
    const session = await caisson.session()
    const download = session.files.download("/")
    await session.release()
    assert.instanceOf(await rejection(session.files.list()), ReleasedError)
    assert.instanceOf(await rejection(collect(download)), ReleasedError)
  })

  it("F3 are there in a sandbox from one run to the next, and in no other one", async () => {
    await using one = await caisson.sandbox()
    await using other = await caisson.sandbox()
    await one.run("echo kept > f", { language: "shell" })
    assert.strictEqual(await one.files.readText("f"), "kept\n")
    assert.strictEqual(await codeOf(other.files.read("f")), "ENOENT")
  })
})

describe("archives of a session's files, with promises", () => {
  it("F1 go up whole or in pieces, and come down again", async () => {
    await using session = await caisson.session()
    const { files } = session
    const archive = await archiveOf(good)
    await files.upload("whole", archive)
    const pieces = async function* () {
      for (let start = 0; start < archive.length; start += 100) yield archive.subarray(start, start + 100)
    }
    await files.upload("/tmp/pieces", pieces())
    await files.upload("copy", files.download("/tmp/pieces"))
    for (const path of ["whole/good", "/tmp/pieces/good", "copy/good"]) {
      assert.strictEqual(await files.readText(path), "content")
    }
  })

  it("F6 are refused as a whole if anything in them leads outside", async () => {
    await using session = await caisson.session()
    for (const [what, reason, entry] of hostile) {
      const refused = session.files.upload("d", await archiveOf(good, entry))
      assert.strictEqual(await rejectedFor(refused, "ArchiveRejected"), reason, what)
    }
    const none = session.files.upload("d", new Uint8Array(1_024).fill(65))
    assert.strictEqual(await rejectedFor(none, "ArchiveRejected"), "NotAnArchive")
    assert.deepStrictEqual(await pathsIn(session, "/workspace"), [])
  })

  it("are refused with the error of where they come from", async () => {
    await using session = await caisson.session()
    const why = new RangeError("the line is dead")
    const broken = async function* () {
      yield (await archiveOf(good)).subarray(0, 512)
      throw why
    }
    assert.strictEqual(await rejection(session.files.upload("d", broken())), why)
    assert.deepStrictEqual(await pathsIn(session), [])
  })

  it("are of the same directory, whatever way it is named", async () => {
    await using session = await caisson.session()
    const { files } = session
    await session.run("mkdir -p d/e; echo 1 > d/e/f; ln -s d link", { language: "shell" })
    for (const [index, path] of ["d", "d/", "./d", "e/../d", "../workspace//d", "link", "link/"].entries()) {
      if (index === 3) await files.makeDirectory("e")
      await files.upload(`/tmp/${index}`, files.download(path))
      assert.deepStrictEqual(await pathsIn(session, `/tmp/${index}`), [`/tmp/${index}/e`, `/tmp/${index}/e/f`], path)
    }
  })

  it("of what is no directory, or not there, are refused", async () => {
    await using session = await caisson.session()
    await session.files.write("f", "")
    assert.strictEqual(await codeOf(collect(session.files.download("f"))), "ENOTDIR")
    assert.strictEqual(await codeOf(collect(session.files.download("none"))), "ENOENT")
  })
})

describe("watching a session's files", () => {
  it("tells of every change below a path, whoever makes it, and ends with the session", async () => {
    const session = await caisson.session()
    await session.files.write("before", "")
    const watched = session.files.watch()[Symbol.asyncIterator]()
    const first = watched.next()
    await session.files.write("/tmp/elsewhere", "")
    await session.files.write("host", "1")
    assert.deepStrictEqual((await first).value, { path: "/workspace/host", kind: "created" })
    await session.run("await fs.writeFile('guest', '2'); await fs.unlink('before')")
    await session.run("echo 3 >> host", { language: "shell" })
    const expected: ReadonlyArray<FileChange> = [
      { path: "/workspace/guest", kind: "created" },
      { path: "/workspace/before", kind: "removed" },
      { path: "/workspace/host", kind: "changed" }
    ]
    for (const change of expected) assert.deepStrictEqual((await watched.next()).value, change)
    const last = watched.next()
    await session.release()
    assert.isTrue((await last).done)
  })

  it("is of the same place, whatever way it is named", async () => {
    await using session = await caisson.session()
    const watched = ["d", "d/", "./d/.", "e/../d", "/workspace//d"].map(
      async (path) => (await session.files.watch(path)[Symbol.asyncIterator]().next()).value
    )
    await session.files.makeDirectory("d")
    for (const change of await Promise.all(watched)) {
      assert.deepStrictEqual<unknown>(change, { path: "/workspace/d", kind: "created" })
    }
  })

  it("can be left", async () => {
    await using session = await caisson.session()
    const changes = session.files.watch("/tmp")
    const first = (async () => {
      for await (const change of changes) return change
    })()
    await session.files.write("/tmp/a", "")
    assert.deepStrictEqual(await first, { path: "/tmp/a", kind: "created" })
    await session.files.write("/tmp/b", "")
    assert.deepStrictEqual(await pathsIn(session, "/tmp"), ["/tmp/a", "/tmp/b", "/tmp/outputs"])
  })
})

describe("artifacts of a session", () => {
  const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

  it("are what runs leave in /tmp/outputs, with their media types", async () => {
    await using session = await caisson.session()
    const { files } = session
    await session.run("mkdir -p /tmp/outputs/d; echo a,b > /tmp/outputs/d/table.csv; echo '{}' > /tmp/outputs/o.json", {
      language: "shell"
    })
    await files.write("/tmp/outputs/chart.png", png)
    await files.write("/tmp/outputs/nameless", png)
    await files.write("/tmp/outputs/note", "text")
    const listed = (await files.listArtifacts()).map(({ bytes, mediaType, name }) => [name, mediaType, bytes])
    assert.sameDeepMembers(listed, [
      ["chart.png", "image/png", 8],
      ["d/table.csv", "text/csv", 4],
      ["nameless", "image/png", 8],
      ["note", "text/plain; charset=utf-8", 4],
      ["o.json", "application/json", 3]
    ])
    for (const { modifiedAt, name, path } of await files.listArtifacts()) {
      assert.strictEqual(path, `/tmp/outputs/${name}`)
      assert.instanceOf(modifiedAt, Date)
    }
    assert.deepStrictEqual(await files.readArtifact("chart.png"), { bytes: png, mediaType: "image/png" })
    const { bytes, mediaType } = await files.readArtifact("d/table.csv")
    assert.deepStrictEqual([Buffer.from(bytes).toString(), mediaType], ["a,b\n", "text/csv"])
    assert.strictEqual(await codeOf(files.readArtifact("none")), "ENOENT")
    assert.strictEqual(await codeOf(files.readArtifact("d")), "EISDIR")
  })
})
