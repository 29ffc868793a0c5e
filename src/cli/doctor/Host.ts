/** What this host lets machines have: namespaces, bounds, room, its processor. */
import { accessSync, constants, mkdirSync, statfsSync, statSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { inWords, type Lack, type Measure } from "../../microvm/Measure.ts"
import type { Means } from "../../qemu/confinement/Confinement.ts"
import * as ControlGroup from "../../qemu/confinement/ControlGroup.ts"
import * as HostMeans from "../../qemu/confinement/HostMeans.ts"
import * as Cache from "../../template/Cache.ts"
import { sizeOf } from "../files/Text.ts"
import { hostPrograms, installing, installingProgram, isRoot, packagesOf } from "../HostPrograms.ts"
import type { Finding } from "./Finding.ts"

/** Only root can start a machine as another user and, on most hosts, make groups. */
const asRoot = "sudo caisson doctor --tier microvm (it says what machines have that root starts)"

export const ofGroups = (groups: Means["groups"], isRoot: boolean): Finding => {
  const places = ControlGroup.controllers.map((name) => ({ name, place: groups[name] }))
  const [lacking] = places.flatMap(({ place }) => (place.version === undefined ? [place.why] : []))
  return {
    name: "control groups",
    state: lacking === undefined ? "ok" : "degraded",
    isRequired: false,
    detail: lacking ?? places.map(({ name, place }) => `${name} (v${place.version})`).join(", "),
    neededFor: "bounds on the processors and memory of machines, kept by the kernel",
    ...(lacking === undefined || isRoot ? {} : { mend: asRoot })
  }
}

const turningOn =
  "sudo sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 (where they are turned off)"

const userNamespaces = ({ bwrap, namespaces }: Means): Finding => {
  const common = {
    name: "namespaces",
    isRequired: false,
    neededFor: "keeping machines from other processes and files"
  }
  if (namespaces.work) return { ...common, state: "ok", detail: isRoot ? "made by root" : "made without being root" }
  const mend = bwrap === undefined ? installingProgram("bwrap") : turningOn
  return { ...common, state: "degraded", detail: namespaces.why, ...(mend === undefined ? {} : { mend }) }
}

const bytesMin = 4 * 1_073_741_824

const cache = { name: "cache", isRequired: true, neededFor: "images that were built" } as const
const givingRoom = "set CAISSON_CACHE to a directory that can be written to, with 4 GiB or more"

interface Room {
  readonly directory: string
  readonly bytes: number
  /** Whom the directory belongs to. */
  readonly owner: number
}

export const ofRoom = ({ bytes, directory, owner }: Room, isRoot: boolean): Finding => {
  const detail = `${directory}, ${sizeOf(bytes)} free`
  if (bytes < bytesMin) return { ...cache, state: "degraded", detail, mend: givingRoom }
  if (!isRoot || owner === 0) return { ...cache, state: "ok", detail }
  return {
    ...cache,
    state: "degraded",
    detail: `${detail}; it is of user ${owner}, whose files machines of root may not be able to open`,
    mend: `set CAISSON_CACHE to a directory of root's own, or run this as user ${owner}`
  }
}

const room = Effect.map(Cache.Cache, ({ directory }): Finding => {
  const looked = Result.try(() => {
    mkdirSync(directory, { recursive: true })
    accessSync(directory, constants.W_OK)
    const { bavail, bsize } = statfsSync(directory)
    return { directory, bytes: bavail * bsize, owner: statSync(directory).uid }
  })
  return Result.isSuccess(looked)
    ? ofRoom(looked.success, isRoot)
    : { ...cache, state: "missing", detail: `${directory}: ${String(looked.failure)}`, mend: givingRoom }
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

/** What brings measures that are not in force: programs, or else root. */
const mendOf = (lacks: ReadonlyArray<Lack>, isRoot: boolean): string | undefined => {
  const programs = new Set(lacks.flatMap((lack) => (lack._tag === "Program" ? [lack.program] : [])))
  const missing = hostPrograms.filter(({ name }) => programs.has(name))
  if (missing.length > 0) return installing(packagesOf(missing))
  return lacks.length === 0 || isRoot ? undefined : asRoot
}

/** How a machine is kept in here: what is not in force, and why. */
export const ofMeasures = (measures: ReadonlyArray<Measure>, isRoot: boolean): Finding => {
  const lacking = measures.flatMap((measure) => (measure.isInForce ? [] : [measure]))
  const absent = lacking.map(({ lack, measure }) => `${measure} (${inWords(lack)})`)
  const inForce = `${measures.length - absent.length} of ${measures.length} measures`
  return {
    name: "confinement",
    state: absent.length === 0 ? "ok" : "degraded",
    isRequired: false,
    detail: absent.length === 0 ? inForce : `${inForce}; not ${absent.join("; not ")}`,
    neededFor: "keeping in a guest that has broken out of its machine",
    mend: mendOf(
      lacking.map(({ lack }) => lack),
      isRoot
    )
  }
}

export const findings = Effect.gen(function* () {
  const means = yield* HostMeans.detect("0.0.0", isRoot, `caisson-doctor-${process.pid}`)
  return [architecture, userNamespaces(means), ofGroups(means.groups, isRoot), yield* room, firecracker]
})
