import * as Address from "../Address.ts"
import type { RuleId, Severity } from "../Alert.ts"
import * as Destination from "../Destination.ts"
import type { ObservationOf } from "../Observation.ts"
import { type Finding, nothing, type Rule, type Scene } from "../Scene.ts"

const namesHost = /(?:host|hostname|ip|addr|address|server|endpoint|url|uri|target|domain)$/i

interface Suspect {
  readonly host: string
  readonly network: Address.Network
  readonly how: "named" | "within a URL" | "resolved"
}

const suspect = (host: string, how: Suspect["how"], allowed: ReadonlyArray<string>): ReadonlyArray<Suspect> => {
  const network = Address.networkOf(host)
  return network === undefined || allowed.includes(host) ? nothing : [{ host, network, how }]
}

/** A host that a service which follows redirects or fetches on behalf of others would be sent to. */
const within = (url: string, allowed: ReadonlyArray<string>): ReadonlyArray<Suspect> => {
  const rest = url
    .replace(/^\s*[a-z][a-z0-9+.-]*:[/\\]{2,}[^/\\?#]*/i, "")
    .replace(/%3a/gi, ":")
    .replace(/%2f/gi, "/")
  if (!rest.includes("//")) return nothing
  return Destination.mentioned(rest)
    .filter(({ kind }) => kind === "url")
    .flatMap(({ host }) => suspect(host, "within a URL", allowed))
}

const ofCall = (
  { reading, stage, standing }: Scene<ObservationOf<"CallDecided">>,
  allowed: ReadonlyArray<string>
): ReadonlyArray<Suspect> =>
  reading.texts.flatMap(({ path, text }) => {
    if (text.length > stage.settings.bounds.textCharacters || text.length > 4_096) return nothing
    const plain = /[\t\n\r]/.test(text) ? text.replace(/[\t\n\r]/g, "") : text
    const urls = Destination.ofUrls(plain)
    if (urls.length > 0) {
      return [...urls.flatMap(({ host }) => suspect(host, "named", allowed)), ...within(plain, allowed)]
    }
    const host = standing.isEgress && namesHost.test(path) ? Destination.ofHost(plain) : undefined
    return host === undefined ? nothing : suspect(host.host, "named", allowed)
  })

const ofConnection = (
  { observation }: Scene<ObservationOf<"Network">>,
  allowed: ReadonlyArray<string>
): ReadonlyArray<Suspect> => {
  const host = Address.canonical(observation.host)
  if (allowed.includes(host)) return nothing
  const named = suspect(host, "named", allowed)
  if (named.length > 0 || observation.address === undefined) return named
  return suspect(Address.canonical(observation.address), "resolved", allowed)
}

const severityOf = ({ how, network }: Suspect): Severity => {
  if (network === "metadata") return how === "within a URL" ? "high" : "critical"
  return network === "reserved" || how === "within a URL" ? "medium" : "high"
}

const findingOf = (found: Suspect): Finding => {
  const rule: RuleId = found.network === "metadata" ? "metadata-address" : "private-address"
  return {
    rule,
    severity: severityOf(found),
    title: found.network === "metadata" ? "credentials of the host were asked for" : "a private address was called",
    evidence: [],
    details: { host: found.host.slice(0, 255), network: found.network, how: found.how }
  }
}

/** Calls and connections to where only the host itself has business: private networks, and services that hand out credentials. */
export const addresses: Rule<undefined, "CallDecided" | "Network"> = {
  sees: ["CallDecided", "Network"],
  empty: undefined,
  step: (memory, scene) => {
    const { observation } = scene
    const allowed = scene.stage.settings.allowedAddresses
    const found =
      observation._tag === "Network"
        ? ofConnection({ ...scene, observation }, allowed)
        : ofCall({ ...scene, observation }, allowed)
    return [memory, found.map(findingOf)]
  }
}
