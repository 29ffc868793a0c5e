/** Starts the hypervisor of one machine, kept in as well as this host can, and takes its controls. */
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import type { Measure } from "../../microvm/Measure.ts"
import * as Identity from "../../process/Identity.ts"
import * as CommandLine from "../CommandLine.ts"
import * as Confinement from "../confinement/Confinement.ts"
import * as ControlGroup from "../confinement/ControlGroup.ts"
import { type Disks, readBy, seenAs } from "../Disk.ts"
import * as Host from "../Host.ts"
import { hypervisor } from "../HypervisorName.ts"
import * as Child from "../process/Child.ts"
import * as Roster from "../process/Roster.ts"
import * as Usage from "../process/Usage.ts"
import { Ended, failed, NotOpen, type QemuError, storageFailed } from "../QemuError.ts"
import * as Qmp from "../qmp/Qmp.ts"
import { memoryBytes, type Shape } from "../Shape.ts"
import { through } from "./Controls.ts"

/** A machine under the controls of this process. */
export interface Vm {
  readonly id: string
  readonly shape: Shape
  readonly directory: string
  /** The bytes from and to the agent. */
  readonly channel: Duplex
  readonly control: Qmp.Qmp
  readonly child: Child.Child
  /** The hypervisor itself: `child` may be a program that it was started through. */
  readonly process: Identity.Identity
  /** What keeps the process in, and what this host could not give. */
  readonly measures: ReadonlyArray<Measure>
}

export interface Start extends CommandLine.Machine {
  /** As it was written down. Its directory is its own, with its own files in it. */
  readonly machine: Roster.Machine
  /** The file of a state, for a machine that begins with one. */
  readonly state?: string | undefined
}

const controlTimeout = "20 seconds"
/** Beside memory and disk: the hypervisor writes no other files. */
const fileBytesSpare = 64 * 1_048_576

const originFiles = ({ origin }: Start): ReadonlyArray<string> =>
  origin._tag === "Boot" ? [origin.kernel, origin.initrd] : []

const needsOf = (
  host: Host.Host,
  start: Start,
  user: Confinement.Needs["user"],
  diskBytesMax: number
): Confinement.Needs => {
  const { disks, memory, shape } = start
  const template = memory.writes === "private" ? [memory.path] : []
  const isReadOnly = host.means.opensMemoryReadOnly
  return {
    directory: start.machine.directory,
    reads: [...originFiles(start), ...readBy(disks.base), ...readBy(disks.upper), ...(isReadOnly ? template : [])],
    opens: isReadOnly ? [] : template,
    usesKvm: shape.accelerator === "kvm",
    user,
    fileBytesMax: Math.max(memoryBytes(shape), diskBytesMax) + fileBytesSpare,
    group: Host.groupOf(host, start.machine.id)
  }
}

/** The machine, as its confined process finds its files. */
const machineFor = (start: Start, confined: Confinement.Confined, isReadOnly: boolean): CommandLine.Machine => {
  const { disks, memory, origin, shape } = start
  const see = confined.seenAs
  const seenDisks: Disks = { base: { _tag: "Shared", path: see(disks.base.path) }, upper: seenAs(disks.upper, see) }
  return {
    shape,
    disks: seenDisks,
    memory: memory.writes === "private" ? { ...memory, path: see(memory.path), isReadOnly } : memory,
    origin: origin._tag === "Boot" ? { ...origin, kernel: see(origin.kernel), initrd: see(origin.initrd) } : origin,
    messages: start.messages
  }
}

const ownFiles = (directory: string) =>
  Effect.try({
    try: () => [directory, ...readdirSync(directory).map((name) => join(directory, name))],
    catch: storageFailed("read", directory)
  })

/** Writes down the process, unless it has ended already, which is an error that says why. */
const note = Effect.fnUntraced(function* (host: Host.Host, start: Start, child: Child.Child) {
  const identity = yield* Effect.sync(() => Identity.identify(child.pid))
  if (identity === undefined) {
    const [how, said] = [yield* child.ended, yield* child.said]
    return yield* failed(new Ended({ program: hypervisor, how, said }))
  }
  yield* Roster.note(host.roster, start.machine, identity)
})

/** The first file of others that a process may not open as the user whom it runs as. */
const notOpen = ({ opens, reads, user }: Confinement.Needs): NotOpen | undefined =>
  [...reads.map((path) => [path, false] as const), ...opens.map((path) => [path, true] as const)]
    .flatMap(([path, writes]) => {
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat === undefined || Confinement.mayOpen(stat, user, writes)) return []
      return [new NotOpen({ path, owner: stat.uid, user: user.uid })]
    })
    .at(0)

/** A hypervisor that may not open a file says so of the name that it has for it, which says nothing to anybody else. */
const explained = (needs: Confinement.Needs, { changesUser }: Confinement.Confined) =>
  Effect.mapError((error: QemuError) => {
    const reason = changesUser && error.reason._tag === "Ended" ? notOpen(needs) : undefined
    return reason === undefined ? error : failed(reason)
  })

const inherited = ({ state }: Start): ReadonlyArray<Child.Inherited> => [
  { _tag: "Socket" },
  { _tag: "Socket" },
  ...(state === undefined ? [] : [{ _tag: "File", path: state, access: "r" } as const])
]

/** Starts a machine. It has run nothing yet: one that boots waits for `cont`, one that takes over a state waits for that. */
export const start = Effect.fn("Start.start")(function* (host: Host.Host, wanted: Start, diskBytesMax: number) {
  const user = yield* Host.newUser
  const needs = needsOf(host, wanted, user, diskBytesMax)
  const confined = Confinement.confine(host.means, needs)
  const { directory, id } = wanted.machine
  if (confined.changesUser) yield* Host.give(yield* ownFiles(directory), user)
  const bounds = {
    memoryBytes: memoryBytes(wanted.shape) + CommandLine.ownBytesMax,
    cpus: wanted.shape.cpus,
    processes: Confinement.processesMax
  }
  yield* ControlGroup.make(host.means.groups, Host.groupOf(host, id), bounds)
  const machine = machineFor(wanted, confined, host.means.opensMemoryReadOnly)
  const [program, ...before] = confined.prefix
  const child = yield* Child.launch({
    name: hypervisor,
    program,
    arguments: [...before, host.program, ...CommandLine.build(machine)],
    ownDirectory: directory,
    inherits: inherited(wanted)
  })
  const [channel, controls] = child.sockets
  if (channel === undefined || controls === undefined) return yield* Effect.die("a process without its sockets")
  // The programs that it is started through see to it that all ends together only when they have come so far.
  const connecting = Effect.uninterruptible(through(child, Qmp.connect(controls, controlTimeout)))
  const controlled = Effect.all([connecting, note(host, wanted, child)], { concurrency: 2 })
  const [control] = yield* explained(needs, confined)(controlled)
  const own = yield* Effect.sync(() => Identity.identify(Usage.chainOf(child.pid).at(-1) ?? child.pid))
  const { shape } = wanted
  return {
    id,
    shape,
    directory,
    channel,
    control,
    child,
    process: own ?? (yield* child.failsWhenEnded),
    measures: confined.measures
  } satisfies Vm
})
