/** From findings to alerts: what one attack does again and again is told once in a while, and then with how often it was. */
import { type Alert, type Reaction, type RuleId, rank, type Severity } from "./Alert.ts"
import type { Observation } from "./Observation.ts"
import type { Finding } from "./Scene.ts"
import type { Settings } from "./Settings.ts"

interface Cooled {
  readonly untilMillis: number
  readonly severity: Severity
  readonly silenced: number
}

/** When which kind of alert may be raised again. */
export type Cooling = ReadonlyMap<string, Cooled>

export const empty: Cooling = new Map()

const kindsMax = 64
const evidenceMax = 16

const reactionOf = ({ rules }: Settings, rule: RuleId): Reaction => {
  const reactions: Readonly<Record<RuleId, Reaction>> = {
    "argument-drift": rules.drift.reaction,
    "blind-spot": "alert",
    "denial-spike": rules.denials.reaction,
    enumeration: rules.enumeration.reaction,
    exfiltration: rules.exfiltration.reaction,
    "first-seen-method": rules.firstSeen.reaction,
    honeytoken: rules.honeytokens.reaction,
    "limit-hits": rules.limits.reaction,
    "metadata-address": rules.addresses.reaction,
    "port-scan": rules.scan.reaction,
    "private-address": rules.addresses.reaction,
    "privileged-spike": rules.privileged.reaction,
    recon: rules.recon.reaction,
    redirect: rules.redirect.reaction,
    "sensitive-file": rules.files.reaction
  }
  return reactions[rule]
}

/** Beyond what can be remembered, all findings of a rule are of one kind. */
const kindOf = (cooling: Cooling, { rule, subject }: Finding): string => {
  const kind = subject === undefined ? rule : `${rule} ${subject.slice(0, 128)}`
  return cooling.has(kind) || cooling.size < kindsMax ? kind : rule
}

const small = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Hosts and paths are chosen by guests, who may put anything into them. */
const masked = (text: string, { honeytokens }: Settings): string => {
  let result = text
  for (const { name, value } of honeytokens) {
    const mask = `[${name}]`
    let at = small(result).indexOf(small(value))
    while (at >= 0) {
      result = result.slice(0, at) + mask + result.slice(at + value.length)
      at = small(result).indexOf(small(value), at + mask.length)
    }
  }
  return result
}

const maskedDetails = (details: Finding["details"], settings: Settings): Finding["details"] =>
  Object.fromEntries(
    Object.entries(details).map(([name, detail]) => {
      if (typeof detail === "string") return [name, masked(detail, settings)]
      return [name, typeof detail === "number" ? detail : detail.map((part) => masked(part, settings))]
    })
  )

const alertOf = (settings: Settings, observation: Observation, finding: Finding, silenced: number): Alert => {
  const { atMillis, id, run, session, tenant } = observation
  const { evidence, rule, severity, subject, title } = finding
  const details = maskedDetails(finding.details, settings)
  const suffix = subject === undefined ? "" : `/${masked(subject, settings)}`
  return {
    id: `${rule}${suffix}@${id}`,
    rule,
    severity,
    title,
    session,
    ...(run === undefined ? {} : { run }),
    ...(tenant === undefined ? {} : { tenant }),
    atMillis,
    evidence: [...new Set([...evidence, id])].slice(-evidenceMax),
    details: silenced === 0 ? details : { ...details, silenced },
    // A note in passing must not stop anybody.
    reaction: severity === "low" ? "alert" : reactionOf(settings, rule)
  }
}

/** The alerts that findings come to. Of one kind the severest is taken; within the cool-down it must be severer than the last. */
export const alerts = (
  settings: Settings,
  cooling: Cooling,
  observation: Observation,
  findings: ReadonlyArray<Finding>
): readonly [Cooling, ReadonlyArray<Alert>] => {
  const severest = new Map<string, Finding>()
  for (const finding of findings) {
    if (settings.off.includes(finding.rule)) continue
    const kind = kindOf(cooling, finding)
    const other = severest.get(kind)
    if (other === undefined || rank(other.severity) < rank(finding.severity)) severest.set(kind, finding)
  }
  if (severest.size === 0) return [cooling, []]
  const next = new Map(cooling)
  const raised: Array<Alert> = []
  for (const [kind, finding] of severest) {
    const last = next.get(kind)
    const isSilenced =
      last !== undefined && observation.atMillis < last.untilMillis && rank(finding.severity) <= rank(last.severity)
    if (isSilenced) {
      next.set(kind, { ...last, silenced: last.silenced + 1 })
      continue
    }
    raised.push(alertOf(settings, observation, finding, last?.silenced ?? 0))
    const untilMillis = observation.atMillis + settings.cooldownMillis
    next.set(kind, { untilMillis, severity: finding.severity, silenced: 0 })
  }
  return [next, raised]
}
