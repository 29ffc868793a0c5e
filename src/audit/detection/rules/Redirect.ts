import * as Destination from "../Destination.ts"
import * as Distinct from "../Distinct.ts"
import * as Hash from "../Hash.ts"
import * as Matcher from "../Matcher.ts"
import type { ObservationOf } from "../Observation.ts"
import { clip } from "../Reading.ts"
import { type Finding, nothing, type Rule, type Scene, type Step } from "../Scene.ts"

const remembered = 32
const rememberedMillis = 86_400_000

/** Strangers that a text mentions which also gives orders to whoever reads it. */
const namedWithOrders = ({ observation, stage }: Scene<ObservationOf<"CallSettled">>): ReadonlyArray<string> => {
  const { bounds, trusted } = stage.settings
  if (observation.value === undefined) return nothing
  const text = clip(observation.value, bounds.textCharacters)
  let isOrder = false
  stage.matcher.search(text, Matcher.beginning, (mark) => {
    if (mark._tag === "Order") isOrder = true
  })
  if (!isOrder) return nothing
  return Destination.mentioned(text)
    .map(({ host }) => host)
    .filter((host) => !Destination.isBelow(host, trusted))
}

const learn = (memory: Distinct.Distinct, scene: Scene<ObservationOf<"CallSettled">>): Distinct.Distinct => {
  const { atMillis, id } = scene.observation
  return namedWithOrders(scene).reduce(
    (known, host) =>
      Distinct.add(known, { key: Hash.ofText(host), atMillis, id }, { most: remembered, spanMillis: rememberedMillis }),
    memory
  )
}

/** Data goes to an address that stood beside orders in something the guest read: the document has taken over the program. */
export const redirect: Rule<Distinct.Distinct, "CallDecided" | "CallSettled"> = {
  sees: ["CallDecided", "CallSettled"],
  empty: Distinct.empty,
  step: (memory, scene): Step<Distinct.Distinct> => {
    const { destinations, observation } = scene
    if (observation._tag === "CallSettled") return [learn(memory, { ...scene, observation }), nothing]
    if (memory.length === 0 || destinations.length === 0) return [memory, nothing]
    for (const { host } of destinations) {
      const key = Hash.ofText(host)
      const source = memory.find((known) => known.key === key)
      if (source === undefined) continue
      const finding: Finding = {
        rule: "redirect",
        severity: "high",
        title: "a call goes where a document that was read gave orders to go",
        subject: host,
        evidence: [source.id],
        details: { host: host.slice(0, 255), method: observation.method }
      }
      return [memory, [finding]]
    }
    return [memory, nothing]
  }
}
