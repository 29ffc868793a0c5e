/**
 * How to bring a session's guest back: a snapshot, and what was done since. The snapshot is a matter of cost; with none,
 * the steps begin at the first run.
 *
 * R1. A step lists its answers in the order in which the guest was given them, with the clock it saw.
 * R2. Steps of a run that was rolled back are not in it.
 */
import type { Language } from "../capability/Language.ts"
import type { Answer } from "../machine/Turn.ts"
import type { MachineRules } from "../policy/machine/MachineRules.ts"
import type { Presented } from "./Authority.ts"
import type { FileRecord } from "./FileRecord.ts"
import type { SnapshotId } from "./SessionEvent.ts"

/** A request that a turn made, as a replay must make it again. Sleeps have their due time for a digest. */
export interface Request {
  readonly id: string
  readonly digest: string
}

export type Step =
  | {
      readonly _tag: "Start"
      readonly ordinal: number
      readonly language: Language
      readonly source: string
      readonly nowMillis: number
      readonly token: Presented | undefined
      readonly rules: MachineRules | undefined
    }
  | { readonly _tag: "Give"; readonly answers: ReadonlyArray<Answer>; readonly nowMillis: number }
  | { readonly _tag: "Files"; readonly seq: number; readonly operation: FileRecord; readonly nowMillis: number }
  | {
      readonly _tag: "Expect"
      readonly seq: number
      readonly requests: ReadonlyArray<Request>
      readonly ended: boolean
    }

/** A snapshot by its id, and the contents of files that it names. */
export interface Kept {
  readonly snapshot: SnapshotId
  readonly contents: ReadonlyArray<SnapshotId>
}

export interface Recipe {
  readonly from: Kept | undefined
  readonly steps: ReadonlyArray<Step>
}

export const empty: Recipe = { from: undefined, steps: [] }

/** What an event kept, if it kept anything. */
export const keptBy = (event: {
  readonly snapshot?: SnapshotId
  readonly contents?: ReadonlyArray<SnapshotId>
}): Kept | undefined =>
  event.snapshot === undefined ? undefined : { snapshot: event.snapshot, contents: event.contents ?? [] }

/** The recipe after an event that lets the guest go on: from what it kept, or by its steps. */
export const after = (recipe: Recipe, event: Parameters<typeof keptBy>[0], ...steps: ReadonlyArray<Step>): Recipe => {
  const kept = keptBy(event)
  return kept === undefined ? extend(recipe, ...steps) : { from: kept, steps: [] }
}

export const extend = (recipe: Recipe, ...steps: ReadonlyArray<Step>): Recipe => ({
  from: recipe.from,
  steps: [...recipe.steps, ...steps]
})

/** Whether the guest has to do something again to get to where the recipe leads. A program that has not begun is none of it. */
export const hasRuns = ({ steps }: Recipe): boolean => {
  const begun = steps.at(-1)?._tag === "Start" ? steps.slice(0, -1) : steps
  return begun.some(({ _tag }) => _tag !== "Files")
}

/** The recipe for a guest that does nothing again: the files that its host gave it are all that is left. */
export const withoutRuns = ({ from, steps }: Recipe): Recipe => ({
  from,
  steps: steps.filter(({ _tag }) => _tag === "Files")
})

/** The guest's own id of a call: what stands before the branch mark. */
export const localId = (id: string): string => {
  const mark = id.indexOf("~")
  return mark === -1 ? id : id.slice(0, mark)
}

/** The session's id of a request that a machine made in a branch. */
export const branchId = (id: string, branch: number): string => (branch === 0 ? id : `${id}~${branch}`)
