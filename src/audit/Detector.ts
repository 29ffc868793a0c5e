/**
 * Watches sessions for what an attack looks like. A pure fold of observations: the same stream gives the same alerts, however it
 * is cut into pieces, wherever the state was kept in between.
 *
 * D1. No clock, no chance, no world: time is what observations say. A state that was stepped from stays as it was.
 * D2. Memory is bounded, of each session and in total. What a bound costs is told by an alert of the rule `blind-spot`.
 * D3. Of what a guest read or sent, an alert holds at most the names of a method, an argument, a host or a path, and never the
 *     value of a honeytoken as it was planted.
 * D4. It decides nothing. Reactions are data for whoever has the authority to carry them out.
 */
import * as Result from "effect/Result"
import * as Method from "../capability/Pattern.ts"
import type { Malformed } from "../capability/Plain.ts"
import * as Address from "./detection/Address.ts"
import type { Alert } from "./detection/Alert.ts"
import * as Cooling from "./detection/Cooling.ts"
import * as Habits from "./detection/Habits.ts"
import * as Marks from "./detection/Marks.ts"
import type { Observation } from "./detection/Observation.ts"
import * as Recent from "./detection/Recent.ts"
import * as Rules from "./detection/Rules.ts"
import type { Finding, Stage, Standing } from "./detection/Scene.ts"
import { decode, type Settings, type SettingsInput } from "./detection/Settings.ts"
import * as Sight from "./detection/Sight.ts"
import * as Trickle from "./detection/Trickle.ts"

/** What is remembered of one session. */
interface SessionMemory {
  readonly rules: Rules.Memories
  readonly trickle: Trickle.Trickle
  readonly cooling: Cooling.Cooling
}

/** Everything that the detector knows. Plain immutable data, to be kept by whoever runs it. */
export interface DetectorState {
  readonly sessions: Recent.Recent<SessionMemory>
  readonly tenants: Recent.Recent<Habits.Habits>
}

export interface Detector {
  readonly settings: Settings
  readonly initial: DetectorState
  /** The state after one more observation, and the alerts that it raised, as a rule none. Never fails. */
  readonly step: (state: DetectorState, observation: Observation) => readonly [DetectorState, ReadonlyArray<Alert>]
}

const newSession: SessionMemory = { rules: Rules.empty, trickle: Trickle.empty, cooling: Cooling.empty }

const standingsKept = 4_096

/** What patterns say of methods, which is asked again and again. */
const standings = ({ egress, files, privileged }: Settings): Stage["standing"] => {
  const known = new Map<string, Standing>()
  const isAmong = (patterns: Settings["egress"], method: Method.Method) =>
    patterns.some((pattern) => Method.matches(pattern, method))
  return (name) => {
    const found = known.get(name)
    if (found !== undefined) return found
    const method = Method.method(name)
    const standing = Result.isFailure(method)
      ? { isPrivileged: false, isEgress: false, takesPaths: false }
      : {
          isPrivileged: isAmong(privileged, method.success),
          isEgress: isAmong(egress, method.success),
          takesPaths: isAmong(files, method.success)
        }
    if (known.size >= standingsKept) known.clear()
    known.set(name, standing)
    return standing
  }
}

const blindSpot = (what: string, details: Finding["details"]): Finding => ({
  rule: "blind-spot",
  severity: "low",
  title: what,
  subject: what,
  evidence: [],
  details
})

/** What could not be seen, or is no longer known. */
const blindSpots = (before: DetectorState, after: DetectorState, isPartial: boolean, isFull: boolean) => {
  const found: Array<Finding> = []
  if (isPartial) found.push(blindSpot("a text was too large to be seen whole", {}))
  if (isFull) found.push(blindSpot("there is no room for more habits of this tenant", {}))
  const sessions = after.sessions.forgotten - before.sessions.forgotten
  if (sessions > 0) found.push(blindSpot("sessions were forgotten to make room for others", { sessions }))
  const tenants = after.tenants.forgotten - before.tenants.forgotten
  if (tenants > 0) found.push(blindSpot("habits of tenants were forgotten to make room for others", { tenants }))
  return found
}

const learn = (habits: Habits.Habits, scene: Sight.Sight["scene"], settings: Settings): Habits.Habits => {
  const { destinations, observation, reading } = scene
  if (observation._tag !== "CallDecided" || observation.effect === "deny") return habits
  const { method, session } = observation
  return Habits.learn(habits, { method, session, reading, owners: destinations.map(({ owner }) => owner) }, settings)
}

/**
 * Makes a detector. Fails with `Malformed` for settings that are not sound; `{}` are the defaults, which know of no honeytokens
 * and trust no destination.
 *
 * ```ts
 * const detector = Result.getOrThrow(Detector.make({ trusted: ["example.com"] }))
 * const [state, alerts] = detector.step(detector.initial, observation)
 * ```
 */
export const make = (input: SettingsInput): Result.Result<Detector, Malformed> =>
  Result.map(decode(input), (decoded): Detector => {
    const settings: Settings = {
      ...decoded,
      trusted: decoded.trusted.map(Address.canonical),
      allowedAddresses: decoded.allowedAddresses.map(Address.canonical)
    }
    const stage: Stage = { settings, matcher: Marks.compile(settings.honeytokens), standing: standings(settings) }
    return {
      settings,
      initial: { sessions: Recent.make(settings.bounds.sessions), tenants: Recent.make(settings.bounds.tenants) },
      step: (state, observation) => {
        const memory = Recent.get(state.sessions, observation.session) ?? newSession
        const tenant = observation.tenant ?? ""
        const habits = Recent.get(state.tenants, tenant) ?? Habits.empty
        const { scene, trickle } = Sight.of(stage, observation, habits, memory.trickle)
        const [rules, findings] = Rules.look(memory.rules, scene)
        const learned = learn(habits, scene, settings)
        const tenants = learned === habits ? state.tenants : Recent.set(state.tenants, tenant, learned)
        const known = Recent.set(state.sessions, observation.session, memory)
        const after = { sessions: known, tenants }
        const unseen = blindSpots(state, after, scene.reading.isPartial, learned.isFull && !habits.isFull)
        const [cooling, alerts] = Cooling.alerts(settings, memory.cooling, observation, [...findings, ...unseen])
        const sessions = Recent.set(known, observation.session, { rules, trickle, cooling })
        return [{ sessions, tenants }, alerts]
      }
    }
  })
