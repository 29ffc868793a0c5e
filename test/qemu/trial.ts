/** QEMU, as a hypervisor like others. */
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Context, Effect, Layer } from "effect"
import { Hypervisor } from "../../src/microvm/Hypervisor.ts"
import { chainOf } from "../../src/qemu/process/Usage.ts"
import * as Qemu from "../../src/qemu/Qemu.ts"
import * as Cache from "../../src/template/Cache.ts"
import * as Digest from "../../src/template/Digest.ts"
import { type Subject, Trial } from "../contract/HypervisorContract.ts"
import { temporary } from "./directory.ts"
import { image, missing } from "./world.ts"

const groups = "/sys/fs/cgroup"

/** The process of a machine, as it was written down. */
export const processOf = (directory: string, id: string): number => {
  const { process } = JSON.parse(readFileSync(join(directory, "roster", `${id}.json`), "utf8"))
  return chainOf(process.pid).at(-1) ?? process.pid
}

/** What is in a directory, if it is still there: groups of other tests come and go meanwhile. */
const entriesOf = (directory: string) => {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

const directoriesBelow = (directory: string): ReadonlyArray<string> =>
  entriesOf(directory)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(directory, name))
    .flatMap((path) => [path, ...directoriesBelow(path)])

/** The groups of the kernel whose names begin so. */
export const groupsOf = (prefix: string): ReadonlyArray<string> =>
  directoriesBelow(groups).filter((path) => basename(path).startsWith(prefix))

/** The groups of the kernel that machines of a directory are in. */
export const groupsIn = (directory: string): ReadonlyArray<string> =>
  groupsOf(`caisson-${Digest.ofBytes(join(directory, "machines")).slice(0, 8)}`)

/** Processes that have to do with a directory. */
export const processesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(directory)
      } catch {
        return false
      }
    })

/** What there is of machines that are kept in a directory. */
export const tracesOf = (directory: string) => () => [
  ...["machines", "roster"].flatMap((name) => readdirSync(join(directory, name)).map((entry) => join(name, entry))),
  ...readdirSync(join(directory, "snapshots"), { recursive: true })
    .map(String)
    .filter((name) => /draft|removed/.test(name)),
  ...groupsIn(directory),
  ...processesIn(directory),
  `${readdirSync("/proc/self/fd").length} descriptors`
]

const subject = Effect.gen(function* () {
  const directory = yield* temporary
  const absent = yield* missing
  if (absent.length > 0) return { _tag: "Absent", why: `not installed: ${absent.join(", ")}` } satisfies Subject
  const built = yield* Layer.build(Qemu.layer({ directory }))
  return {
    _tag: "Present",
    hypervisor: Context.get(built, Hypervisor),
    image: yield* image,
    kill: ({ id }) => process.kill(processOf(directory, id), "SIGKILL"),
    traces: tracesOf(directory)
  } satisfies Subject
})

/** The hypervisor in a directory that is gone with the layer. */
export const layer = Layer.effect(Trial, subject).pipe(
  Layer.provide(Cache.layer),
  Layer.provideMerge(NodeServices.layer),
  Layer.orDie
)
