import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import type { Stored } from "../../microvm/Hypervisor.ts"
import * as Flags from "../Flags.ts"
import { sizeOf } from "../files/Text.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import { SnapshotsUnavailable } from "./Exit.ts"

/** What there is to say for a snapshot: it is the last one of its template, a machine needs it, or there is nothing. */
type Standing = "latest" | "in use" | "old"

/** In the order of their names, the latest first. */
export const standings = (stored: ReadonlyArray<Stored>) => {
  const latest = new Map<string, number>()
  for (const { madeMillis, name } of stored) latest.set(name, Math.max(madeMillis, latest.get(name) ?? 0))
  return stored
    .map((snapshot): Stored & { readonly standing: Standing } => {
      const isLatest = snapshot.madeMillis === latest.get(snapshot.name)
      return { ...snapshot, standing: isLatest ? "latest" : snapshot.machines.length > 0 ? "in use" : "old" }
    })
    .sort((left, right) => left.name.localeCompare(right.name) || right.madeMillis - left.madeMillis)
}

const warning = "sessions that were written down with a machine of an old one do not go on without it"

/** `caisson template prune`. */
export const prune = Command.make(
  "prune",
  { remove: Flags.toggle("remove", "Remove the old ones") },
  Effect.fnUntraced(function* ({ remove }) {
    const { json } = yield* root
    const { notes, out } = yield* Screen
    const Text = yield* Effect.promise(() => import("./Text.ts"))
    const { withSnapshots } = yield* Effect.promise(() => import("../../home/MicroVms.ts"))
    const found = yield* withSnapshots(
      Effect.fnUntraced(function* (snapshots) {
        const all = standings(yield* snapshots.stored)
        const isRemoved = (standing: Standing) => remove && standing === "old"
        for (const { key, standing } of all) if (isRemoved(standing)) yield* snapshots.remove(key)
        return all.map((each) => ({ ...each, state: isRemoved(each.standing) ? ("removed" as const) : each.standing }))
      })
    ).pipe(
      Effect.catchTag("MachineError", ({ reason }) =>
        Effect.fail(new SnapshotsUnavailable({ detail: "detail" in reason ? reason.detail : reason.message }))
      )
    )
    const rows = found.map(({ bytes, key, machines, madeMillis, name, state }) => ({
      template: name,
      snapshot: key,
      state,
      bytes,
      madeAt: Text.timeOf(madeMillis),
      machines
    }))
    if (json) return yield* out.say(JSON.stringify({ snapshots: rows }))
    const cells = rows.map((row) => [row.template, row.snapshot.slice(0, 12), row.state, sizeOf(row.bytes), row.madeAt])
    for (const line of Text.table(cells)) yield* out.say(line)
    const old = rows.filter(({ state }) => state === "old")
    if (old.length === 0) return
    const bytes = sizeOf(old.reduce((total, row) => total + row.bytes, 0))
    yield* notes.say(`old ones take ${bytes}: caisson template prune --remove removes them; ${warning}`)
  })
).pipe(
  Command.withDescription(
    "Lists the snapshots that machines of templates begin with, and removes those of earlier images that no machine needs"
  )
)
