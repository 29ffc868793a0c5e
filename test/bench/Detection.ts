/** What the detector finds of the corpus, and what it costs to look. */
import { Effect, Result } from "effect"
import * as Detector from "../../src/audit/Detector.ts"
import type { Observation } from "../../src/audit/detection/Observation.ts"
import * as Corpus from "../security/corpus/Corpus.ts"
import { evaluate, type Judged, ratesOf, settings } from "../security/corpus/Evaluation.ts"
import * as Measure from "./Measure.ts"

export interface Figure {
  readonly figure: string
  readonly ours: string
  readonly goal: string
}

const percent = ({ flagged, programs, rate }: ReturnType<typeof ratesOf>): string =>
  `${(100 * rate).toFixed(1)} % (${flagged} of ${programs})`

const rates = (judged: ReadonlyArray<Judged>): ReadonlyArray<Figure> =>
  (["tuned", "held-out"] as const).flatMap((half) => [
    { figure: `detection: recall, ${half} half`, ours: percent(ratesOf(judged, "hostile", half)), goal: ">= 80 %" },
    {
      figure: `detection: false positives, ${half} half`,
      ours: percent(ratesOf(judged, "benign", half)),
      goal: "<= 10 %"
    }
  ])

const rounds = 5

/** The time of each observation of the corpus, session after session; of the last round, when everything is warm. */
const cost = (observations: ReadonlyArray<Observation>): Figure => {
  const detector = Result.getOrThrow(Detector.make(settings))
  let micros: ReadonlyArray<number> = []
  for (let round = 0; round < rounds; round++) {
    let state = detector.initial
    micros = observations.map((observation) => {
      const start = performance.now()
      state = detector.step(state, observation)[0]
      return (performance.now() - start) * 1_000
    })
  }
  const { count, median, p90 } = Measure.of(micros)
  const ours = `${median.toFixed(1)} us, p90 ${p90.toFixed(1)} us`
  return { figure: `detection: one of ${count} observations, p50`, ours, goal: "<= 20 us" }
}

/** Runs the whole corpus. Takes about half a minute. */
export const figures = async (): Promise<ReadonlyArray<Figure>> => {
  const everything = Effect.gen(function* () {
    const { judged } = yield* evaluate
    const watched = yield* Effect.forEach(Corpus.programs("benign"), (program) => Corpus.watch(program, 9))
    return { judged, observations: watched.flatMap(({ observations }) => observations) }
  })
  const { judged, observations } = await Effect.runPromise(everything.pipe(Effect.provide(Corpus.layer)))
  return [...rates(judged), cost(observations)]
}
