import type { ObservationOf } from "../Observation.ts"
import { type Finding, nothing, type Rule, type Scene } from "../Scene.ts"
import * as SensitivePath from "../SensitivePath.ts"

/** Arguments that are what is in a file, not where it is. */
const isContent = /(?:content|contents|text|data|body|subject|message|description|query|sql)$/i
const shownMax = 256

const refusedPaths = ({ kind, subject }: ObservationOf<"Refused">): ReadonlyArray<string> => {
  if (kind === "read" || kind === "write") return [subject]
  return kind === "command" ? subject.split(" ").filter(SensitivePath.looksLikePath) : nothing
}

const pathsOf = ({ observation, reading, standing }: Scene): ReadonlyArray<string> => {
  if (observation._tag === "FileAccess") return [observation.path]
  if (observation._tag === "Refused") return refusedPaths(observation)
  if (observation._tag === "Syscall") return observation.path === undefined ? nothing : [observation.path]
  return reading.texts
    .filter(({ path, text }) => {
      if (isContent.test(path)) return false
      return (
        SensitivePath.looksLikePath(text) || (standing.takesPaths && text.length < shownMax && !text.includes("\n"))
      )
    })
    .map(({ text }) => text)
}

/** A file that holds keys, credentials or password hashes, in an argument, opened by a process, or refused to one. */
export const files: Rule<undefined, "CallDecided" | "FileAccess" | "Refused" | "Syscall"> = {
  sees: ["CallDecided", "FileAccess", "Refused", "Syscall"],
  empty: undefined,
  step: (memory, scene) => {
    const found = pathsOf(scene).flatMap((text): ReadonlyArray<Finding> => {
      const path = SensitivePath.normalise(text)
      const sensitive = SensitivePath.classify(path)
      if (sensitive === undefined) return nothing
      const { severity, what } = sensitive
      const details = { path: path.slice(0, shownMax), what }
      return [{ rule: "sensitive-file", severity, title: "a sensitive file was asked for", evidence: [], details }]
    })
    return [memory, found]
  }
}
