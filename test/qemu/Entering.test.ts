import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as ControlGroup from "../../src/qemu/confinement/ControlGroup.ts"
import * as Entering from "../../src/qemu/confinement/Entering.ts"
import { temporary } from "./directory.ts"

const limits: Entering.Limits = { descriptors: 64, fileBytes: 1_000_000, processes: undefined }
const lacking = { version: undefined, why: "none here" } as const

const read = (file: string) => readFileSync(file, "utf8").trim()

describe("a command that is entered", () => {
  // What /bin/sh is differs from one distribution to another.
  const shells = ["/bin/sh", "/bin/dash", "/bin/bash", "/bin/busybox"].filter(existsSync)

  const run = (
    command: ReadonlyArray<string>,
    given: Partial<Entering.Limits>,
    entrances: ReadonlyArray<string> = []
  ) =>
    shells.map((shell) => {
      const [, ...before] = Entering.prefix({ ...limits, ...given }, entrances)
      const as = shell.endsWith("busybox") ? ["sh"] : shell.endsWith("bash") ? ["--posix"] : []
      return spawnSync(shell, [...as, ...before, ...command], { encoding: "utf8" })
    })

  it("has its limits, in whatever shell", () => {
    for (const { status, stdout } of run(["/bin/cat", "/proc/self/limits"], { processes: 4_000 })) {
      assert.strictEqual(status, 0)
      assert.match(stdout, /^Max open files +64 +64 /m)
      assert.match(stdout, /^Max file size +1000448 +1000448 /m)
      assert.match(stdout, /^Max core file size +0 +0 /m)
      assert.match(stdout, /^Max processes +4000 +4000 /m)
    }
  })

  it("keeps the bound of processes that it has where its user is not its own", () => {
    const [before = ""] = /^Max processes.*$/m.exec(read("/proc/self/limits")) ?? []
    for (const { stdout } of run(["/bin/cat", "/proc/self/limits"], {})) assert.include(stdout, before)
  })

  it("is not started where a limit cannot be set", () => {
    for (const { status, stdout } of run(["/bin/echo", "out"], { descriptors: Number.MAX_SAFE_INTEGER })) {
      assert.notStrictEqual(status, 0)
      assert.strictEqual(stdout, "")
    }
  })

  it.live("puts itself into groups, by one thread or as a process, and becomes what it was asked to be", () =>
    Effect.gen(function* () {
      const parent = yield* temporary
      const places = { memory: { version: 1, parent }, cpu: { version: 2, parent }, pids: lacking } as const
      mkdirSync(join(parent, "caisson-a"))
      const entrances = ControlGroup.entrancesOf(places, "caisson-a")
      for (const { status, stdout } of run(["/bin/echo", "one two", "--", "$1"], {}, entrances)) {
        assert.deepStrictEqual([status, stdout], [0, "one two -- $1\n"])
        assert.strictEqual(read(join(parent, "caisson-a", "tasks")), "0")
        assert.strictEqual(read(join(parent, "caisson-a", "cgroup.procs")), "0")
      }
    }).pipe(Effect.scoped)
  )

  it.live("becomes nothing without its group", () =>
    Effect.gen(function* () {
      const parent = yield* temporary
      const places = { memory: { version: 2, parent }, cpu: lacking, pids: lacking } as const
      const entrances = ControlGroup.entrancesOf(places, "gone")
      for (const { status, stderr, stdout } of run(["/bin/echo", "out"], {}, entrances)) {
        assert.notStrictEqual(status, 0)
        assert.strictEqual(stdout, "")
        assert.include(stderr, "gone")
      }
    }).pipe(Effect.scoped)
  )
})
