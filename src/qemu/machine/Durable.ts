/**
 * Machines that are put to disk and come back, here or in another process.
 *
 * D1. A state is used once: that it was is written down before the machine runs on. Whoever finds a machine that ran on and has
 *     written no new state is told that it is lost, and never gets half of it.
 * D2. A machine that is not put to disk when its scope is closed is gone, with all its files.
 */
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Digest from "../../template/Digest.ts"
import type { Host } from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import * as Roster from "../process/Roster.ts"
import * as Machines from "../snapshot/Machines.ts"
import type { MachineManifest } from "../snapshot/Manifest.ts"
import { Mismatch, Missing, snapshotFailed } from "../snapshot/SnapshotError.ts"
import * as Templates from "../snapshot/Templates.ts"
import * as Files from "./Files.ts"
import * as Migration from "./Migration.ts"
import { start, type Vm } from "./Start.ts"
import { settle, startOf } from "./Template.ts"

/** A durable machine that runs. */
export interface DurableVm extends Vm {
  /** What it was made from. */
  readonly snapshot: Templates.TemplateSnapshot
  /** Puts it to disk and ends it; nothing else can be done with it then. Its agent was to be asked to prepare for it. */
  readonly hibernate: (
    durability: DurableFile.Durability
  ) => Effect.Effect<void, Effect.Error<ReturnType<typeof settle>>>
}

/** Ids become names of directories. */
const isMachineId = Schema.is(Roster.MachineId)

interface Held {
  isAsleep: boolean
}

const running = (manifest: MachineManifest): MachineManifest => ({ ...manifest, phase: { _tag: "Running" } })

const durable = (vm: Vm, snapshot: Templates.TemplateSnapshot, manifest: MachineManifest, held: Held): DurableVm => ({
  ...vm,
  snapshot,
  hibernate: Effect.fn("Durable.hibernate")(function* (durability) {
    yield* settle(vm)
    const phase = yield* Machines.hibernated(vm.directory, durability)
    const write = Machines.write(vm.directory, { ...manifest, phase }, durability)
    yield* Effect.uninterruptible(Effect.tap(write, () => Effect.sync(() => (held.isAsleep = true))))
  })
})

const entryOf = (host: Host, id: string, key: Digest.Digest) => Files.entryOf(host, { id, isEphemeral: false, key })

/** The directory of a machine that was there before, which is removed with the scope if the machine was not put to disk again. */
const takenOver = Effect.fnUntraced(function* (host: Host, machine: Roster.Machine, held: Held) {
  const { directory } = machine
  yield* Roster.enter(host.roster, machine)
  yield* Effect.addFinalizer(() => Effect.sync(() => (held.isAsleep ? undefined : DurableFile.remove(directory))))
})

const starting = (host: Host, machine: Roster.Machine, snapshot: Templates.TemplateSnapshot, state: string) =>
  start(
    host,
    {
      ...startOf(snapshot),
      machine,
      memory: { path: Files.own.memory, writes: "kept" },
      state
    },
    snapshot.manifest.diskBytes
  )

/** Puts into a new machine's directory what is to become its own, and gives the file of its state. */
export type Fill<E, R> = (directory: string) => Effect.Effect<string, E, R>

/** Copies of what the template was, but for the state, which is only read. */
export const asTemplate = (snapshot: Templates.TemplateSnapshot) =>
  Effect.fnUntraced(function* (directory: string) {
    const { memory, overlay, state } = Templates.pathsOf(snapshot)
    yield* Files.copySparse(memory, join(directory, Files.own.memory))
    yield* Files.copy(overlay, join(directory, Files.own.upper))
    return state
  })

/** A durable machine that begins with files of its own: as its template was, or as it was itself at another time. */
export const begin = Effect.fn("Durable.begin")(function* <E, R>(
  host: Host,
  snapshot: Templates.TemplateSnapshot,
  id: string,
  fill: Fill<E, R>
) {
  const { key, parts, shape, template } = snapshot.manifest
  const held: Held = { isAsleep: false }
  const machine = entryOf(host, id, key)
  const { directory } = machine
  yield* Files.directory(host, machine, () => held.isAsleep)
  yield* Templates.check(host, snapshot)
  const state = yield* fill(directory)
  const madeMillis = yield* Clock.currentTimeMillis
  const manifest = running({
    version: 1,
    kind: "machine",
    id,
    template,
    madeMillis,
    key,
    below: parts.upper.digest,
    shape,
    phase: { _tag: "Running" }
  })
  yield* Machines.write(directory, manifest, "process")
  const vm = yield* starting(host, machine, snapshot, state)
  yield* Migration.read(vm)
  yield* Migration.proceed(vm)
  return durable(vm, snapshot, manifest, held)
})

/** The snapshot that a machine was made from, with the disk that its own is above. */
const snapshotOf = Effect.fnUntraced(function* (host: Host, { below: expected, key, template }: MachineManifest) {
  const snapshot = yield* Templates.open(host, template, key)
  const found = snapshot.manifest.parts.upper.digest
  if (found === expected) return snapshot
  return yield* snapshotFailed(new Mismatch({ of: "disk of the template", expected, found }))
})

/** A machine that was put to disk, as it was. Until it runs it can be tried again; from then on its state is used up. */
export const resume = Effect.fn("Durable.resume")(function* (host: Host, id: string) {
  if (!isMachineId(id)) return yield* snapshotFailed(new Missing({ what: "machine of such a name" }))
  const directory = Machines.directoryOf(host, id)
  const manifest = yield* Machines.read(directory, id)
  const { isOnDisk } = yield* Machines.resumable(directory, manifest)
  const snapshot = yield* snapshotOf(host, manifest)
  const held: Held = { isAsleep: true }
  const machine = entryOf(host, id, manifest.key)
  yield* takenOver(host, machine, held)
  yield* Templates.check(host, snapshot)
  const state = join(directory, Files.own.state)
  const vm = yield* starting(host, machine, snapshot, state)
  yield* Migration.read(vm)
  yield* Machines.write(directory, running(manifest), isOnDisk ? "power" : "process")
  held.isAsleep = false
  yield* Effect.sync(() => DurableFile.remove(state))
  yield* Migration.proceed(vm)
  return durable(vm, snapshot, running(manifest), held)
})

/** Removes a machine that is asleep, or lost, with everything of it. One that somebody has is left alone. */
export const remove = Effect.fn("Durable.remove")(function* (host: Host, id: string) {
  if (!isMachineId(id)) return
  const held = yield* Roster.entries(host.roster)
  if (held.some((entry) => entry.id === id)) return
  yield* Effect.sync(() => DurableFile.remove(Machines.directoryOf(host, id)))
})
