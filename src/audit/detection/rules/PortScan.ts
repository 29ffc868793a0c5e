import * as Address from "../Address.ts"
import * as Distinct from "../Distinct.ts"
import * as Hash from "../Hash.ts"
import { type Finding, nothing, type Rule } from "../Scene.ts"

export interface Host {
  readonly host: string
  readonly ports: Distinct.Distinct
}

const hostsMax = 16
const portsMax = 32

/** Many ports of one host: somebody looks for a service. */
export const portScan: Rule<ReadonlyArray<Host>, "CallDecided" | "Network"> = {
  sees: ["CallDecided", "Network"],
  empty: [],
  step: (memory, { destinations, observation, stage }) => {
    const { ports: most, windowMillis } = stage.settings.rules.scan
    const { atMillis, id } = observation
    const asked =
      observation._tag === "Network"
        ? [{ host: Address.canonical(observation.host), port: String(observation.port) }]
        : destinations.filter(({ kind, port }) => kind !== "mail" && port !== "")
    let next = memory
    const found: Array<Finding> = []
    for (const { host, port } of asked) {
      const before = next.find((known) => known.host === host)?.ports ?? Distinct.empty
      const ports = Distinct.add(
        before,
        { key: Hash.ofText(port), atMillis, id },
        { most: portsMax, spanMillis: windowMillis }
      )
      next = [...next.filter((known) => known.host !== host).slice(-(hostsMax - 1)), { host, ports }]
      if (ports.length < most) continue
      found.push({
        rule: "port-scan",
        severity: "high",
        title: "many ports of one host were tried",
        subject: host,
        evidence: Distinct.evidence(ports),
        details: { host: host.slice(0, 255), ports: ports.length, threshold: most, windowMillis }
      })
    }
    return [next, found.length === 0 ? nothing : found]
  }
}
