import { readdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Host } from "../Host.ts"
import * as Roster from "../process/Roster.ts"
import { storageFailed } from "../QemuError.ts"
import * as Machines from "../snapshot/Machines.ts"
import * as Durable from "./Durable.ts"

/**
 * Ends what was left by owners that were killed: processes, and the directories of machines that only they had use for. Machines
 * that were put to disk stay.
 */
export const reap = (host: Host) => Roster.reap(host.roster, Machines.strip)

/**
 * The same, where nobody knows machines by name but those that were suspended: nothing is kept of others, nor of those that nobody has
 * and no roster tells of, since that is not brought to the disk.
 */
export const clear = Effect.fn("Reap.clear")(function* (host: Host) {
  // Whoever makes a machine's directory has entered it before, and strikes it off when it is gone.
  const ids = yield* Effect.try({ try: () => readdirSync(host.machines), catch: storageFailed("read", host.machines) })
  yield* reap(host)
  const held = yield* Roster.held(host.roster)
  for (const id of ids) {
    if (held.has(id)) continue
    const manifest = yield* Effect.option(Machines.read(Machines.directoryOf(host, id), id))
    const isSuspended = Option.isSome(manifest) && manifest.value.phase._tag === "Hibernated"
    if (!isSuspended) yield* Durable.remove(host, id)
  }
})
