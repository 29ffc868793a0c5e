/**
 * How a hypervisor is kept in: the programs that it is started through, and what they could not do on this host. Pure.
 *
 * F1. Every measure is reported, in force or with the reason why not; none is left out without a word.
 * F2. Bounds come first, then namespaces, made by whoever may still see the files; the user is changed inside of them.
 * F3. A process that changes its user forgets that it was to end with its parent. The first process of its namespace does not
 *     change its own, ends with the owner, and takes all others with it; so it is never the hypervisor itself.
 */
import { absent, inForce, type Lack, type Measure } from "../../microvm/Measure.ts"
import * as ControlGroup from "./ControlGroup.ts"
import * as Entering from "./Entering.ts"

/** What a host has to keep a process in. Paths are those of programs; undefined of what is missing. */
export interface Means {
  readonly isRoot: boolean
  readonly bwrap: string | undefined
  readonly setpriv: string | undefined
  /** Whether `bwrap` could make namespaces when it was tried, and if not, what it said. */
  readonly namespaces: { readonly work: true } | { readonly work: false; readonly why: string }
  /** The device of the host's processor, if it has one: its group, and who may use it. */
  readonly kvm: { readonly gid: number; readonly usableBy: "owner" | "group" | "anyone" } | undefined
  /** Whether this hypervisor can open the memory of a template for reading alone. */
  readonly opensMemoryReadOnly: boolean
  /** Where the kernel's groups of machines can be made. */
  readonly groups: ControlGroup.Places
}

/** What one machine needs of the host. */
export interface Needs {
  /** Its own directory: the only place that it writes to. It is also its working directory. */
  readonly directory: string
  /** Files that it reads. */
  readonly reads: ReadonlyArray<string>
  /** Files of others that it opens for writing, though it only reads them. */
  readonly opens: ReadonlyArray<string>
  /** Whether its guest runs on the host's processor. */
  readonly usesKvm: boolean
  /** Of a machine of its own; only root can give it. */
  readonly user: { readonly uid: number; readonly gid: number }
  readonly fileBytesMax: number
  /** The name of the kernel's groups that it is to be in. */
  readonly group: string
}

export interface Confined {
  /** What stands before the hypervisor and its arguments. */
  readonly prefix: Entering.Prefix
  readonly measures: ReadonlyArray<Measure>
  /** Whether the process runs as `Needs.user`, who must own its files then. */
  readonly changesUser: boolean
  /** Under which path the process finds a file that it needs. */
  readonly seenAs: (path: string) => string
}

const descriptorsMax = 256
/** Processes and threads of one machine. */
export const processesMax = 128

const bounded = (means: Means, { fileBytesMax, group }: Needs, changesUser: boolean): Entering.Prefix =>
  Entering.prefix(
    {
      descriptors: descriptorsMax,
      fileBytes: fileBytesMax,
      // It counts all processes of a user: a bound for one machine only if the user is its own.
      processes: changesUser ? processesMax : undefined
    },
    ControlGroup.entrancesOf(means.groups, group)
  )

/** Where programs and the firmware of machines are. */
const system = ["/usr", "/etc/alternatives", "/etc/ld.so.cache"]
const links: ReadonlyArray<readonly [string, string]> = [
  ["usr/lib", "/lib"],
  ["usr/lib64", "/lib64"],
  ["usr/bin", "/bin"],
  ["usr/sbin", "/sbin"]
]

/** Where a process with namespaces of its own finds a file: at the top, for it may not be able to walk to where the file is. */
const inner = (needs: Needs, path: string): string => {
  const index = [...needs.reads, ...needs.opens].indexOf(path)
  return index === -1 ? path : `/given/${index}`
}

/** Where the C library asks for the huge pages that it is to take memory in. What is on the way there is for any user. */
const hugePages = "/sys/kernel/mm/transparent_hugepage"
const above = ["/sys", "/sys/kernel", "/sys/kernel/mm"]

const kvmDevice = "/dev/kvm"
const ownDirectory = "/machine"

const bound = (needs: Needs): ReadonlyArray<string> => [
  ...["--perms", "0755", "--dir", "/given"],
  ...needs.reads.flatMap((path) => ["--ro-bind", path, inner(needs, path)]),
  ...needs.opens.flatMap((path) => ["--bind", path, inner(needs, path)]),
  ...["--bind", needs.directory, ownDirectory, "--chdir", ownDirectory]
]

