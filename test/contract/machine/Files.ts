import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { FileError } from "../../../src/file/FileError.ts"
import type { FileOperation, ResultOf } from "../../../src/file/FileOperation.ts"
import { defaults } from "../../../src/machine/Limits.ts"
import type { MachineError, SnapshotMachine } from "../../../src/machine/Machine.ts"
import type { Programs } from "./Programs.ts"
import { boot, epoch, expectTag, type It, program, restore } from "./Steps.ts"
import type { Traits } from "./Traits.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const does = <Operation extends FileOperation>(machine: SnapshotMachine, operation: Operation) =>
  Effect.map(machine.files(operation, epoch), ({ result }) => result as ResultOf<Operation>)

const write = (machine: SnapshotMachine, path: string, text: string) =>
  machine.files({ _tag: "Write", path, bytes: bytes(text) }, epoch)

const read = (machine: SnapshotMachine, path: string) =>
  Effect.map(does(machine, { _tag: "Read", path }), (result) => new TextDecoder().decode(result.bytes))

const list = (machine: SnapshotMachine, path: string) =>
  Effect.map(does(machine, { _tag: "List", path }), ({ entries }) => entries.map((entry) => entry.path))

const codeOf = <R>(operation: Effect.Effect<unknown, FileError | MachineError, R>) =>
  Effect.map(Effect.flip(operation), (error) => (error._tag === "FileError" ? error.code : error.reason._tag))

