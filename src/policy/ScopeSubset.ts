/** Whether one rule is about every subject that another one is about. */
import * as Attenuation from "../capability/Attenuation.ts"
import { toRule } from "../capability/Constraint.ts"
import * as Pattern from "../capability/Pattern.ts"
import { toText } from "../capability/Rule.ts"
import { type HostPattern, isSubsetOf as isHostSubsetOf } from "./network/Host.ts"
import * as PathPattern from "./PathPattern.ts"
import type { Rule, ScopeOf } from "./Rule.ts"
import type { CommandPattern } from "./shell/CommandPattern.ts"
import { isSubsetOf as isCommandSubsetOf } from "./shell/CommandSubset.ts"

/** Whether each of a list is a part of one of the other. A list that is not given has everything. */
const areParts = <Item>(
  children: ReadonlyArray<Item> | undefined,
  parents: ReadonlyArray<Item> | undefined,
  isPart: (child: Item, parent: Item) => boolean
): boolean =>
  parents === undefined || (children?.every((child) => parents.some((parent) => isPart(child, parent))) ?? false)

const isSame = (left: string, right: string): boolean => left === right

/**
 * A rule that allows is about inputs that pass for certain. One that forbids is also about those that cannot be judged, which are
 * others for another constraint: only of the same one, or none, it is known that it is about these too.
 */
const isWhereWithin = (child: ScopeOf<"tools">, parent: ScopeOf<"tools">, allows: boolean): boolean => {
  if (parent.where === undefined) return true
  const where = child.where ?? {}
  if (toText(toRule(where)) === toText(toRule(parent.where))) return true
  return allows && Attenuation.isSubsetOf(where, parent.where)
}

/** What allows is read narrowly: of two patterns that allow, only what they say in the same words is known to be the same. */
const isCommandWithin = (child: CommandPattern, parent: CommandPattern, parentAllows: boolean): boolean =>
  parentAllows ? JSON.stringify(child.stages) === JSON.stringify(parent.stages) : isCommandSubsetOf(child, parent)

/** What allows lets no private address through that is not named as one. */
const isNetworkWithin = (child: ScopeOf<"network">, parent: ScopeOf<"network">, parentAllows: boolean): boolean => {
  const isPrivateWithin = parentAllows ? child.private === parent.private : !parent.private || child.private === true
  const isHostWithin = (host: HostPattern, wide: HostPattern) =>
    isHostSubsetOf(host, wide) && (!parentAllows || host._tag === wide._tag)
  return (
    isPrivateWithin &&
    areParts(child.hosts, parent.hosts, isHostWithin) &&
    areParts(child.ports, parent.ports, (inner, outer) => outer.from <= inner.from && inner.to <= outer.to)
  )
}

/** Whether it is so. A yes is certain. Conditions are not compared. */
export const isSubsetOf = ({ effect, scope: child }: Rule, { effect: other, scope: parent }: Rule): boolean => {
  const parentAllows = other === "allow"
  if (child.kind === "tools" && parent.kind === "tools") {
    return (
      areParts(child.methods, parent.methods, Pattern.isSubsetOf) && isWhereWithin(child, parent, effect === "allow")
    )
  }
  if (child.kind === "commands" && parent.kind === "commands") {
    return areParts(child.patterns, parent.patterns, (pattern, wide) => isCommandWithin(pattern, wide, parentAllows))
  }
  if (child.kind === "files" && parent.kind === "files") {
    return areParts(child.access, parent.access, isSame) && areParts(child.paths, parent.paths, PathPattern.isSubsetOf)
  }
  if (child.kind === "network" && parent.kind === "network") {
    return isNetworkWithin(child, parent, parentAllows)
  }
  return (
    child.kind === "code" &&
    parent.kind === "code" &&
    areParts(child.languages, parent.languages, isSame) &&
    areParts(child.contains, parent.contains, (text, part) => text.includes(part))
  )
}

/** Whether a rule names only lists of nothing, so that it is about no subject. */
export const isEmpty = ({ effect, scope }: Rule): boolean => {
  switch (scope.kind) {
    case "tools": {
      // What cannot be judged is in doubt, and so may still be forbidden.
      const isNothing = effect === "allow" && Attenuation.isSubsetOf(scope.where ?? {}, { or: [] })
      return scope.methods.length === 0 || isNothing
    }
    case "commands":
      return scope.patterns.length === 0
    case "files":
      return scope.paths.length === 0 || scope.access.length === 0
    case "network":
      return scope.hosts?.length === 0 || scope.ports?.length === 0
    case "code":
      return scope.languages?.length === 0 || scope.contains?.length === 0
  }
}
