/** How a pattern is read by what forbids: a command is meant that has all that the pattern says, whatever else it has. */
import * as Result from "effect/Result"
import * as NormalisedPath from "../../capability/NormalisedPath.ts"
import * as Glob from "../Glob.ts"
import { rest } from "../Sequence.ts"
import * as Flags from "./Flags.ts"
import type { Invocation } from "./Invocation.ts"
import type { Choice, Stage } from "./PatternText.ts"
import { known, type Word } from "./Word.ts"

/** `maybe`: it depends on what is not known. */
export type Chance = "yes" | "maybe" | "no"

const normalised = (text: string): string | undefined => {
  if (!text.startsWith("/")) return undefined
  const path = NormalisedPath.parse(text)
  return Result.isSuccess(path) ? `/${path.success.join("/")}` : undefined
}

const wordChance = (choice: Choice, word: Word): Chance => {
  const text = known(word)
  if (text === undefined) return word.splits || choice.some((glob) => Glob.overlaps(glob, word.text)) ? "maybe" : "no"
  const path = normalised(text)
  const isMeant = (glob: Glob.Glob) => Glob.matches(glob, text) || (path !== undefined && Glob.matches(glob, path))
  return choice.some(isMeant) ? "yes" : "no"
}

const hasSlash = (part: string): boolean => part.includes("/")

const nameChance = (choice: Choice, { command, name, path }: Invocation, unknown: Chance): Chance => {
  const [first] = command.words
  if (first === undefined) return choice.some((glob) => glob.join("") === "" && !Glob.isLiteral(glob)) ? "yes" : "no"
  if (name === undefined || path === undefined) {
    if (first.splits || first.text.join("") === "") return unknown
    const isMeant = (glob: Glob.Glob) =>
      Glob.overlaps(first.text, glob) || Glob.overlaps(first.text, ["", `/${glob[0]}`, ...glob.slice(1)])
    return choice.some(isMeant) ? "maybe" : "no"
  }
  return choice.some((glob) => Glob.matches(glob, glob.some(hasSlash) ? path : name)) ? "yes" : "no"
}

const flagChance = (spellings: ReadonlyArray<string>, { flags, mayHaveFlags, name = "" }: Invocation): Chance => {
  const isGiven = spellings.some((spelling) =>
    spelling.includes("*")
      ? flags.some((flag) => Glob.matches(Glob.parse(spelling), flag))
      : Flags.isGiven(name, flags, spelling)
  )
  if (isGiven) return "yes"
  return mayHaveFlags ? "maybe" : "no"
}

/** Whether the words of a pattern are among those of a command, in this order. */
const wordsChance = (choices: ReadonlyArray<Choice>, words: ReadonlyArray<Word>): Chance => {
  const left = (least: "yes" | "maybe") => {
    let found = 0
    for (const word of words) {
      const choice = choices[found]
      if (choice === undefined) return false
      if (least === "maybe" && word.splits) return false
      const chance = wordChance(choice, word)
      if (chance === "yes" || chance === least) found++
    }
    return found < choices.length
  }
  if (choices.length === 0 || !left("yes")) return "yes"
  return left("maybe") ? "no" : "maybe"
}

const anyChance = (choice: Choice, words: ReadonlyArray<Word>): Chance => {
  const chances = words.map((word) => wordChance(choice, word))
  if (chances.includes("yes")) return "yes"
  return chances.includes("maybe") ? "maybe" : "no"
}

/** What a stage asks for beside a name. */
function* demands(stage: Stage, invocation: Invocation): Generator<Chance> {
  const { assignments, redirections } = invocation.command
  for (const choice of stage.assignments) yield anyChance(choice, assignments)
  for (const { direction, target } of stage.redirections) {
    yield anyChance(
      target,
      redirections.filter((redirection) => redirection.direction === direction).map(({ target }) => target)
    )
  }
  for (const spellings of stage.flags) yield flagChance(spellings, invocation)
  const choices = stage.operands.filter((operand) => operand !== rest)
  yield wordsChance(choices, invocation.operands)
}

/** Whether a command has all that a stage asks for. `unknown`: whether one does of whose name nothing is known. */
export const likelihood = (stage: Stage, invocation: Invocation, unknown: Chance): Chance => {
  let chance: Chance = stage.name === undefined ? "yes" : nameChance(stage.name, invocation, unknown)
  if (chance === "no") return "no"
  for (const next of demands(stage, invocation)) {
    if (next === "no") return "no"
    if (next === "maybe") chance = "maybe"
  }
  return chance
}
