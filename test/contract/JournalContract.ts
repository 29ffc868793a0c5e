import { layer } from "@effect/vitest"
import type { Layer } from "effect"
import type { Journal } from "../../src/session/journal/Journal.ts"
import { batches } from "./journal/Batches.ts"
import { claims } from "./journal/Claims.ts"
import { decisionsOf } from "./journal/Decisions.ts"
import { snapshots } from "./journal/Snapshots.ts"
import { summaries } from "./journal/Summaries.ts"

/**
 * The behaviours that every journal has to show. One journal is built for the whole suite; what a database held before
 * does not matter.
 */
export const suite = (name: string, journal: Layer.Layer<Journal, unknown>) =>
  layer(journal)(`a journal in ${name}`, (it) => {
    batches(it)
    claims(it)
    decisionsOf(it)
    snapshots(it)
    summaries(it)
  })
