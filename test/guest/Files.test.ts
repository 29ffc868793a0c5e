import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { FileError } from "../../src/file/FileError.ts"
import type { FileOperation } from "../../src/file/FileOperation.ts"
import type { AgentError } from "../../src/guest/AgentError.ts"
import * as GuestFiles from "../../src/guest/GuestFiles.ts"
import { agent, needsGo, run, textOf } from "./guest.ts"

const codeOf = <A, R>(effect: Effect.Effect<A, FileError | AgentError, R>) =>
  Effect.map(Effect.flip(effect), (error) => (error._tag === "FileError" ? error.code : error.message))

const text = (value: string): Uint8Array => Buffer.from(value)

/** An agent, and a function that names files as they are outside. */
const start = Effect.gen(function* () {
  const machine = yield* agent()
  const outside = (path: string) => join(machine.guest.files, path)
  mkdirSync(outside("workspace"))
  chmodSync(outside("workspace"), 0o777)
  return { machine, outside }
})

describe("the files of a guest", () => {
  it.live("F1 are written, read, listed, renamed and removed", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine } = yield* start
      const perform = (operation: FileOperation) => GuestFiles.perform(machine, operation)
      yield* perform({ _tag: "MakeDirectory", path: "/workspace/d/e" })
      yield* perform({ _tag: "Write", path: "/workspace/d/a", bytes: text("one") })
      yield* perform({ _tag: "Write", path: "/workspace/d/a", bytes: text(" two"), append: true })
      yield* perform({ _tag: "Rename", from: "/workspace/d/a", to: "/workspace/d/e/b" })
      const read = yield* perform({ _tag: "Read", path: "/workspace/d/e/b", offset: 2, length: 3 })
      assert.deepStrictEqual(read, { _tag: "Bytes", bytes: new Uint8Array(text("e t")) })
      const listed = yield* perform({ _tag: "List", path: "/workspace", recursive: true })
      assert.deepStrictEqual(listed._tag === "Entries" && listed.entries.map(({ kind, path }) => [path, kind]), [
        ["/workspace/d", "directory"],
        ["/workspace/d/e", "directory"],
        ["/workspace/d/e/b", "file"]
      ])
      yield* perform({ _tag: "Remove", path: "/workspace/d", recursive: true })
      assert.strictEqual(yield* codeOf(perform({ _tag: "Stat", path: "/workspace/d" })), "ENOENT")
    })
  )

  it.live("F6 are none where a path has a NUL, or ends in a slash", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      const perform = (operation: FileOperation) => GuestFiles.perform(machine, operation)
      yield* perform({ _tag: "Write", path: "/workspace/a", bytes: text("a") })
      const refused = (operation: FileOperation) => Effect.map(Effect.flip(perform(operation)), String)
      for (const [operation, said] of [
        [{ _tag: "Write", path: "/workspace/b/", bytes: text("b") }, /EISDIR: .*, write '\/workspace\/b\/'/],
        [{ _tag: "Rename", from: "/workspace/a", to: "/workspace/b/" }, /ENOTDIR: .* '\/workspace\/a\/'/],
        [{ _tag: "Remove", path: "/workspace/a/" }, /ENOTDIR: .* '\/workspace\/a\/'/],
        [{ _tag: "Write", path: "/workspace/a\0b", bytes: text("b") }, /EINVAL: .*no NUL, write '\/workspace\/a\0b'/]
      ] as const) {
        assert.match(yield* refused(operation), said)
      }
      assert.deepStrictEqual(readdirSync(outside("workspace")), ["a"])
      yield* perform({ _tag: "MakeDirectory", path: "/workspace/d/" })
      yield* perform({ _tag: "Rename", from: "/workspace/d/", to: "/workspace/e/" })
      yield* perform({ _tag: "Remove", path: "/workspace/e/" })
    })
  )

  it.live("F4 are those that programs see, and belong to them", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      yield* machine.write("/workspace/a", text("1"))
      const { exit, output } = yield* run(machine, "1", `cd ${outside("workspace")}; cat a; echo 2 >a; echo 3 >b`)
      assert.strictEqual(exit.code, 0)
      assert.strictEqual(output, "1")
      assert.strictEqual(yield* textOf(machine.read("/workspace/a")), "2\n")
      assert.strictEqual(yield* textOf(machine.read("/workspace/b")), "3\n")
    })
  )

  it.live("belong to programs when they begin with what is written behind them", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      yield* machine.write("/workspace/a", text("1"), { isAppended: true })
      yield* machine.write("/workspace/b", text("1"), { isAppended: true, mode: 0o600 })
      const { exit, output } = yield* run(machine, "1", `cd ${outside("workspace")}; echo 2 >>a; echo 2 >>b; cat a b`)
      assert.strictEqual(exit.code, 0)
      assert.strictEqual(output, "12\n12\n")
      assert.strictEqual(statSync(outside("workspace/b")).mode & 0o777, 0o600)
    })
  )

  it.live("say what is wrong as a kernel does", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      writeFileSync(outside("file"), "")
      const read = (path: string) => Stream.runDrain(machine.read(path))
      assert.strictEqual(yield* codeOf(read("/none")), "ENOENT")
      assert.strictEqual(yield* codeOf(read("/workspace")), "EISDIR")
      assert.strictEqual(yield* codeOf(read("/file/x")), "ENOTDIR")
      assert.strictEqual(yield* codeOf(read(`/${"x".repeat(256)}`)), "ENAMETOOLONG")
      assert.strictEqual(yield* codeOf(machine.write("/none/x", text("x"))), "ENOENT")
      assert.strictEqual(yield* codeOf(machine.write("/workspace", text("x"))), "EISDIR")
      assert.strictEqual(yield* codeOf(machine.makeDirectory("/file")), "ENOTDIR")
      assert.strictEqual(yield* codeOf(machine.remove("/")), "EINVAL")
      assert.strictEqual(yield* codeOf(machine.list("/file").pipe(Stream.runDrain)), "ENOTDIR")
      mkdirSync(outside("full/of"), { recursive: true })
      assert.strictEqual(yield* codeOf(machine.remove("/full")), "ENOTEMPTY")
      assert.strictEqual(yield* codeOf(machine.rename("/none", "/some")), "ENOENT")
      symlinkSync("loop", outside("loop"))
      assert.strictEqual(yield* codeOf(read("/loop")), "ELOOP")
      assert.strictEqual(yield* codeOf(machine.write("/loop", text("x"))), "ELOOP")
      const error = yield* Effect.flip(machine.remove("/full"))
      assert.strictEqual(error.message, "ENOTEMPTY: remove full: directory not empty, remove '/full'")
    })
  )

  it.live("F6 are never outside of their root, whatever leads there", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      const secret = join(machine.guest.files, "..", "secret")
      writeFileSync(secret, "secret")
      symlinkSync(secret, outside("absolute"))
      symlinkSync("../secret", outside("relative"))
      symlinkSync("..", outside("up"))
      for (const path of ["../secret", "/../secret", "/workspace/../../secret", "absolute", "relative", "up/secret"]) {
        assert.strictEqual(yield* codeOf(Stream.runDrain(machine.read(path))), "ENOENT", path)
      }
      yield* machine.write("/../written", text("inside"))
      assert.isTrue(existsSync(outside("written")))
      yield* machine.write("up/inside", text("inside"))
      assert.isTrue(existsSync(outside("inside")))
      yield* machine.remove("up")
      assert.strictEqual(readFileSync(secret, "utf8"), "secret")
    })
  )

  it.live("are written through symbolic links, and keep their mode", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      writeFileSync(outside("workspace/target"), "old", { mode: 0o600 })
      symlinkSync("/workspace/target", outside("link"))
      yield* machine.write("/link", text("new"))
      assert.strictEqual(readFileSync(outside("workspace/target"), "utf8"), "new")
      assert.strictEqual(statSync(outside("workspace/target")).mode & 0o777, 0o600)
      yield* machine.write("/link", text("er"), { isAppended: true })
      assert.strictEqual(yield* textOf(machine.read("link")), "newer")
    })
  )

  it.live("stay as they are when what should replace them breaks off", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      writeFileSync(outside("workspace/a"), "old")
      const watch = yield* machine.watch("/workspace")
      const half = Stream.concat(Stream.make(text("half")), Stream.fail("broken off"))
      assert.strictEqual(yield* Effect.flip(machine.write("/workspace/a", half)), "broken off")
      // The agent clears up when it hears of it, which is before it is asked.
      yield* machine.stat("/workspace/a")
      assert.deepStrictEqual(yield* watch.changes, [])
      assert.strictEqual(readFileSync(outside("workspace/a"), "utf8"), "old")
      assert.deepStrictEqual(readdirSync(outside("workspace")), ["a"])
    })
  )

  it.live("are moved as directories in both directions", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      const perform = (operation: FileOperation) => GuestFiles.perform(machine, operation)
      const bytes = new Uint8Array(300_000).map((_, index) => index)
      yield* perform({
        _tag: "Put",
        entries: [
          { kind: "directory", path: "/workspace/p/empty", mode: 0o750 },
          { kind: "file", path: "/workspace/p/q/large", bytes, mode: 0o755, modifiedMillis: 1_000_000_000_000 },
          { kind: "symlink", path: "/workspace/p/link", target: "q/large" }
        ]
      })
      assert.strictEqual(statSync(outside("workspace/p/q/large")).mtimeMs, 1_000_000_000_000)
      assert.deepStrictEqual(new Uint8Array(readFileSync(outside("workspace/p/link"))), bytes)
      const got = yield* perform({ _tag: "Get", path: "/workspace/p" })
      assert.deepStrictEqual(got._tag === "Tree" && got.entries.map(({ kind, path }) => [path, kind]), [
        ["/workspace/p/empty", "directory"],
        ["/workspace/p/link", "symlink"],
        ["/workspace/p/q", "directory"],
        ["/workspace/p/q/large", "file"]
      ])
      const large = got._tag === "Tree" ? got.entries.at(-1) : undefined
      assert.deepInclude(large, { bytes, mode: 0o755, modifiedMillis: 1_000_000_000_000 })
    })
  )

  it.live("S-15 tell of artifacts, if there are any", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine } = yield* start
      const artifacts = GuestFiles.perform(machine, { _tag: "Artifacts" })
      assert.deepStrictEqual(yield* artifacts, { _tag: "Entries", entries: [] })
      yield* machine.makeDirectory("/tmp/outputs/deep")
      yield* machine.write("/tmp/outputs/deep/plot.png", text("png"))
      const found = yield* artifacts
      assert.deepStrictEqual(found._tag === "Entries" && found.entries.map(({ path }) => path), [
        "/tmp/outputs/deep/plot.png"
      ])
    })
  )

  it.live("refuse an archive that is none, and one whose entries are no files", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine } = yield* start
      const garbage = Stream.make(new Uint8Array(2_000).fill(7))
      assert.strictEqual(yield* codeOf(machine.put("/workspace", garbage)), "EINVAL")
    })
  )

  it.live("are watched from the moment that the watch is there", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      mkdirSync(outside("workspace/d"))
      writeFileSync(outside("workspace/old"), "1")
      const watch = yield* machine.watch("/workspace", true)
      writeFileSync(outside("workspace/d/a"), "1")
      mkdirSync(outside("workspace/n/m"), { recursive: true })
      writeFileSync(outside("workspace/n/m/b"), "2")
      writeFileSync(outside("workspace/old"), "2")
      writeFileSync(outside("workspace/short"), "1")
      rmSync(outside("workspace/short"))
      assert.sameDeepMembers(
        [...(yield* watch.changes)],
        [
          { path: "/workspace/d/a", kind: "created" },
          { path: "/workspace/n", kind: "created" },
          { path: "/workspace/n/m", kind: "created" },
          { path: "/workspace/n/m/b", kind: "created" },
          { path: "/workspace/old", kind: "changed" }
        ]
      )
      assert.deepStrictEqual(yield* watch.changes, [])
      yield* machine.write("/workspace/by-host", text("1"))
      rmSync(outside("workspace/d"), { recursive: true })
      assert.sameDeepMembers(
        [...(yield* watch.changes)],
        [
          { path: "/workspace/by-host", kind: "created" },
          { path: "/workspace/d/a", kind: "removed" },
          { path: "/workspace/d", kind: "removed" }
        ]
      )
    })
  )

  it.live("are told of as one change when there are too many", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      const watch = yield* machine.watch("/workspace", true)
      for (let index = 0; index <= 1_000; index++) writeFileSync(outside(`workspace/${index}`), "")
      assert.deepStrictEqual(yield* watch.changes, [{ path: "/", kind: "changed" }])
    })
  )

  it.live("are told of as one, each time, where they are too deep or too many to be looked through", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      const everything = [{ path: "/workspace", kind: "changed" }] as const
      mkdirSync(outside("workspace/many"))
      for (let index = 0; index < 8_200; index++) mkdirSync(outside(`workspace/many/${index}`))
      const many = yield* machine.watch("/workspace", true)
      assert.deepStrictEqual(yield* many.changes, everything)
      assert.deepStrictEqual(yield* many.changes, everything)
      rmSync(outside("workspace/many"), { recursive: true })
      const deep = yield* machine.watch("/workspace", true)
      assert.deepStrictEqual(yield* deep.changes, [])
      mkdirSync(outside(`workspace/${"d/".repeat(1_000)}`), { recursive: true })
      assert.include(
        (yield* deep.changes).map(({ path }) => path),
        "/workspace/d/d/d"
      )
      assert.deepStrictEqual(yield* deep.changes, everything)
    })
  )

  it.live("are shown and told of only where their names are texts", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine, outside } = yield* start
      const watch = yield* machine.watch("/workspace", true)
      const odd = (name: string) => Buffer.concat([Buffer.from(outside("workspace/")), Buffer.from(name, "latin1")])
      writeFileSync(odd("\xff\xfe"), "1")
      mkdirSync(odd("d\xff"))
      writeFileSync(odd("d\xff/inside"), "1")
      symlinkSync(Buffer.from("\xff", "latin1"), outside("workspace/link"))
      writeFileSync(outside("workspace/plain"), "1")
      assert.deepInclude(yield* watch.changes, { path: "/workspace", kind: "changed" })
      const names = (entries: ReadonlyArray<{ readonly path: string }>) => entries.map(({ path }) => path)
      const shown = ["/workspace/link", "/workspace/plain"]
      assert.deepStrictEqual(names(yield* Stream.runCollect(machine.list("/workspace", true))), shown)
      assert.isAbove((yield* Stream.runCollect(machine.get("/workspace"))).length, 0)
    })
  )

  it.live("are no views of the kernel", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent(["--root", "/"])
      for (const path of ["/proc/version", "/proc/sys/kernel/ostype", "/sys/kernel/uevent_seqnum"]) {
        assert.strictEqual(yield* codeOf(Stream.runDrain(machine.read(path))), "EACCES")
        assert.strictEqual(yield* codeOf(machine.write(path, text("1"), { isAppended: true })), "EACCES")
        assert.strictEqual(yield* codeOf(machine.write(path, text("1"))), "EACCES")
        assert.strictEqual(yield* codeOf(machine.makeDirectory(`${path}-of-the-guest`)), "EACCES")
      }
      assert.notInclude(yield* textOf(machine.get("/proc/sys/kernel/random")), "boot_id")
    })
  )

  it.live("cannot be watched where there is nothing", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { machine } = yield* start
      assert.strictEqual(yield* codeOf(machine.watch("/none")), "ENOENT")
    })
  )
})
