/** What `caisson doctor` has found out of this host, and what follows from it. Pure. */
import type { Side } from "../Screen.ts"

export interface Finding {
  readonly name: string
  /** `degraded`: it goes without, with less. */
  readonly state: "ok" | "degraded" | "missing"
  /** Whether the tier does not work without it. */
  readonly isRequired: boolean
  /** What was found. */
  readonly detail: string
  readonly neededFor: string
  /** What mends it, as far as a command can. */
  readonly mend?: string | undefined
}

export interface Tier {
  readonly tier: "embedded" | "microvm"
  readonly findings: ReadonlyArray<Finding>
}

/** `notInstalled`: nobody has tried to have it here. */
export type Verdict = "works" | "doesNotWork" | "notInstalled"

/** Without the first of them nobody expects a tier to work: its hypervisor. */
export const verdictOf = ({ findings, tier }: Tier): Verdict => {
  const lacking = findings.filter(({ isRequired, state }) => isRequired && state === "missing")
  if (lacking.length === 0) return "works"
  return tier === "microvm" && lacking[0] === findings[0] ? "notInstalled" : "doesNotWork"
}

/** Whether this host is as it was asked for: a tier that nobody asked for may be absent, and may not be half there. */
export const isWell = (tiers: ReadonlyArray<Tier>, asked: Tier["tier"] | undefined): boolean =>
  tiers
    .filter(({ tier }) => asked === undefined || tier === asked)
    .every((tier) => {
      const verdict = verdictOf(tier)
      return verdict === "works" || (verdict === "notInstalled" && asked === undefined)
    })

const titles: Record<Tier["tier"], string> = { embedded: "embedded tier", microvm: "microVM tier" }
const verdicts: Record<Verdict, string> = {
  works: "works",
  doesNotWork: "does not work",
  notInstalled: "is not installed"
}
const colours = { ok: "green", degraded: "yellow", missing: "red" } as const

const linesOf = (finding: Finding, width: number, side: Side): ReadonlyArray<string> => {
  const { detail, isRequired, mend, name, neededFor, state } = finding
  const colour = state === "missing" && !isRequired ? "yellow" : colours[state]
  const indent = " ".repeat(width + 14)
  const first = `  ${side.paint(colour, state.padEnd(8))}  ${name.padEnd(width)}  ${side.tame(detail.split("\n")[0] ?? "")}`
  if (state === "ok") return [first.trimEnd()]
  const need = `${indent}for ${neededFor}${isRequired || state !== "missing" ? "" : "; it goes without"}`
  return [first.trimEnd(), side.paint("dim", need), ...(mend === undefined ? [] : [`${indent}${mend}`])]
}

/** A tier, and a line or more for each finding. */
export const tierLines = (tier: Tier, side: Side): ReadonlyArray<string> => {
  const verdict = verdictOf(tier)
  const width = Math.max(...tier.findings.map(({ name }) => name.length))
  const title = `${titles[tier.tier]} ${side.paint(verdict === "works" ? "green" : "yellow", verdicts[verdict])}`
  return [title, ...tier.findings.flatMap((finding) => linesOf(finding, width, side))]
}