export const files = (it: It, programs: Programs, { hasQuota, hasVirtualTimes, namesFiles }: Traits) => {
  it.effect("F1 what the host writes can be read, listed, looked at, moved and removed", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      assert.deepStrictEqual((yield* write(machine, "/workspace/a.txt", "één")).changes, [
        { path: "/workspace/a.txt", kind: "created" }
      ])
      yield* machine.files({ _tag: "Write", path: "/workspace/a.txt", bytes: bytes(" twee"), append: true }, epoch)
      assert.strictEqual(yield* read(machine, "/workspace/a.txt"), "één twee")
      yield* machine.files({ _tag: "MakeDirectory", path: "/workspace/b/c" }, epoch)
      yield* machine.files({ _tag: "Rename", from: "/workspace/a.txt", to: "/workspace/b/c/d.txt" }, epoch)
      assert.deepStrictEqual(yield* list(machine, "/workspace"), ["/workspace/b"])
      const { entry } = yield* does(machine, { _tag: "Stat", path: "/workspace/b/c/d.txt" })
      assert.deepInclude(entry, { kind: "file", bytes: 10 })
      if (hasVirtualTimes) assert.strictEqual(entry.modifiedMillis, epoch)
      const part = yield* does(machine, { _tag: "Read", path: "/workspace/b/c/d.txt", offset: 6, length: 4 })
      assert.strictEqual(new TextDecoder().decode(part.bytes), "twee")
      yield* machine.files({ _tag: "Remove", path: "/workspace/b", recursive: true }, epoch)
      assert.deepStrictEqual(yield* list(machine, "/workspace"), [])
    })
  )

  it.effect("F6 what cannot be done fails with its code, and changes nothing", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* write(machine, "/workspace/a", "a")
      const wrong: ReadonlyArray<readonly [string, FileOperation]> = [
        ["ENOENT", { _tag: "Read", path: "/workspace/none" }],
        ["EISDIR", { _tag: "Read", path: "/workspace" }],
        ["ENOTDIR", { _tag: "List", path: "/workspace/a" }],
        ["ENOENT", { _tag: "Write", path: "/none/a", bytes: bytes("") }],
        ["ENOENT", { _tag: "Remove", path: "/workspace/none" }],
        ["EINVAL", { _tag: "Read", path: "/workspace/a\0" }],
        ["EACCES", { _tag: "Read", path: "/workspace/../../a" }],
        ["ENAMETOOLONG", { _tag: "Read", path: `/${"x".repeat(256)}` }]
      ]
      for (const [code, operation] of wrong) {
        assert.strictEqual(yield* codeOf(machine.files(operation, epoch)), code, JSON.stringify(operation))
      }
      assert.deepStrictEqual(yield* list(machine, "/workspace"), ["/workspace/a"])
    })
  )

  it.effect("F7 a quota is kept, to the byte and to the entry, and saying so changes nothing", ({ skip }) =>
    Effect.gen(function* () {
      if (!hasQuota) return skip("files of this tier are bounded by its disk")
      const machine = yield* boot({ limits: { ...defaults, fileBytes: 10, fileEntries: 64 } })
      yield* write(machine, "/workspace/a", "0123456789")
      assert.strictEqual(yield* codeOf(write(machine, "/workspace/b", "x")), "ENOSPC")
      yield* write(machine, "/workspace/a", "01234")
      yield* write(machine, "/workspace/b", "56789")
      const entries = Array.from({ length: 64 }, (_, index) => ({
        kind: "directory" as const,
        path: `/workspace/d${index}`
      }))
      assert.strictEqual(yield* codeOf(machine.files({ _tag: "Put", entries }, epoch)), "ENOSPC")
      assert.deepStrictEqual(yield* list(machine, "/workspace"), ["/workspace/a", "/workspace/b"])
    })
  )

  it.effect("F3 files outlive runs, and no other machine has them", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* write(machine, "/workspace/kept", "kept")
      expectTag(yield* machine.start(program(programs.remember)), "Completed")
      assert.strictEqual(yield* read(machine, "/workspace/kept"), "kept")
      assert.deepStrictEqual(yield* list(yield* boot(), "/workspace"), [])
    })
  )

  it.effect("F8 files are in a snapshot, large ones by their name, and copies go their own ways", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const large = "0123456789abcdef".repeat(40_000)
      yield* write(machine, "/workspace/large", large)
      yield* write(machine, "/workspace/small", "small")
      const snapshot = yield* machine.snapshot
      assert.isBelow(snapshot.bytes.length, 32_768)
      const contentBytes = [...snapshot.contents.values()].reduce((sum, { length }) => sum + length, 0)
      if (namesFiles) assert.strictEqual(contentBytes, large.length)
      const copy = yield* restore(snapshot)
      yield* write(copy, "/workspace/small", "copy")
      yield* machine.files({ _tag: "Remove", path: "/workspace/large" }, epoch)
      assert.deepStrictEqual(
        [yield* read(machine, "/workspace/small"), yield* read(copy, "/workspace/small")],
        ["small", "copy"]
      )
      assert.strictEqual(yield* read(copy, "/workspace/large"), large)
      if (!namesFiles) return
      assert.strictEqual((yield* machine.snapshot).contents.size, 0)
      assert.strictEqual((yield* copy.snapshot).contents.size, snapshot.contents.size)
    })
  )

  it.effect("F8 a snapshot whose contents are not all there is rejected", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      yield* write(machine, "/workspace/large", "x".repeat(10_000))
      const { bytes } = yield* machine.snapshot
      const outcome = yield* Effect.flip(Effect.scoped(restore({ bytes, contents: new Map() })))
      assert.strictEqual(outcome.reason._tag, "SnapshotRejected")
    })
  )

  it.effect("F8 a snapshot that was expected has what the host wrote after it", () =>
    Effect.gen(function* () {
      const machine = yield* boot({ expected: { ends: true, calls: [] } })
      expectTag(yield* machine.start(program(programs.remember)), "Completed")
      yield* write(machine, "/workspace/late", "late")
      assert.strictEqual(yield* read(yield* restore(yield* machine.snapshot), "/workspace/late"), "late")
    })
  )

  it.effect("a directory is given as it was put, and artifacts are what is below /tmp/outputs", () =>
    Effect.gen(function* () {
      const machine = yield* boot()
      const entries = [
        { kind: "directory", path: "/tmp/outputs/plots" },
        { kind: "file", path: "/tmp/outputs/plots/a.svg", bytes: bytes("<svg/>") },
        { kind: "symlink", path: "/tmp/outputs/latest", target: "plots/a.svg" }
      ] as const
      yield* machine.files({ _tag: "Put", entries }, epoch)
      const { entries: artifacts } = yield* does(machine, { _tag: "Artifacts" })
      assert.deepStrictEqual(
        artifacts.map(({ path }) => path),
        ["/tmp/outputs/plots/a.svg"]
      )
      const given = yield* does(machine, { _tag: "Get", path: "/tmp/outputs" })
      assert.deepStrictEqual(given.entries.map(({ kind, path }) => ({ kind, path })).sort(byPath), [
        { kind: "symlink", path: "/tmp/outputs/latest" },
        { kind: "directory", path: "/tmp/outputs/plots" },
        { kind: "file", path: "/tmp/outputs/plots/a.svg" }
      ])
    })
  )
}

const byPath = (left: { readonly path: string }, right: { readonly path: string }) => (left.path < right.path ? -1 : 1)