const namespaced = ({ bwrap, isRoot, namespaces }: Means, needs: Needs): ReadonlyArray<string> => {
  if (bwrap === undefined || !namespaces.work) return []
  const unshared = ["ipc", "pid", "net", "uts", "cgroup-try"].map((kind) => `--unshare-${kind}`)
  return [
    bwrap,
    ...(isRoot ? unshared : ["--unshare-user", ...unshared]),
    "--die-with-parent",
    ...system.flatMap((path) => ["--ro-bind-try", path, path]),
    ...links.flatMap(([target, path]) => ["--symlink", target, path]),
    ...["--proc", "/proc", "--tmpfs", "/tmp"],
    ...above.flatMap((path) => ["--perms", "0755", "--dir", path]),
    ...["--ro-bind-try", hugePages, hugePages],
    ...(needs.usesKvm ? ["--dev-bind-try", kvmDevice, kvmDevice] : []),
    ...bound(needs),
    "--"
  ]
}

const unprivileged = (means: Means, { user, usesKvm }: Needs, changesUser: boolean): ReadonlyArray<string> => {
  const { isRoot, kvm, setpriv } = means
  if (setpriv === undefined) return []
  const { gid, uid } = user
  const groups = usesKvm && kvm?.usableBy === "group" ? `--groups=${kvm.gid}` : "--clear-groups"
  const dropped = ["--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
  return [
    setpriv,
    "--pdeathsig=KILL",
    "--no-new-privs",
    ...(changesUser ? [`--reuid=${uid}`, `--regid=${gid}`, groups] : []),
    ...(isRoot ? dropped : []),
    "--"
  ]
}

/** Whose a file is, and for whom it is open. */
export interface Permissions {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** Whether a user may open a file: as its mode says, which is all that there is to it but for lists of access. */
export const mayOpen = ({ gid, mode, uid }: Permissions, user: Needs["user"], writes: boolean): boolean => {
  const theirs = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode
  const wanted = writes ? 0o6 : 0o4
  return (theirs & wanted) === wanted
}

const missing = (program: string): Lack => ({ _tag: "Program", program })

const unable = (detail: string): Lack => ({ _tag: "Ability", detail })

const namespacesMissing = ({ bwrap, namespaces }: Means): Lack | undefined => {
  if (bwrap === undefined) return missing("bwrap")
  return namespaces.work ? undefined : unable(namespaces.why)
}

const measure = (measure: Parameters<typeof inForce>[0], lack: Lack | undefined): Measure =>
  lack === undefined ? inForce(measure) : absent(measure, lack)

const userMissing = (means: Means, { usesKvm }: Needs): Lack | undefined => {
  if (!means.isRoot) return unable("only root can start a process as another user")
  if (usesKvm && means.kvm?.usableBy === "owner") return unable(`${kvmDevice} is for root alone`)
  return means.setpriv === undefined ? missing("setpriv") : namespacesMissing(means)
}

const templateWritable = (means: Means, { opens }: Needs): Lack | undefined =>
  opens.length === 0 || means.opensMemoryReadOnly
    ? undefined
    : unable("this hypervisor opens the memory of its template for writing; from QEMU 8.2 on it need not")

const groupMissing = (place: ControlGroup.Place): Lack | undefined =>
  place.version === undefined ? unable(place.why) : undefined

/** How to start a hypervisor on this host. */
export const confine = (means: Means, needs: Needs): Confined => {
  const changesUser = userMissing(means, needs) === undefined
  const setprivMissing = means.setpriv === undefined ? missing("setpriv") : undefined
  const seenAs = (path: string) => (namespacesMissing(means) === undefined ? inner(needs, path) : path)
  return {
    changesUser,
    seenAs,
    prefix: [
      ...bounded(means, needs, changesUser),
      ...namespaced(means, needs),
      ...unprivileged(means, needs, changesUser)
    ],
    measures: [
      inForce("systemCallFilter"),
      measure("endsWithOwner", namespacesMissing(means) === undefined ? undefined : setprivMissing),
      // The filter of system calls comes with it.
      inForce("noNewPrivileges"),
      measure("noCapabilities", means.isRoot ? setprivMissing : undefined),
      measure("ownUser", userMissing(means, needs)),
      measure("ownNamespaces", namespacesMissing(means)),
      inForce("resourceLimits"),
      measure("memoryGroup", groupMissing(means.groups.memory)),
      measure("processorGroup", groupMissing(means.groups.cpu)),
      measure("processesGroup", groupMissing(means.groups.pids)),
      measure("readOnlyTemplate", templateWritable(means, needs))
    ]
  }
}
