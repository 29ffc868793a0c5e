/**
 * Which machines need which templates.
 *
 * E1. A machine that runs is in the roster before it looks at its template's files; one that was suspended has a manifest.
 * E2. A snapshot is put aside first, and its machines are looked at again: whoever came in between has it back, and whoever comes
 *     after that finds no snapshot.
 */
import { readdirSync, renameSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { hypervisorFailed, TemplateInUse } from "../../microvm/HypervisorError.ts"
import type * as Digest from "../../template/Digest.ts"
import * as Host from "../Host.ts"
import * as DurableFile from "../process/DurableFile.ts"
import * as Roster from "../process/Roster.ts"
import { storageFailed } from "../QemuError.ts"
import * as Machines from "./Machines.ts"
import { Missing, snapshotFailed } from "./SnapshotError.ts"
import * as Templates from "./Templates.ts"

const machinesShown = 16

const namesIn = (directory: string) =>
  Effect.try({ try: () => readdirSync(directory), catch: storageFailed("read", directory) })

/** Machines that were suspended, with the keys of what they are above. */
const suspended = Effect.fnUntraced(function* (host: Host.Host) {
  const names = yield* namesIn(host.machines)
  const found = yield* Effect.forEach(names, (id) => Effect.option(Machines.read(Machines.directoryOf(host, id), id)))
  return found.flatMap((manifest) =>
    Option.isSome(manifest) && manifest.value.phase._tag === "Hibernated" ? [manifest.value] : []
  )
})

/** The machines that there are, by the keys of what they need. */
const machinesByKey = Effect.fnUntraced(function* (host: Host.Host) {
  const all = [...(yield* Roster.entries(host.roster)), ...(yield* suspended(host))]
  const machines = new Map<string, Set<string>>()
  for (const { id, key } of all) {
    if (key !== undefined) machines.set(key, (machines.get(key) ?? new Set()).add(id))
  }
  return machines
})

const takenBy = (directory: string): number =>
  readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).blocks * 512, 0)

/** All snapshots that are whole; others are being made, or removed. */
const all = Effect.fnUntraced(function* (host: Host.Host) {
  const found = []
  for (const template of yield* namesIn(host.snapshots)) {
    for (const key of yield* namesIn(join(host.snapshots, template))) {
      if (/^[0-9a-f]{64}$/.test(key)) found.push({ template, key })
    }
  }
  return found
})

/** The snapshot of a key, which is that of one template alone. */
export const find = Effect.fn("Needs.find")(function* (host: Host.Host, key: Digest.Digest) {
  const named = (yield* all(host)).find((each) => each.key === key)
  if (named === undefined) return yield* snapshotFailed(new Missing({ what: `snapshot ${key.slice(0, 12)}` }))
  return yield* Templates.open(host, named.template, key)
})

/** All snapshots, with what they take and who needs them. */
export const stored = Effect.fn("Needs.stored")(function* (host: Host.Host) {
  const machines = yield* machinesByKey(host)
  const found = yield* Effect.forEach(yield* all(host), ({ key, template }) =>
    Effect.option(
      Effect.flatMap(Templates.open(host, template, key), ({ directory, manifest }) =>
        Effect.try({
          try: () => ({
            name: template,
            key,
            bytes: takenBy(directory),
            madeMillis: manifest.madeMillis,
            machines: [...(machines.get(key) ?? [])]
          }),
          catch: storageFailed("read", directory)
        })
      )
    )
  )
  return found.flatMap((each) => (Option.isSome(each) ? [each.value] : []))
})

const unneeded = Effect.fnUntraced(function* (host: Host.Host, key: Digest.Digest) {
  const machines = [...((yield* machinesByKey(host)).get(key) ?? [])].slice(0, machinesShown)
  if (machines.length > 0) return yield* hypervisorFailed(new TemplateInUse({ key, machines }))
})

const rename = (from: string, to: string) =>
  Effect.try({ try: () => renameSync(from, to), catch: storageFailed("put aside", from) })

/** Removes the snapshot of a key, unless a machine needs it. */
export const remove = Effect.fn("Needs.remove")(function* (host: Host.Host, key: Digest.Digest) {
  const named = (yield* all(host)).find((each) => each.key === key)
  if (named === undefined) return
  yield* unneeded(host, key)
  const parent = join(host.snapshots, named.template)
  const id = `removed-${yield* Host.randomHex(8)}`
  const aside = join(parent, id)
  yield* Roster.enter(host.roster, Roster.remains(id, aside))
  const removing = Effect.andThen(
    Effect.tapError(unneeded(host, key), () => rename(aside, join(parent, key))),
    Effect.sync(() => DurableFile.remove(aside))
  )
  yield* Effect.uninterruptible(Effect.andThen(rename(join(parent, key), aside), removing))
}, Effect.scoped)
