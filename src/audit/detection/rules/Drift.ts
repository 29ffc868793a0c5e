import type { Severity } from "../Alert.ts"
import * as Habits from "../Habits.ts"
import * as Magnitude from "../Magnitude.ts"
import type { ObservationOf } from "../Observation.ts"
import { type Finding, nothing, type Rule, type Scene } from "../Scene.ts"
import * as Shape from "../Shape.ts"

type Seen = Scene<ObservationOf<"CallDecided">>

/** One argument of a call, whose usual values are known. */
interface Argument {
  readonly path: string
  readonly usual: Habits.Field
  readonly size: number
  /** Undefined of a number. */
  readonly text: string | undefined
}

const factorOf = (decades: number): number => Math.round(10 ** Math.min(decades, 15))

const argumentsOf = ({ habits, observation, reading, stage }: Seen): ReadonlyArray<Argument> => {
  const { learning } = stage.settings.rules.drift
  const found: Array<Argument> = []
  const add = (path: string, suffix: string, size: number, text: string | undefined) => {
    const usual = Habits.fieldOf(habits, observation.method, path + suffix)
    if (usual !== undefined && usual.magnitude.count >= learning) found.push({ path, usual, size, text })
  }
  for (const { path, value } of Habits.largestOfEach(reading.quantities)) add(path, "", value, undefined)
  for (const { path, text } of Habits.firstOfEach(reading.texts)) add(path, Habits.textSuffix, text.length, text)
  return found
}

/** A number that moves something matters; how much somebody wants to read does not, and the length of a text hardly. */
const severityOf = ({ observation, standing }: Seen, text: string | undefined): Severity => {
  if (observation.readOnly || text !== undefined) return "low"
  return standing.isPrivileged ? "high" : "medium"
}

const tooLarge = (scene: Seen, { path, size, text, usual }: Argument): ReadonlyArray<Finding> => {
  const { decades, deviations } = scene.stage.settings.rules.drift
  const { method } = scene.observation
  const excess = Magnitude.excess(usual.magnitude, size, { decades, deviations })
  if (excess === 0) return nothing
  const finding: Finding = {
    rule: "argument-drift",
    severity: severityOf(scene, text),
    title: text === undefined ? "a number is far larger than usual" : "a text is far longer than usual",
    subject: method,
    evidence: [],
    details: { method, argument: path, timesUsual: factorOf(excess), learnedFrom: usual.magnitude.count }
  }
  return [finding]
}

const unlike = ({ observation: { method } }: Seen, { path, text, usual }: Argument): ReadonlyArray<Finding> => {
  if (text === undefined || !Habits.isUniform(usual)) return nothing
  const isBreak = !usual.brokeOut && Shape.breaksOut(text)
  if (!isBreak && usual.shapes.includes(Shape.of(text))) return nothing
  const finding: Finding = {
    rule: "argument-drift",
    severity: isBreak ? "medium" : "low",
    title: isBreak
      ? "a text has characters of another language for the first time"
      : "a text looks unlike all before it",
    subject: method,
    evidence: [],
    details: { method, argument: path, shapes: usual.shapes.length, learnedFrom: usual.magnitude.count }
  }
  return [finding]
}

/** Arguments unlike those that the tenant's calls have as a rule: far larger numbers, other texts. Denied calls count as well. */
export const drift: Rule<undefined, "CallDecided"> = {
  sees: ["CallDecided"],
  empty: undefined,
  step: (memory, scene) => {
    const usual = argumentsOf(scene)
    if (usual.length === 0) return [memory, nothing]
    return [memory, usual.flatMap((argument) => [...tooLarge(scene, argument), ...unlike(scene, argument)])]
  }
}
