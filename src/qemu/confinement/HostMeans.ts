/** Finds out what this host has to keep a process in. */
import { statSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Program from "../../process/Program.ts"
import type { Means } from "./Confinement.ts"
import * as ControlGroup from "./ControlGroup.ts"

/**
 * Makes the namespaces that a machine will get, and enters them: what a host allows is known by trying. What is tried is itself the
 * first process of them. `bwrap` does not wait for one of its own, which is then left to the first process of the host or the container
 * and counts as running until that looks after it, late or never.
 */
const tryNamespaces = (bwrap: string | undefined, isRoot: boolean) => {
  if (bwrap === undefined) return Effect.succeed<Means["namespaces"]>({ work: false, why: "bwrap is not installed" })
  const unshared = ["ipc", "pid", "net", "uts"].map((kind) => `--unshare-${kind}`)
  const user = isRoot ? [] : ["--unshare-user"]
  const seen = ["--ro-bind", "/", "/", "--proc", "/proc"]
  return Program.run(bwrap, [...user, ...unshared, ...seen, "--as-pid-1", "true"]).pipe(
    Effect.map((): Means["namespaces"] => ({ work: true })),
    Effect.catch(({ said }) => Effect.succeed<Means["namespaces"]>({ work: false, why: said.trim() || "bwrap failed" }))
  )
}

/** Who may use the device of the host's processor; undefined if there is none. */
const kvmOf = (path: string): Means["kvm"] => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  const { gid, mode } = stat
  if ((mode & 0o006) === 0o006) return { gid, usableBy: "anyone" }
  return { gid, usableBy: (mode & 0o060) === 0o060 ? "group" : "owner" }
}

/** From this version on memory can be mapped from a file that is open for reading alone. */
const readOnlyMemorySince = [8, 2] as const

/** Whether a version such as `7.2.22` is at least another one. */
const isAtLeast = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}

/** What this host has, for a hypervisor of a version; `name` is nobody else's. */
export const detect = Effect.fn("HostMeans.detect")(function* (version: string, isRoot: boolean, name: string) {
  const [bwrap, setpriv] = yield* Effect.all([Program.where("bwrap"), Program.where("setpriv")], { concurrency: 2 })
  return {
    isRoot,
    bwrap,
    setpriv,
    kvm: yield* Effect.sync(() => kvmOf("/dev/kvm")),
    namespaces: yield* tryNamespaces(bwrap, isRoot),
    opensMemoryReadOnly: isAtLeast(version, readOnlyMemorySince),
    groups: yield* ControlGroup.detect(name)
  } satisfies Means
})
