/** What this host lets machines have: namespaces, bounds, room, its processor. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, statfsSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Measure } from "../microvm/Measure.ts"
import * as HostMeans from "../qemu/confinement/HostMeans.ts"
import * as Cache from "../template/Cache.ts"
import { sizeOf } from "./FilesText.ts"
import type { Finding } from "./Finding.ts"

const isRoot = process.geteuid?.() === 0

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** Controllers, and the version of each: version 1 has a directory for each, version 2 one list. */
const controllers = ["cpu", "memory", "pids", "io"]

const controlGroups = (): Finding => {
  const second = `${read("/sys/fs/cgroup/cgroup.controllers")} ${read("/sys/fs/cgroup/unified/cgroup.controllers")}`
  const has = (name: string) => second.split(/\s+/).includes(name)
  const first = (name: string) => existsSync(`/sys/fs/cgroup/${name === "io" ? "blkio" : name}/tasks`)
  const found = controllers.map((name) => {
    if (has(name)) return `${name} (v2)`
    return first(name) ? `${name} (v1)` : undefined
  })
  const lacking = controllers.filter((_, index) => found[index] === undefined)
  return {
    name: "control groups",
    state: lacking.length === 0 ? "ok" : "degraded",
    isRequired: false,
    detail: [...found.filter((name) => name !== undefined), ...lacking.map((name) => `no ${name}`)].join(", "),
    neededFor: "bounds on the processors and memory of machines, kept by the kernel"
  }
}

const userNamespaces = HostMeans.detect("0.0.0", isRoot, `caisson-doctor-${process.pid}`).pipe(
  Effect.map(({ namespaces }): Finding => {
    const common = {
      name: "namespaces",
      isRequired: false,
      neededFor: "keeping machines from other processes and files"
    }
    return namespaces.work
      ? { ...common, state: "ok", detail: isRoot ? "made by root" : "made without being root" }
      : {
          ...common,
          state: "degraded",
          detail: namespaces.why,
          mend: "sudo sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 (where they are turned off)"
        }
  })
)

const bytesMin = 4 * 1_073_741_824

const room = Effect.map(Cache.Cache, ({ directory }): Finding => {
  const common = { name: "cache", isRequired: true, neededFor: "images that were built" }
  const looked = Result.try(() => {
    mkdirSync(directory, { recursive: true })
    accessSync(directory, constants.W_OK)
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize
  })
  const mend = "set CAISSON_CACHE to a directory that can be written to, with 4 GiB or more"
  if (Result.isFailure(looked)) {
    return { ...common, state: "missing", detail: `${directory}: ${String(looked.failure)}`, mend }
  }
  const detail = `${directory}, ${sizeOf(looked.success)} free`
  return looked.success < bytesMin ? { ...common, state: "degraded", detail, mend } : { ...common, state: "ok", detail }
})

const architecture: Finding = {
  name: "host",
  state: process.platform === "linux" && process.arch === "x64" ? "ok" : "missing",
  isRequired: true,
  detail: `${process.platform} ${process.arch}`,
  neededFor: "machines, which are of Linux on x86-64",
  mend: "there is no other host for them yet; the embedded tier needs none"
}

/** Another hypervisor, which this release does not use. */
const firecracker: Finding = {
  name: "Firecracker",
  state: "missing",
  isRequired: false,
  detail: "this release does not use it",
  neededFor: "nothing yet: machines are those of QEMU"
}

/** How a machine is kept in here: what is not in force, and why. */
export const ofMeasures = (measures: ReadonlyArray<Measure>): Finding => {
  const absent = measures.flatMap((measure) => (measure.isInForce ? [] : [`${measure.measure} (${measure.why})`]))
  const inForce = `${measures.length - absent.length} of ${measures.length} measures`
  return {
    name: "confinement",
    state: absent.length === 0 ? "ok" : "degraded",
    isRequired: false,
    detail: absent.length === 0 ? inForce : `${inForce}; not ${absent.join("; not ")}`,
    neededFor: "keeping in a guest that has broken out of its machine"
  }
}

export const findings = Effect.gen(function* () {
  return [architecture, yield* userNamespaces, controlGroups(), yield* room, firecracker]
})
