import * as Distinct from "../Distinct.ts"
import * as Hash from "../Hash.ts"
import { type Finding, nothing, type Rule, type Step } from "../Scene.ts"
import * as Window from "../Window.ts"

/** Of one method since the session last wrote something. */
export interface Guesses {
  readonly method: string
  readonly inputs: Distinct.Distinct
  readonly misses: Window.Window
  readonly settled: Window.Window
}

const methodsMax = 8
const inputsMax = 64
/** Who guesses is wrong nearly always. */
const shareOfMisses = 0.8

const guessesAt = (memory: ReadonlyArray<Guesses>, method: string): Guesses =>
  memory.find((guesses) => guesses.method === method) ?? {
    method,
    inputs: Distinct.empty,
    misses: Window.empty,
    settled: Window.empty
  }

const keep = (memory: ReadonlyArray<Guesses>, guesses: Guesses): ReadonlyArray<Guesses> => [
  ...memory.filter(({ method }) => method !== guesses.method).slice(-(methodsMax - 1)),
  guesses
]

/** Many different inputs of one method that all came to nothing: somebody guesses names, numbers or passwords. */
export const enumeration: Rule<ReadonlyArray<Guesses>, "CallDecided" | "CallSettled"> = {
  sees: ["CallDecided", "CallSettled"],
  empty: [],
  step: (memory, { observation, stage, standing }): Step<ReadonlyArray<Guesses>> => {
    const { misses: most, windowMillis } = stage.settings.rules.enumeration
    const { atMillis, id, method } = observation
    const isWrite =
      observation._tag === "CallSettled" &&
      observation.receipt === "committed" &&
      !observation.readOnly &&
      !standing.isEgress
    if (isWrite) return [memory.length === 0 ? memory : [], nothing]
    const before = guessesAt(memory, method)
    const inputs =
      observation._tag === "CallDecided"
        ? Distinct.add(
            before.inputs,
            { key: Hash.ofText(observation.input), atMillis, id },
            { most: inputsMax, spanMillis: windowMillis }
          )
        : before.inputs
    const isEnd = observation._tag === "CallSettled" || observation.effect === "deny"
    if (!isEnd) return [keep(memory, { ...before, inputs }), nothing]
    const isMiss = observation._tag === "CallDecided" || observation.receipt === "failed"
    const settled = Window.add(before.settled, windowMillis, atMillis, 1, id)
    const misses = isMiss ? Window.add(before.misses, windowMillis, atMillis, 1, id) : before.misses
    const next = keep(memory, { method, inputs, misses, settled })
    const isGuessing =
      isMiss && misses.total >= most && inputs.length >= most && misses.total >= shareOfMisses * settled.total
    if (!isGuessing) return [next, nothing]
    const finding: Finding = {
      rule: "enumeration",
      severity: "medium",
      title: "many different inputs of one method failed",
      subject: method,
      evidence: misses.evidence,
      details: { method, misses: misses.total, inputs: inputs.length, threshold: most, windowMillis }
    }
    return [next, [finding]]
  }
}
