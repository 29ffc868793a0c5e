import { Result } from "effect"
import * as Detector from "../../../src/audit/Detector.ts"
import type { Alert } from "../../../src/audit/detection/Alert.ts"
import type { Observation, ObservationOf } from "../../../src/audit/detection/Observation.ts"
import type { SettingsInput } from "../../../src/audit/detection/Settings.ts"

export const make = (settings: SettingsInput): Detector.Detector => Result.getOrThrow(Detector.make(settings))

/** Makes observations of one session, a second apart. */
export class Watcher {
  #count = 0
  #millis = 1_800_000_000_000
  readonly session: string

  constructor(session = "s1") {
    this.session = session
  }

  pass(millis: number): void {
    this.#millis += millis
  }

  common() {
    this.#count += 1
    this.#millis += 1_000
    return { atMillis: this.#millis, session: this.session, id: `${this.session}:${this.#count}` }
  }

  call(
    method: string,
    input: unknown,
    more: Partial<Pick<ObservationOf<"CallDecided">, "effect" | "readOnly" | "reason">> = {}
  ): Observation {
    const call = { method, input: JSON.stringify(input), effect: "allow", readOnly: false } as const
    return { ...this.common(), _tag: "CallDecided", ...call, ...more }
  }

  denied(method: string, input: unknown = {}): Observation {
    return this.call(method, input, { effect: "deny", reason: "ConstraintFailed", readOnly: true })
  }

  read(method: string, value: unknown): Observation {
    const text = JSON.stringify(value)
    const answer = { method, readOnly: true, receipt: "committed", value: text, outputBytes: text.length } as const
    return { ...this.common(), _tag: "CallSettled", ...answer }
  }

  failed(method: string): Observation {
    return { ...this.common(), _tag: "CallSettled", method, readOnly: true, receipt: "failed", outputBytes: 0 }
  }

  written(method: string): Observation {
    return { ...this.common(), _tag: "CallSettled", method, readOnly: false, receipt: "committed", outputBytes: 2 }
  }

  printed(text: string): Observation {
    return { ...this.common(), _tag: "Output", stream: "stdout", text }
  }
}

/** The alerts of a stream, from the beginning or from a state on. */
export const watch = (
  detector: Detector.Detector,
  observations: Iterable<Observation>,
  from: Detector.DetectorState = detector.initial
) => {
  const alerts: Array<Alert> = []
  let state = from
  for (const observation of observations) {
    const [next, raised] = detector.step(state, observation)
    alerts.push(...raised)
    state = next
  }
  return { alerts, state }
}

/** Rule and severity of each alert, but for notes. */
export const told = (alerts: ReadonlyArray<Alert>): ReadonlyArray<string> =>
  alerts.filter(({ severity }) => severity !== "low").map(({ rule, severity }) => `${rule}/${severity}`)

export const repeat = <A>(times: number, make: (index: number) => A): ReadonlyArray<A> =>
  Array.from({ length: times }, (_, index) => make(index))
