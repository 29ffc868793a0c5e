/** How a pattern is read by what allows: a command is meant that has nothing that the pattern does not say. */
import * as Glob from "../Glob.ts"
import { rest, takesAll } from "../Sequence.ts"
import * as Flags from "./Flags.ts"
import type { Invocation } from "./Invocation.ts"
import type { Choice, Stage } from "./PatternText.ts"
import { known, type Word } from "./Word.ts"

const folders = /^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$/

const isWithin = (glob: Glob.Glob, { text }: Word): boolean => {
  // A gap in a pattern is no way out of a folder.
  const climbs = text.some((part) => /(^|\/)\.\.(\/|$)/.test(part))
  return climbs ? Glob.isLiteral(glob) && Glob.matches(glob, text.join("*")) : Glob.isSubsetOf(text, glob)
}

const isOne = (choice: Choice, word: Word): boolean =>
  !word.splits && !word.expands && choice.some((glob) => isWithin(glob, word))

const hasName = (choice: Choice, { name, path }: Invocation): boolean => {
  if (name === undefined || path === undefined) return false
  return choice.some((glob) =>
    glob.join("").includes("/")
      ? Glob.matches(glob, path) && !/(^|\/)\.\.(\/|$)/.test(path)
      : Glob.matches(glob, name) && (path === name || folders.test(path))
  )
}

const hasFlags = (stage: Stage, { flags, mayHaveFlags, name = "" }: Invocation): boolean => {
  const areGiven = stage.flags.every((spellings) =>
    spellings.some((spelling) =>
      spelling.includes("*")
        ? flags.some((flag) => Glob.matches(Glob.parse(spelling), flag))
        : Flags.isGiven(name, flags, spelling)
    )
  )
  if (!areGiven || stage.anyFlags || stage.operands.includes(rest)) return areGiven
  const wanted = stage.flags.flat()
  return (
    !mayHaveFlags &&
    flags.every(
      (flag) =>
        Flags.isCovered(name, flag, wanted) ||
        wanted.some((spelling) => spelling.includes("*") && Glob.matches(Glob.parse(spelling), flag))
    )
  )
}

const harmless = new Set(["/dev/null", "/dev/stdout", "/dev/stderr"])

const hasRedirections = (stage: Stage, { command }: Invocation): boolean => {
  const given = command.redirections.filter(
    ({ direction, target }) => (direction === "in" || direction === "out") && !harmless.has(known(target) ?? "")
  )
  const isSaid = (redirection: (typeof given)[number]) =>
    stage.redirections.some(
      ({ direction, target }) => direction === redirection.direction && isOne(target, redirection.target)
    )
  return (
    given.every(isSaid) &&
    stage.redirections.every(({ direction, target }) =>
      command.redirections.some((given) => given.direction === direction && isOne(target, given.target))
    )
  )
}

const hasAssignments = (stage: Stage, { command }: Invocation): boolean =>
  command.assignments.every((word) =>
    stage.assignments.some((choice) => choice.some((glob) => isWithin(glob, word)))
  ) &&
  stage.assignments.every((choice) => command.assignments.some((word) => choice.some((glob) => isWithin(glob, word))))

/** Whether a command has what a stage asks for, and no more. */
export const covers = (stage: Stage, invocation: Invocation): boolean =>
  (stage.name === undefined ? invocation.command.words.length === 0 : hasName(stage.name, invocation)) &&
  hasAssignments(stage, invocation) &&
  hasRedirections(stage, invocation) &&
  hasFlags(stage, invocation) &&
  takesAll(stage.operands, invocation.ownOperands, isOne)
