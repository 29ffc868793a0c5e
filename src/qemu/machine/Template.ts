/** Machines that others are made from, and clones of them. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Digest from "../../template/Digest.ts"
import type { Image } from "../../template/image/ImageBuild.ts"
import type { Host } from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import { storageFailed } from "../QemuError.ts"
import type { Shape } from "../Shape.ts"
import * as ImageParts from "../snapshot/ImageParts.ts"
import { keyOf } from "../snapshot/SnapshotKey.ts"
import * as Templates from "../snapshot/Templates.ts"
import { boot } from "./Boot.ts"
import * as Files from "./Files.ts"
import * as Migration from "./Migration.ts"
import { start, type Vm } from "./Start.ts"

/** Ends a machine and puts its state beside its memory and disk. */
export const settle = Effect.fnUntraced(function* (vm: Vm) {
  const state = yield* Migration.write(vm)
  yield* Migration.quit(vm)
  const path = join(vm.directory, Files.own.state)
  yield* Effect.try({
    try: () => {
      // The process that has ended could write here, and leave a link.
      DurableFile.remove(path)
      writeFileSync(path, state, { mode: DurableFile.ownerOnly, flag: "wx" })
    },
    catch: storageFailed("write", path)
  })
})

/** Freezes a booted machine into the snapshot of its template. The machine ends; its agent was to be asked to prepare for it. */
export const freeze = Effect.fn("Template.freeze")(function* (
  host: Host,
  vm: Vm,
  draft: Pick<Templates.Draft, "below" | "facts" | "image" | "key">
) {
  yield* settle(vm)
  const { directory: machine, shape } = vm
  return yield* Templates.save(host, { ...draft, template: draft.image.template.name, shape, machine })
})

export interface Wanted<E, R> {
  readonly image: Image
  readonly shape: Shape
  /** What the host's processor is, if the shape's guests run on it. */
  readonly processor?: string | undefined
  /** Changes with what `prepare` does. */
  readonly recipe: string
  /** Is done before a machine is booted. */
  readonly begins?: Effect.Effect<void> | undefined
  /** Warms up a machine that was booted, and has its agent prepare for a snapshot; gives what is to be written down of it. */
  readonly prepare: (vm: Vm) => Effect.Effect<Schema.Json, E, R>
}

/** The name of what would be made. */
export const keyFor = (
  host: Host,
  { image, processor, recipe, shape }: Omit<Wanted<never, never>, "begins" | "prepare">
): Digest.Digest => {
  const { name, warmUp } = image.template
  return keyOf({ template: name, shape, hypervisor: host.version, image: image.id, warmUp, processor, recipe })
}

/** The snapshot of a template: the one there is, or else a new one, for which a machine is booted. */
export const obtain = Effect.fn("Template.obtain")(function* <E, R>(host: Host, wanted: Wanted<E, R>) {
  const { begins = Effect.void, image, prepare, shape } = wanted
  const key = keyFor(host, wanted)
  const made = Effect.gen(function* () {
    const below = yield* ImageParts.verified(image)
    yield* begins
    const vm = yield* boot(host, { image, shape })
    const facts = yield* prepare(vm)
    return yield* freeze(host, vm, { below, image, key, facts })
  }).pipe(Effect.scoped)
  // One that is there and damaged is made anew, as one that is not there.
  return yield* Effect.catchTag(Templates.open(host, image.template.name, key), "SnapshotError", () => made)
})

/** How a machine of a snapshot is started, but for its memory. */
export const startOf = (snapshot: Templates.TemplateSnapshot) => {
  const { base, disk, upper } = Templates.pathsOf(snapshot)
  return {
    shape: snapshot.manifest.shape,
    disks: Files.disksOf(base, [upper, disk]),
    origin: { _tag: "Snapshot" } as const
  }
}

/**
 * A machine that begins as its template was. What it writes to its memory is in that of its process alone: it costs little and
 * cannot be put to disk cheaply. It and everything of it is gone with the scope.
 */
export const clone = Effect.fn("Template.clone")(function* (host: Host, known: Templates.TemplateSnapshot) {
  const machine = yield* Files.temporaryDirectory(host, known.manifest.key)
  const snapshot = yield* Templates.check(host, known)
  const { memory, overlay, state } = Templates.pathsOf(snapshot)
  yield* Files.copy(overlay, join(machine.directory, Files.own.upper))
  const vm = yield* start(
    host,
    { ...startOf(snapshot), machine, memory: { path: memory, writes: "private" }, state },
    snapshot.manifest.diskBytes
  )
  yield* Migration.read(vm)
  yield* Migration.proceed(vm)
  return vm
})
