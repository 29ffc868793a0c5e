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
import type { Host } from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import * as Roster from "../process/Roster.ts"
import * as Machines from "../snapshot/Machines.ts"
import type { MachineManifest } from "../snapshot/Manifest.ts"
import { Mismatch, snapshotFailed } from "../snapshot/SnapshotError.ts"
import * as Templates from "../snapshot/Templates.ts"
import * as Files from "./Files.ts"
import * as Migration from "./Migration.ts"
import { start, type Vm } from "./Start.ts"
import { settle, startOf } from "./Template.ts"

/** A durable machine that runs. */
export interface DurableVm extends Vm {
  /** Puts it to disk and ends it; nothing else can be done with it then. Its agent was to be asked to prepare for it. */
  readonly hibernate: (
    durability: DurableFile.Durability
  ) => Effect.Effect<void, Effect.Error<ReturnType<typeof settle>>>
}

interface Held {
  isAsleep: boolean
}

const running = (manifest: MachineManifest): MachineManifest => ({ ...manifest, phase: { _tag: "Running" } })

const durable = (vm: Vm, manifest: MachineManifest, held: Held): DurableVm => ({
  ...vm,
  hibernate: Effect.fn("Durable.hibernate")(function* (durability) {
    yield* settle(vm)
    const phase = yield* Machines.hibernated(vm.directory, durability)
    const write = Machines.write(vm.directory, { ...manifest, phase }, durability)
    yield* Effect.uninterruptible(Effect.tap(write, () => Effect.sync(() => (held.isAsleep = true))))
  })
})

const entryOf = (host: Host, id: string) => ({ id, directory: Machines.directoryOf(host, id), isEphemeral: false })

/** The directory of a machine that was there before, which is removed with the scope if the machine was not put to disk again. */
const takenOver = Effect.fnUntraced(function* (host: Host, id: string, held: Held) {
  const { directory } = entryOf(host, id)
  yield* Roster.enter(host.roster, entryOf(host, id))
  yield* Effect.addFinalizer(() => Effect.sync(() => (held.isAsleep ? undefined : DurableFile.remove(directory))))
})

const starting = (host: Host, id: string, snapshot: Templates.TemplateSnapshot, state: string) =>
  start(
    host,
    {
      ...startOf(snapshot),
      id,
      directory: Machines.directoryOf(host, id),
      isEphemeral: false,
      memory: { path: Files.own.memory, writes: "kept" },
      state
    },
    snapshot.manifest.diskBytes
  )

/** A durable machine that begins as its template was, with a copy of its memory for itself. */
export const begin = Effect.fn("Durable.begin")(function* (
  host: Host,
  snapshot: Templates.TemplateSnapshot,
  id: string
) {
  const directory = Machines.directoryOf(host, id)
  const { memory, overlay, state } = Templates.pathsOf(snapshot)
  const { key, parts, shape, template } = snapshot.manifest
  const held: Held = { isAsleep: false }
  yield* Files.directory(host, entryOf(host, id), () => held.isAsleep)
  yield* Files.copySparse(memory, join(directory, Files.own.memory))
  yield* Files.copy(overlay, join(directory, Files.own.upper))
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
  const vm = yield* starting(host, id, snapshot, state)
  yield* Migration.read(vm)
  yield* Migration.proceed(vm)
  return durable(vm, manifest, held)
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
  const directory = Machines.directoryOf(host, id)
  const manifest = yield* Machines.read(directory, id)
  const { isOnDisk } = yield* Machines.resumable(directory, manifest)
  const snapshot = yield* snapshotOf(host, manifest)
  const held: Held = { isAsleep: true }
  yield* takenOver(host, id, held)
  const state = join(directory, Files.own.state)
  const vm = yield* starting(host, id, snapshot, state)
  yield* Migration.read(vm)
  yield* Machines.write(directory, running(manifest), isOnDisk ? "power" : "process")
  held.isAsleep = false
  yield* Effect.sync(() => DurableFile.remove(state))
  yield* Migration.proceed(vm)
  return durable(vm, running(manifest), held)
})

/** Removes a machine that is asleep, or lost, with everything of it. */
export const remove = (host: Host, id: string): Effect.Effect<void> =>
  Effect.sync(() => DurableFile.remove(Machines.directoryOf(host, id)))
