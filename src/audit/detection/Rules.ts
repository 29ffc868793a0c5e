/** All rules, and what they remember of one session. */
import type { Observation } from "./Observation.ts"
import { addresses } from "./rules/Addresses.ts"
import { denials } from "./rules/Denials.ts"
import { drift } from "./rules/Drift.ts"
import { enumeration } from "./rules/Enumeration.ts"
import { exfiltration } from "./rules/Exfiltration.ts"
import { files } from "./rules/Files.ts"
import { firstSeen } from "./rules/FirstSeen.ts"
import { honeytokens } from "./rules/Honeytokens.ts"
import { limitHits } from "./rules/LimitHits.ts"
import { portScan } from "./rules/PortScan.ts"
import { privileged } from "./rules/Privileged.ts"
import { recon } from "./rules/Recon.ts"
import { redirect } from "./rules/Redirect.ts"
import type { Finding, Rule, Scene } from "./Scene.ts"

const rules = {
  addresses,
  denials,
  drift,
  enumeration,
  exfiltration,
  files,
  firstSeen,
  honeytokens,
  limitHits,
  portScan,
  privileged,
  recon,
  redirect
}

type Name = keyof typeof rules

/** What each rule remembers. */
export type Memories = { readonly [Key in Name]: (typeof rules)[Key]["empty"] }

type Tag = Observation["_tag"]

interface Slot {
  readonly sees: ReadonlyArray<Tag>
  readonly run: (memories: Memories, scene: Scene, found: Array<Finding>) => Memories
}

/** Ties a rule to the place of its memory. A rule is only run with scenes of the kinds that it sees. */
const slot = <Key extends Name, Seen extends Tag>(name: Key, rule: Rule<Memories[Key], Seen>): Slot => ({
  sees: rule.sees,
  run: (memories, scene, found) => {
    const memory = memories[name]
    const [next, findings] = rule.step(memory, scene as Parameters<typeof rule.step>[1])
    if (findings.length > 0) found.push(...findings)
    return next === memory ? memories : { ...memories, [name]: next }
  }
})

const slots: ReadonlyArray<Slot> = [
  slot("honeytokens", honeytokens),
  slot("exfiltration", exfiltration),
  slot("addresses", addresses),
  slot("files", files),
  slot("redirect", redirect),
  slot("privileged", privileged),
  slot("firstSeen", firstSeen),
  slot("drift", drift),
  slot("enumeration", enumeration),
  slot("recon", recon),
  slot("denials", denials),
  slot("portScan", portScan),
  slot("limitHits", limitHits)
]

export const empty: Memories = {
  addresses: addresses.empty,
  denials: denials.empty,
  drift: drift.empty,
  enumeration: enumeration.empty,
  exfiltration: exfiltration.empty,
  files: files.empty,
  firstSeen: firstSeen.empty,
  honeytokens: honeytokens.empty,
  limitHits: limitHits.empty,
  portScan: portScan.empty,
  privileged: privileged.empty,
  recon: recon.empty,
  redirect: redirect.empty
}

const bySight = new Map<Tag, ReadonlyArray<Slot>>()
for (const { sees } of slots)
  for (const tag of sees)
    bySight.set(
      tag,
      slots.filter((slot) => slot.sees.includes(tag))
    )

/** Shows one scene to every rule that has an eye for it. */
export const look = (memories: Memories, scene: Scene): readonly [Memories, ReadonlyArray<Finding>] => {
  const found: Array<Finding> = []
  let next = memories
  for (const { run } of bySight.get(scene.observation._tag) ?? []) next = run(next, scene, found)
  return [next, found]
}
