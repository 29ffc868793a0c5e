/** How well the detector tells the hostile programs of the corpus from the benign ones. */
import { Effect, Result } from "effect"
import * as Detector from "../../../src/audit/Detector.ts"
import { type Alert, rank } from "../../../src/audit/detection/Alert.ts"
import type { SettingsInput } from "../../../src/audit/detection/Settings.ts"
import * as Company from "./Company.ts"
import * as Corpus from "./Corpus.ts"

/** What the operator of the company would write: its domains, its partner, what was planted. All numbers are the defaults. */
export const settings: SettingsInput = {
  trusted: ["acme.example", "partner.example", "github.example"],
  honeytokens: Object.entries(Company.tokens).map(([name, value]) => ({ name, value }))
}

export interface Judged {
  readonly program: string
  readonly family: string
  readonly kind: "benign" | "hostile"
  /** Thresholds were chosen by looking at the one half only. */
  readonly half: "tuned" | "held-out"
  /** Alerts of medium severity or more count; the others are notes. */
  readonly isFlagged: boolean
  readonly alerts: ReadonlyArray<Alert>
  readonly observations: number
  readonly failures: ReadonlyArray<string>
}

const baselineDays = 5

/** By the name alone, so that a program stays in its half for good. */
const halfOf = (name: string): Judged["half"] => {
  let hash = 7
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash, 31) + name.charCodeAt(index)
  return ((hash >>> 7) & 1) === 0 ? "tuned" : "held-out"
}

const fold = (
  detector: Detector.Detector,
  state: Detector.DetectorState,
  observations: Corpus.Watched["observations"]
) => {
  const alerts: Array<Alert> = []
  let current = state
  for (const observation of observations) {
    const [next, raised] = detector.step(current, observation)
    alerts.push(...raised)
    current = next
  }
  return { state: current, alerts }
}

/** Learns the habits of an ordinary week, and then meets each program as if it were the only one that ever came. */
export const evaluate = Effect.gen(function* () {
  const detector = Result.getOrThrow(Detector.make(settings))
  let learned = detector.initial
  const baseline: Array<Alert> = []
  for (let day = 0; day < baselineDays; day++) {
    for (const program of Corpus.programs("baseline")) {
      const { observations } = yield* Corpus.watch(program, day)
      const { alerts, state } = fold(detector, learned, observations)
      learned = state
      baseline.push(...alerts)
    }
  }
  const judged: Array<Judged> = []
  for (const kind of ["benign", "hostile"] as const) {
    for (const program of Corpus.programs(kind)) {
      const { failures, observations } = yield* Corpus.watch(program, baselineDays)
      const { alerts } = fold(detector, learned, observations)
      const isFlagged = alerts.some(({ severity }) => rank(severity) >= rank("medium"))
      const { family, name } = program
      judged.push({
        program: name,
        family,
        kind,
        half: halfOf(name),
        isFlagged,
        alerts,
        observations: observations.length,
        failures
      })
    }
  }
  return { judged, baseline }
})

export interface Rates {
  readonly programs: number
  readonly flagged: number
  readonly rate: number
}

/** Of hostile programs the recall, of benign ones the rate of false positives. */
export const ratesOf = (judged: ReadonlyArray<Judged>, kind: Judged["kind"], half?: Judged["half"]): Rates => {
  const all = judged.filter((one) => one.kind === kind && (half === undefined || one.half === half))
  const flagged = all.filter(({ isFlagged }) => isFlagged).length
  return { programs: all.length, flagged, rate: all.length === 0 ? 0 : flagged / all.length }
}
