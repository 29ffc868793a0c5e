/** What a run has shown beside its value, as somebody at a terminal sees it. */
import type { Language } from "../capability/Language.ts"
import type { Display, Phases } from "../machine/Turn.ts"
import { commandLine } from "./CommandLine.ts"
import { durationOf } from "./Duration.ts"
import type { Address } from "./Report.ts"
import type { Side } from "./Screen.ts"

/** Of all the forms in which a guest shows a value, the one for terminals. */
const forTerminals = "text/plain"

/** The texts, in their order. */
export const texts = (displays: ReadonlyArray<Display>): ReadonlyArray<string> =>
  displays.flatMap(({ mediaType, text }) => (mediaType === forTerminals && text !== undefined ? text : []))

/** Flags with which files of the session are found: which tools it has is nothing to them. */
const placeOf = ({ flags }: Address): ReadonlyArray<string> => {
  const home = flags.indexOf("--home")
  return home === -1 ? [] : flags.slice(home, home + 2)
}

/** The files, each with the command that copies it. */
export const fileLines = (displays: ReadonlyArray<Display>, address: Address, side: Side): ReadonlyArray<string> =>
  displays.flatMap(({ mediaType, path }) => {
    if (path === undefined) return []
    const command = commandLine(["files", "get", address.session, path, ...placeOf(address)])
    return side.paint("dim", side.tame(`${mediaType}  ${path}  (${command})`))
  })

/** How long the phases of a compiled program took; nothing of one that has none. */
export const phaseLines = (phases: Phases, side: Side): ReadonlyArray<string> => {
  const told = Object.entries(phases).map(([name, millis]) => `${name} ${durationOf(millis)}`)
  return told.length === 0 ? [] : [side.paint("dim", side.tame(told.join(", ")))]
}

const programs: ReadonlyArray<Language | undefined> = ["shell", "cpp", "go"]

/** Whether the value of a run is the exit code of a process, as that of scripts and compiled programs is. */
export const isProgram = (language: Language | undefined): boolean => programs.includes(language)

/** Whether a value is one that its language shows nothing of. */
export const isNothing = (value: unknown, language: Language | undefined): boolean =>
  value === undefined || (value === null && language === "python")
