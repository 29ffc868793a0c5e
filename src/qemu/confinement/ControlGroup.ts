/**
 * Groups of the kernel that bound what a machine takes of the host: one for each controller that this host gives, of the first
 * version or the second.
 *
 * G1. What a host gives is found out by making a group and setting its bound, not by what is mounted.
 * G2. A machine's group is below that of this process: no bound that this process has is left by it.
 * G3. The bounds are set before the process is in its group, and it is in before it is anything else.
 */
import { mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { storageFailed } from "../QemuError.ts"

export const controllers = ["memory", "cpu", "pids"] as const
export type Controller = (typeof controllers)[number]

/** Where groups can be made for a controller, or why not. */
export type Place =
  | { readonly version: 1 | 2; readonly parent: string }
  | { readonly version: undefined; readonly why: string }

export type Places = Readonly<Record<Controller, Place>>

export interface Bounds {
  readonly memoryBytes: number
  readonly cpus: number
  readonly processes: number
}

const periodMicros = 100_000

/** What is written into which file of a group. */
const settings = (controller: Controller, version: 1 | 2, bounds: Bounds): Readonly<Record<string, string>> => {
  const quota = bounds.cpus * periodMicros
  switch (controller) {
    case "memory":
      return version === 1
        ? { "memory.limit_in_bytes": `${bounds.memoryBytes}` }
        : { "memory.max": `${bounds.memoryBytes}`, "memory.swap.max": "0" }
    case "cpu":
      return version === 1
        ? { "cpu.cfs_period_us": `${periodMicros}`, "cpu.cfs_quota_us": `${quota}` }
        : { "cpu.max": `${quota} ${periodMicros}` }
    case "pids":
      return { "pids.max": `${bounds.processes}` }
  }
}

/** A host without swap has no file for its bound. */
const isOptional = (file: string): boolean => file === "memory.swap.max"

const set = (group: string, controller: Controller, version: 1 | 2, bounds: Bounds): void => {
  for (const [file, value] of Object.entries(settings(controller, version, bounds))) {
    const path = join(group, file)
    if (isOptional(file) && statSync(path, { throwIfNoEntry: false }) === undefined) continue
    // A file that is not there is no file of the kernel's: none is made.
    writeFileSync(path, value, { flag: "r+" })
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : String(cause)

const unescaped = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

interface Mounted {
  readonly version: 1 | 2
  /** The group that is at the top of what is mounted. */
  readonly root: string
  readonly at: string
  readonly options: ReadonlyArray<string>
}

/** The file systems of groups, as `/proc/self/mountinfo` has them. */
export const mountedIn = (mountinfo: string): ReadonlyArray<Mounted> =>
  mountinfo.split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ")
    const [, , , root = "/", at = ""] = before.split(" ")
    const [type, , options = ""] = after.split(" ")
    if (type !== "cgroup" && type !== "cgroup2") return []
    const version = type === "cgroup" ? 1 : 2
    return [{ version, root: unescaped(root), at: unescaped(at), options: options.split(",") } as const]
  })

/** The group of this process for a controller, as `/proc/self/cgroup` has it; without one, of the second version. */
export const ownIn = (groups: string, controller: Controller | undefined): string | undefined =>
  groups
    .split("\n")
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .find((found) => (controller === undefined ? found?.[1] === "" : found?.[1]?.split(",").includes(controller)))?.[2]

const directoryOf = ({ at, root }: Mounted, group: string): string => {
  const below = root === "/" ? group : group.startsWith(`${root}/`) ? group.slice(root.length) : "/"
  return join(at, below)
}

/** Where groups for a controller would be made. */
const candidate = (controller: Controller, mountinfo: string, groups: string) => {
  const all = mountedIn(mountinfo)
  const first = all.find(({ options, version }) => version === 1 && options.includes(controller))
  const mounted = first ?? all.find(({ version }) => version === 2)
  const own = ownIn(groups, first === undefined ? undefined : controller)
  return mounted === undefined || own === undefined
    ? undefined
    : { version: mounted.version, parent: directoryOf(mounted, own) }
}

/** In the second version a controller has to be handed down to groups. */
const handDown = (parent: string, controller: Controller): void => {
  const handed = readFileSync(join(parent, "cgroup.subtree_control"), "utf8").trim().split(" ")
  if (!handed.includes(controller)) writeFileSync(join(parent, "cgroup.subtree_control"), `+${controller}`)
}

const tried: Bounds = { memoryBytes: 1_073_741_824, cpus: 1, processes: 16 }

const why = (controller: Controller, cause: unknown): string =>
  codeOf(cause) === "EBUSY"
    ? `the group of this process has no room for others below it: start it in one of its own that hands down ${controller}`
    : `no group can be made for ${controller} (${codeOf(cause)})`

const tryPlace = (controller: Controller, name: string, mountinfo: string, groups: string): Place => {
  const found = candidate(controller, mountinfo, groups)
  if (found === undefined) return { version: undefined, why: `this host has no groups for ${controller}` }
  const group = join(found.parent, name)
  try {
    if (found.version === 2) handDown(found.parent, controller)
    mkdirSync(group)
    try {
      set(group, controller, found.version, tried)
    } finally {
      rmdirSync(group)
    }
    return found
  } catch (cause) {
    return { version: undefined, why: why(controller, cause) }
  }
}

/** Finds out what this host gives, by trying; `name` is that of a group which nobody else makes. */
export const detect = (name: string) =>
  Effect.sync((): Places => {
    const [mountinfo, groups] = ["/proc/self/mountinfo", "/proc/self/cgroup"].map((path) => {
      try {
        return readFileSync(path, "utf8")
      } catch {
        return ""
      }
    }) as [string, string]
    const place = (controller: Controller) => tryPlace(controller, name, mountinfo, groups)
    return { memory: place("memory"), cpu: place("cpu"), pids: place("pids") }
  })

/** The directories of groups of a name: in the second version one may be for several controllers. */
export const directoriesOf = (places: Places, name: string): ReadonlyArray<string> => [
  ...new Set(
    controllers.flatMap((controller) => {
      const place = places[controller]
      return place.version === undefined ? [] : [join(place.parent, name)]
    })
  )
]

/** Removes a group that nobody is in. Whether it is gone. */
const removed = (group: string): boolean => {
  try {
    rmdirSync(group)
    return true
  } catch (cause) {
    return codeOf(cause) === "ENOENT"
  }
}

/** Removes groups, as soon as the last of their processes is gone. */
export const remove = (groups: ReadonlyArray<string>) =>
  Effect.forEach(
    groups,
    (group) =>
      Effect.sync(() => removed(group)).pipe(
        Effect.repeat({ schedule: Schedule.spaced("5 millis"), until: (isGone) => isGone }),
        Effect.timeoutOption("5 seconds")
      ),
    { discard: true }
  )

/** Sets the bounds of groups that are there. */
export const bound = (places: Places, name: string, bounds: Bounds): void => {
  for (const controller of controllers) {
    const place = places[controller]
    if (place.version !== undefined) set(join(place.parent, name), controller, place.version, bounds)
  }
}

/** Groups of a name, for as long as the scope is open. They must outlive the processes in them. */
export const make = (places: Places, name: string, bounds: Bounds) => {
  const groups = directoriesOf(places, name)
  const making = Effect.try({
    try: () => {
      for (const group of groups) mkdirSync(group)
      bound(places, name, bounds)
      return groups
    },
    catch: storageFailed("bound the machine by", groups.join(", "))
  })
  return Effect.acquireRelease(
    Effect.onError(making, () => remove(groups)),
    () => remove(groups)
  )
}

/** The files by which a process enters the groups of a name: it writes `0` to each. What it starts is in them too. */
export const entrancesOf = (places: Places, name: string): ReadonlyArray<string> => [
  ...new Set(
    controllers.flatMap((controller) => {
      const place = places[controller]
      if (place.version === undefined) return []
      return [join(place.parent, name, place.version === 1 ? "tasks" : "cgroup.procs")]
    })
  )
]
