/** Whether one rule is about one subject. */
import * as Pattern from "../capability/Pattern.ts"
import * as Glob from "./Glob.ts"
import * as Address from "./network/Address.ts"
import { type HostPattern, isPrivateName } from "./network/Host.ts"
import * as PathPattern from "./PathPattern.ts"
import type { Prepared, PreparedNetwork, PreparedOf } from "./Prepared.ts"
import type { Rule, RuleEffect, ScopeOf } from "./Rule.ts"
import * as CommandPattern from "./shell/CommandPattern.ts"
import * as Invocation from "./shell/Invocation.ts"
import type { Chance } from "./shell/Wide.ts"
import { judgeInput } from "./Where.ts"

export interface Match {
  /** `maybe` only of a rule that forbids: it counts as if it were about the subject. */
  readonly chance: Chance
  /** What is missing, or in doubt. */
  readonly why: () => string
  /** For commands, the same of each that a script runs. */
  readonly each?: ReadonlyArray<Chance>
}

const yes: Match = { chance: "yes", why: () => "it is about this" }
const no = (why: string): Match => ({ chance: "no", why: () => why })

const chanceInDoubt = (effect: RuleEffect): Chance => (effect === "allow" ? "no" : "maybe")

/** What is in doubt, for a rule of this effect. */
const inDoubt = (effect: RuleEffect, why: string): Match => ({ chance: chanceInDoubt(effect), why: () => why })

const ofInput = (effect: RuleEffect, { where }: ScopeOf<"tools">, input: unknown): Match => {
  if (where === undefined) return yes
  const { chance, why } = judgeInput(where, input)
  if (chance === "yes") return yes
  return { chance: chance === "maybe" ? chanceInDoubt(effect) : chance, why }
}

const ofTool = (effect: RuleEffect, scope: ScopeOf<"tools">, { input, method }: PreparedOf<"tools">): Match => {
  if (method === undefined) return inDoubt(effect, "the method has no proper name")
  const isMethod = scope.methods.some((pattern) => Pattern.matches(pattern, method))
  return isMethod ? ofInput(effect, scope, input) : no("it is about other methods")
}

const strongest = (left: Chance, right: Chance): Chance => {
  if (left === "yes" || right === "yes") return "yes"
  return left === "maybe" || right === "maybe" ? "maybe" : "no"
}

const namedAt = (script: PreparedOf<"commands">["script"], index: number): string => {
  const command = script.commands[index]
  return JSON.stringify((command === undefined ? undefined : Invocation.of(command).name) ?? "a command")
}

const ofCommands = (
  effect: RuleEffect,
  { patterns }: ScopeOf<"commands">,
  { script }: PreparedOf<"commands">
): Match => {
  const perPattern = patterns.map(
    (pattern): ReadonlyArray<Chance> =>
      effect === "allow"
        ? CommandPattern.allowed(pattern, script).map((isAllowed) => (isAllowed ? "yes" : "no"))
        : CommandPattern.forbidden(pattern, script)
  )
  const each = script.commands.map((_, index) =>
    perPattern.reduce<Chance>((chance, chances) => strongest(chance, chances[index] ?? "no"), "no")
  )
  const chance = each.reduce(strongest, "no")
  const why = () => {
    if (chance === "no") return "it is about other commands"
    const named = namedAt(script, each.indexOf(chance))
    return chance === "yes" ? `it is about ${named}` : `it depends on words of ${named} that are not written out`
  }
  return { chance, why, each }
}

const ofFile = (effect: RuleEffect, scope: ScopeOf<"files">, { access, path }: PreparedOf<"files">): Match => {
  if (!scope.access.includes(access)) return no(`it is not about ${access === "read" ? "reading" : "writing"}`)
  if (path === undefined) return inDoubt(effect, "the path cannot be read as a clean absolute one")
  return scope.paths.some((pattern) => PathPattern.matches(pattern, path)) ? yes : no("it is about other paths")
}

/** Whether a host, or addresses of its name, are those of a pattern: one of them for what forbids, all for what allows. */
const isHost = (effect: RuleEffect, pattern: HostPattern, { addresses, host }: PreparedNetwork): boolean => {
  if (pattern._tag === "Names") {
    const { name = "" } = host ?? {}
    return pattern.text === "*" || (host?._tag === "Name" && Glob.matches(pattern.glob, name))
  }
  if (addresses === undefined) return false
  return effect === "allow"
    ? addresses.every((address) => Address.has(pattern.range, address))
    : addresses.some((address) => Address.meanings(address).some((meaning) => Address.has(pattern.range, meaning)))
}

const isPrivate = ({ addresses, host }: PreparedNetwork): boolean =>
  (host?._tag === "Name" && isPrivateName(host.name)) || (addresses?.some(Address.isPrivate) ?? false)

/** Whether every address that is known is private. */
const isAllPrivate = ({ addresses = [] }: PreparedNetwork): boolean => addresses.every(Address.isPrivate)

const ofNetwork = (effect: RuleEffect, scope: ScopeOf<"network">, network: PreparedNetwork): Match => {
  const { host, port } = network
  if (scope.ports?.some(({ from, to }) => from <= port && port <= to) === false) return no("it is about other ports")
  if (host === undefined) return inDoubt(effect, "the host or an address cannot be read")
  const patterns = scope.hosts?.filter((pattern) => isHost(effect, pattern, network))
  if (patterns?.length === 0) return no("it is about other hosts")
  const isWanted = effect === "allow" ? isPrivate(network) && isAllPrivate(network) : isPrivate(network)
  if (scope.private === true) return isWanted ? yes : no("it is about private addresses")
  const areNamed = patterns?.some(({ _tag }) => _tag === "Range") === true
  return effect === "allow" && isPrivate(network) && !areNamed
    ? no("it lets no private address through: write private: true, or name the address")
    : yes
}

const ofCode = ({ contains, languages }: ScopeOf<"code">, { language, text }: PreparedOf<"code">): Match => {
  if (languages?.includes(language.toLowerCase()) === false) return no("it is about other languages")
  return contains?.some((part) => text.includes(part)) === false ? no("none of its texts is in the code") : yes
}

/** Whether a rule is about a subject of its kind. Its conditions are not looked at. */
export const match = ({ effect, scope }: Rule, subject: Prepared): Match => {
  if (scope.kind === "tools" && subject.kind === "tools") return ofTool(effect, scope, subject)
  if (scope.kind === "commands" && subject.kind === "commands") return ofCommands(effect, scope, subject)
  if (scope.kind === "files" && subject.kind === "files") return ofFile(effect, scope, subject)
  if (scope.kind === "network" && subject.kind === "network") return ofNetwork(effect, scope, subject)
  if (scope.kind === "code" && subject.kind === "code") return ofCode(scope, subject)
  return no("it is about something else")
}

/** The same for a rule that the rulebook gives for the subject, so that its methods are known to have the subject's. */
export const matchFound = (rule: Rule, subject: Prepared): Match =>
  rule.scope.kind === "tools" && subject.kind === "tools" && subject.method !== undefined
    ? ofInput(rule.effect, rule.scope, subject.input)
    : match(rule, subject)
