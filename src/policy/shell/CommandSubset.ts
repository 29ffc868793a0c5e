/** Whether what forbids by one pattern is about every command that another pattern is about. A yes is certain. */
import * as Glob from "../Glob.ts"
import { rest } from "../Sequence.ts"
import type { CommandPattern } from "./CommandPattern.ts"
import { isGiven, letters } from "./Flags.ts"
import type { Choice, Stage } from "./PatternText.ts"

const isChoiceWithin = (child: Choice, parent: Choice): boolean =>
  child.every((glob) => parent.some((wide) => Glob.isSubsetOf(glob, wide)))

const hasSlash = (choice: Choice): boolean => choice.some((glob) => glob.some((part) => part.includes("/")))

const isNameWithin = ({ name: child }: Stage, { name: parent }: Stage): boolean => {
  if (parent === undefined) return true
  return child !== undefined && !hasSlash(child) && !hasSlash(parent) && isChoiceWithin(child, parent)
}

const isFlagWithin = (child: string, parent: string): boolean => {
  if (child === parent) return true
  const cluster = letters(parent)
  return cluster.length === 1 && cluster.every((letter) => letters(child).includes(letter))
}

const namesOf = ({ name = [] }: Stage): ReadonlyArray<string> => {
  const names = name.map((glob) => (Glob.isLiteral(glob) ? glob[0] : ""))
  return names.length === 0 ? [""] : names
}

const areFlagsWithin = (child: Stage, parent: Stage): boolean => {
  // What is given in one spelling alone is given in every command that the child is about, in that spelling or another one of it.
  const certain = child.flags.flatMap(([spelling, ...others]) =>
    spelling === undefined || others.length > 0 || spelling.includes("*") ? [] : [spelling]
  )
  const isCertain = (wanted: string) =>
    !wanted.includes("*") && namesOf(child).every((name) => isGiven(name, certain, wanted))
  return parent.flags.every(
    (wanted) =>
      wanted.some(isCertain) ||
      child.flags.some((given) => given.every((spelling) => wanted.some((wide) => isFlagWithin(spelling, wide))))
  )
}

const areOperandsWithin = (child: Stage, parent: Stage): boolean => {
  const wanted = parent.operands.filter((operand) => operand !== rest)
  let found = 0
  for (const operand of child.operands) {
    const choice = wanted[found]
    if (choice !== undefined && operand !== rest && isChoiceWithin(operand, choice)) found++
  }
  return found === wanted.length
}

const isStageWithin = (child: Stage, parent: Stage): boolean =>
  isNameWithin(child, parent) &&
  areFlagsWithin(child, parent) &&
  areOperandsWithin(child, parent) &&
  parent.assignments.every((wanted) => child.assignments.some((given) => isChoiceWithin(given, wanted))) &&
  parent.redirections.every((wanted) =>
    child.redirections.some(
      (given) => given.direction === wanted.direction && isChoiceWithin(given.target, wanted.target)
    )
  )

/** Whether it is so. Pipes are compared stage by stage, or by their last one if the other pattern has only one. */
export const isSubsetOf = ({ stages: child }: CommandPattern, { stages: parent }: CommandPattern): boolean => {
  const compared = parent.length === 1 ? child.slice(-1) : child
  return (
    compared.length === parent.length &&
    parent.every((wide, index) => {
      const stage = compared[index]
      return stage !== undefined && isStageWithin(stage, wide)
    })
  )
}
