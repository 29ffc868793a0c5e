/** The rules of a policy, as they are once their file has been read. */
import type { Constraint } from "../capability/Constraint.ts"
import type { Pattern } from "../capability/Pattern.ts"
import type { HostPattern } from "./network/Host.ts"
import type { PathPattern } from "./PathPattern.ts"
import type { Access, Context, Kind } from "./Subject.ts"
import type { CommandPattern } from "./shell/CommandPattern.ts"

/** What becomes of a subject, the strictest first. */
export const decisions = ["deny", "ask", "allow"] as const
export type Decision = (typeof decisions)[number]

/** What a rule does. `detect` only reports. */
export const effects = [...decisions, "detect"] as const
export type RuleEffect = (typeof effects)[number]

/** A place in a file, counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Under which conditions something holds: each that is given must be met, and of each list one text. */
export interface When {
  readonly templates?: ReadonlyArray<string>
  readonly tenants?: ReadonlyArray<string>
  readonly labels?: Readonly<Record<string, ReadonlyArray<string>>>
}

export interface PortRange {
  readonly from: number
  readonly to: number
}

/** What a rule is about. A list that is not given excludes nothing. */
export type Scope =
  | { readonly kind: "tools"; readonly methods: ReadonlyArray<Pattern>; readonly where?: Constraint }
  | { readonly kind: "commands"; readonly patterns: ReadonlyArray<CommandPattern> }
  | { readonly kind: "files"; readonly access: ReadonlyArray<Access>; readonly paths: ReadonlyArray<PathPattern> }
  | {
      readonly kind: "network"
      readonly hosts?: ReadonlyArray<HostPattern>
      readonly ports?: ReadonlyArray<PortRange>
      /** Only private addresses. Without it, what allows is about public ones, but for those that its hosts name. */
      readonly private?: true
    }
  | { readonly kind: "code"; readonly languages?: ReadonlyArray<string>; readonly contains?: ReadonlyArray<string> }

export type ScopeOf<K extends Kind> = Extract<Scope, { readonly kind: K }>

export interface Rule {
  readonly id: string
  readonly effect: RuleEffect
  readonly when?: When
  readonly scope: Scope
  readonly reason?: string
  /** Where it begins in its file. */
  readonly position: Position
}

/** The condition that is not met; undefined if all are. What is not known of who asks meets no condition. */
export const unmet = (when: When | undefined, context: Context): string | undefined => {
  if (when === undefined) return undefined
  const { labels = {}, templates, tenants } = when
  if (templates !== undefined && !templates.includes(context.template ?? "")) return "it is for other templates"
  if (tenants !== undefined && !tenants.includes(context.tenant ?? "")) return "it is for other tenants"
  const given = context.labels ?? {}
  const missing = Object.keys(labels).find(
    (name) => !(Object.hasOwn(given, name) && labels[name]?.includes(given[name] ?? "") === true)
  )
  return missing === undefined ? undefined : `it is for another label ${JSON.stringify(missing)}`
}

const isPart = (child: ReadonlyArray<string> | undefined, parent: ReadonlyArray<string> | undefined): boolean =>
  parent === undefined || (child?.every((text) => parent.includes(text)) ?? false)

/** Whether the second conditions are met whenever the first are. */
export const isWhenSubsetOf = (child: When = {}, parent: When = {}): boolean =>
  isPart(child.templates, parent.templates) &&
  isPart(child.tenants, parent.tenants) &&
  Object.entries(parent.labels ?? {}).every(([name, texts]) => isPart(child.labels?.[name], texts))

/** Whether no conditions can meet it: a list of nothing. */
export const isNever = ({ labels = {}, templates, tenants }: When = {}): boolean =>
  [templates, tenants, ...Object.values(labels)].some((list) => list?.length === 0)
