import * as Effect from "effect/Effect"
import * as Metrics from "../session/Metrics.ts"

/**
 * All metrics of this process in the text format of Prometheus, version 0.0.4: what a `/metrics` route answers, as
 * `text/plain; version=0.0.4; charset=utf-8`.
 */
export const prometheus = (): Promise<string> => Effect.runPromise(Metrics.prometheus)
