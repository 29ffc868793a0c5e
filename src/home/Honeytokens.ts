/** The honeytokens of templates: in their guests, and for the detector. */
import * as Effect from "effect/Effect"
import type { Honeytoken } from "../audit/detection/Settings.ts"
import type { FileError } from "../file/FileError.ts"
import type { PutEntry } from "../file/FileOperation.ts"
import { MachineError, type Machines, MachineUnavailable } from "../machine/Machine.ts"
import type { PlantedHoneytoken } from "../template/Honeytoken.ts"
import * as Registry from "../template/Registry.ts"
import type { Template } from "../template/Template.ts"

type Tier = Machines["Service"]

/** The time of planted files: the same in a guest that is made again. */
const plantedMillis = Date.UTC(2024, 2, 12, 9, 41)

const entryOf = ({ path, text, value }: PlantedHoneytoken): PutEntry => ({
  kind: "file",
  path,
  bytes: new TextEncoder().encode(text ?? `${value}\n`),
  modifiedMillis: plantedMillis
})

const notPlanted = (error: FileError | MachineError) =>
  error._tag === "MachineError"
    ? error
    : new MachineError({
        reason: new MachineUnavailable({ detail: `a honeytoken of its template cannot be planted: ${error.message}` })
      })

/** A tier whose guests begin with files that have honeytokens in them. A guest that was written down has its own. */
export const planted = (tier: Tier, honeytokens: Template["honeytokens"] = []): Tier => {
  if (honeytokens.length === 0) return tier
  const put = { _tag: "Put" as const, entries: honeytokens.map(entryOf) }
  return {
    ...tier,
    boot: (options) =>
      Effect.tap(tier.boot(options), (machine) => Effect.mapError(machine.files(put, plantedMillis), notPlanted))
  }
}

const nameMax = 64

/** What a detector has to know of the templates in these directories. */
export const known = Effect.fn("Honeytokens.known")(function* (directories: ReadonlyArray<string>) {
  const names = yield* Registry.namesIn(directories)
  const templates = yield* Effect.forEach(names, (name) => Registry.findIn(directories, name))
  return templates.flatMap(({ honeytokens = [], name }) =>
    honeytokens.map(({ path, value }): Honeytoken => ({ name: `${name}:${path}`.slice(0, nameMax), value }))
  )
})
