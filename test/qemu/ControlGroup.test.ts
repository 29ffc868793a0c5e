import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ControlGroup from "../../src/qemu/confinement/ControlGroup.ts"
import * as Template from "../../src/qemu/machine/Template.ts"
import { temporary } from "./directory.ts"
import { present, World } from "./world.ts"

const mountinfo = [
  "25 21 0:22 / /proc rw,nosuid - proc proc rw",
  "32 28 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct",
  "33 28 0:29 /outer /sys/fs/cgroup/with\\040room rw - cgroup cgroup rw,memory",
  "34 28 0:30 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw"
].join("\n")

describe("ControlGroup", () => {
  it("reads where groups are mounted, and which one this process is in", () => {
    assert.deepStrictEqual(
      ControlGroup.mountedIn(mountinfo).map(({ at, root, version }) => [version, root, at]),
      [
        [1, "/", "/sys/fs/cgroup/cpu"],
        [1, "/outer", "/sys/fs/cgroup/with room"],
        [2, "/", "/sys/fs/cgroup/unified"]
      ]
    )
    const own = "3:cpu,cpuacct:/a/b\n2:memory:/outer/c:d\n0::/user.slice\n"
    assert.strictEqual(ControlGroup.ownIn(own, "cpu"), "/a/b")
    assert.strictEqual(ControlGroup.ownIn(own, "memory"), "/outer/c:d")
    assert.strictEqual(ControlGroup.ownIn(own, undefined), "/user.slice")
    assert.strictEqual(ControlGroup.ownIn(own, "pids"), undefined)
  })

  it.live("sets the bounds of the second version, for all controllers in one group", () =>
    Effect.gen(function* () {
      const parent = yield* temporary
      const place = { version: 2, parent } as const
      const places = { memory: place, cpu: place, pids: place }
      assert.deepStrictEqual(ControlGroup.directoriesOf(places, "caisson-a"), [join(parent, "caisson-a")])
      // Directories of another file system have no files of the kernel's: none is made in their place.
      const bounds = { memoryBytes: 1, cpus: 2, processes: 3 }
      const { reason } = yield* Effect.flip(Effect.scoped(ControlGroup.make(places, "caisson-a", bounds)))
      assert.strictEqual(reason._tag, "StorageFailed")
      assert.isFalse(existsSync(join(parent, "caisson-a")))
      const group = join(parent, "caisson-b")
      mkdirSync(group)
      for (const file of ["memory.max", "memory.swap.max", "cpu.max", "pids.max"]) writeFileSync(join(group, file), "")
      ControlGroup.bound(places, "caisson-b", { memoryBytes: 4_096, cpus: 2, processes: 3 })
      const read = (file: string) => readFileSync(join(group, file), "utf8")
      assert.strictEqual(read("memory.max"), "4096")
      assert.strictEqual(read("memory.swap.max"), "0")
      assert.strictEqual(read("cpu.max"), "200000 100000")
      assert.strictEqual(read("pids.max"), "3")
    }).pipe(Effect.scoped)
  )
})

const read = (file: string) => readFileSync(file, "utf8").trim()

layer(World.layer, { timeout: "15 minutes", excludeTestServices: true })("groups of machines", (it) => {
  it.effect(
    "bound a machine by the kernel's own files, have all of its processes, and are gone with it",
    (context) =>
      Effect.gen(function* () {
        const { host, snapshot } = yield* present(context)
        const { groups } = host.means
        const found = yield* Effect.scoped(
          Effect.gen(function* () {
            const vm = yield* Template.clone(host, snapshot)
            const name = `${host.groupPrefix}-${vm.id}`
            const directories = ControlGroup.directoriesOf(groups, name)
            context.skip(directories.length === 0, "this host has no groups that could be made")
            for (const directory of directories) {
              assert.include(read(join(directory, "cgroup.procs")).split("\n"), String(vm.process.pid))
            }
            if (groups.memory.version === 1) {
              const limit = Number(read(join(groups.memory.parent, name, "memory.limit_in_bytes")))
              assert.strictEqual(limit, (256 + 256) * 1_048_576)
            }
            if (groups.cpu.version === 1) {
              assert.strictEqual(read(join(groups.cpu.parent, name, "cpu.cfs_quota_us")), "100000")
            }
            if (groups.memory.version === 2) {
              assert.strictEqual(Number(read(join(groups.memory.parent, name, "memory.max"))), (256 + 256) * 1_048_576)
            }
            if (groups.cpu.version === 2) {
              assert.strictEqual(read(join(groups.cpu.parent, name, "cpu.max")), "100000 100000")
            }
            if (groups.pids.version !== undefined) {
              assert.strictEqual(read(join(groups.pids.parent, name, "pids.max")), "128")
            }
            const absent = vm.measures.flatMap((measure) => (measure.isInForce ? [] : [measure.measure]))
            assert.strictEqual(groups.memory.version === undefined, absent.includes("memoryGroup"))
            assert.strictEqual(groups.cpu.version === undefined, absent.includes("processorGroup"))
            assert.strictEqual(groups.pids.version === undefined, absent.includes("processesGroup"))
            return directories
          })
        )
        for (const directory of found) assert.isFalse(existsSync(directory))
      }),
    120_000
  )
})
