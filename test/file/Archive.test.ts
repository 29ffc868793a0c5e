import { execFileSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as Tar from "effect/encoding/Tar"
import * as Archive from "../../src/file/Archive.ts"
import type { PutEntry } from "../../src/file/FileOperation.ts"
import * as Quota from "../../src/file/Quota.ts"
import { bytes } from "./trees.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "caisson-archive-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const unpack = (archive: Uint8Array, quota = Quota.defaults) =>
  Archive.unpack(Stream.make(archive), "/workspace/up", quota)

const archiveOf = (...entries: ReadonlyArray<Tar.Entry>) =>
  Stream.fromIterable(entries).pipe(
    Stream.pipeThroughChannelOrFail(Tar.encode<never, unknown, Tar.Entry>()),
    Stream.runCollect,
    Effect.map((pieces) => Buffer.concat(pieces))
  )

const reasonOf = (entries: ReadonlyArray<Tar.Entry>, quota = Quota.defaults) =>
  archiveOf(...entries).pipe(
    Effect.flatMap((archive) => unpack(archive, quota)),
    Effect.flip,
    Effect.map((error) => (error._tag === "ArchiveRejected" ? error.reason : error))
  )

const long = "n".repeat(150)
const entries: ReadonlyArray<PutEntry> = [
  { kind: "directory", path: "/workspace/up/d", mode: 0o755 },
  { kind: "file", path: "/workspace/up/d/a", bytes: bytes("hello"), mode: 0o750, modifiedMillis: 1_700_000_000_000 },
  {
    kind: "file",
    path: `/workspace/up/d/${long}`,
    bytes: new Uint8Array(100_000).fill(7),
    mode: 0o644,
    modifiedMillis: 0
  },
  { kind: "file", path: "/workspace/up/é", bytes: bytes(""), mode: 0o644, modifiedMillis: 0 },
  { kind: "symlink", path: "/workspace/up/l", target: "d/a" }
]

describe("archives", () => {
  it.effect("come back as what was packed", () =>
    Effect.gen(function* () {
      const pieces = yield* Stream.runCollect(Archive.pack(entries, "/workspace/up"))
      assert.deepStrictEqual(yield* unpack(Buffer.concat(pieces)), entries)
    })
  )

  it.effect("are read by tar", () =>
    Effect.gen(function* () {
      const pieces = yield* Stream.runCollect(Archive.pack(entries, "/workspace/up"))
      const path = yield* folder
      execFileSync("tar", ["-x", "-C", path], { input: Buffer.concat(pieces) })
      assert.strictEqual(readFileSync(join(path, "l"), "utf8"), "hello")
      assert.strictEqual(readlinkSync(join(path, "l")), "d/a")
      assert.strictEqual(statSync(join(path, "d/a")).mode & 0o777, 0o750)
      assert.strictEqual(statSync(join(path, "d/a")).mtimeMs, 1_700_000_000_000)
      assert.strictEqual(statSync(join(path, "d", long)).size, 100_000)
      assert.strictEqual(statSync(join(path, "é")).size, 0)
    })
  )

  it.effect.each(["gnu", "pax", "ustar"])("of tar in the format %s are read", (format) =>
    Effect.gen(function* () {
      const path = yield* folder
      mkdirSync(join(path, "d"))
      writeFileSync(join(path, "d", "a"), "hello", { mode: 0o640 })
      writeFileSync(join(path, "d", "z".repeat(90)), Buffer.alloc(70_000, 1))
      symlinkSync("../d/a", join(path, "d", "l"))
      const archive = execFileSync("tar", ["-c", "--sort=name", `--format=${format}`, "-C", path, "."])
      const read = yield* unpack(archive)
      assert.deepStrictEqual(
        read.map((entry) => [entry.kind, entry.path]),
        [
          ["directory", "/workspace/up/d"],
          ["file", "/workspace/up/d/a"],
          ["symlink", "/workspace/up/d/l"],
          ["file", `/workspace/up/d/${"z".repeat(90)}`]
        ]
      )
      assert.deepInclude(read[1], { kind: "file", bytes: bytes("hello"), mode: 0o640 })
      assert.deepInclude(read[2], { kind: "symlink", target: "../d/a" })
    })
  )

  it.effect("F6 with names that lead outside are refused", () =>
    Effect.gen(function* () {
      const { body, header } = Tar.file("x", "1")
      for (const path of ["/etc/passwd", "../a", "d/../../a", "d/..", "n".repeat(300), "."]) {
        assert.strictEqual(yield* reasonOf([{ body, header: { ...header, path } }]), "UnsafeName", path)
      }
    })
  )

  it.effect("F6 with links that lead outside are refused, directly and through each other", () =>
    Effect.gen(function* () {
      for (const target of ["/etc/passwd", "..", "../..", "../../a", "a/../../..", "x/..", ""]) {
        assert.strictEqual(yield* reasonOf([Tar.directory("d"), Tar.symlink("l", target)]), "UnsafeLink", target)
      }
      const [up, through] = [Tar.symlink("x/y/up", "../.."), Tar.symlink("x/y/up/out", "..")]
      assert.strictEqual(yield* reasonOf([up, through]), "UnsafeName")
      assert.strictEqual(yield* reasonOf([Tar.symlink("l", "d"), Tar.file("l/a", "1")]), "UnsafeName")
      assert.strictEqual(yield* reasonOf([Tar.hardlink("l", "../a")]), "UnsafeLink")
      assert.strictEqual(yield* reasonOf([Tar.hardlink("l", "missing")]), "UnsafeLink")
    })
  )

  it.effect("hard links become files", () =>
    Effect.gen(function* () {
      const read = yield* unpack(yield* archiveOf(Tar.file("a", "1"), Tar.hardlink("b", "a")))
      assert.deepInclude(read[1], { kind: "file", path: "/workspace/up/b", bytes: bytes("1") })
    })
  )

  it.effect("with devices are refused", () =>
    Effect.gen(function* () {
      const { body, header } = Tar.file("null", "")
      for (const type of ["CharDevice", "BlockDevice", "Fifo"] as const) {
        assert.strictEqual(yield* reasonOf([{ body, header: { ...header, type, typeflag: "" } }]), "Unsupported")
      }
    })
  )

  it.effect("F7 beyond the quota are refused", () =>
    Effect.gen(function* () {
      const quota = { bytes: 10, entries: 64 }
      assert.strictEqual(yield* reasonOf([Tar.file("a", "12345678"), Tar.file("b", "123")], quota), "TooLarge")
      assert.strictEqual(yield* reasonOf([Tar.file("a", "123456"), Tar.hardlink("b", "a")], quota), "TooLarge")
      const many = Array.from({ length: 65 }, (_, index) => Tar.directory(`${index}`))
      assert.strictEqual(yield* reasonOf(many, quota), "TooLarge")
      const endless = Stream.forever(Stream.succeed(new Uint8Array(65_536)))
      const error = yield* Effect.flip(Archive.unpack(endless, "/workspace", quota))
      assert.strictEqual(error.reason, "TooLarge")
    })
  )

  it.effect("that are cut off or none are refused", () =>
    Effect.gen(function* () {
      const archive = yield* archiveOf(Tar.file("a", "1".repeat(2_000)))
      const cut = yield* Effect.flip(unpack(archive.subarray(0, 1_000)))
      const none = yield* Effect.flip(unpack(new Uint8Array(1_024).fill(65)))
      assert.deepStrictEqual([cut.reason, none.reason], ["NotAnArchive", "NotAnArchive"])
    })
  )
})
