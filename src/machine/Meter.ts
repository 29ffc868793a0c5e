import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

/**
 * Where a process counts what happens.
 *
 * M1. An update is a function call: it starts nothing, waits for nothing and never throws. Who counts goes on as if it had not.
 */
export interface Meter {
  /** Gives a metric an input: of a counter, what is added; of a histogram, what was observed. */
  readonly record: <Input>(metric: Metric.Metric<Input, unknown>, input: Input) => void
  /** Moves a gauge by as much. */
  readonly move: (gauge: Metric.Gauge<number>, by: number) => void
  /** Shows metrics before anything has happened, so that their rise from nothing can be seen. */
  readonly show: (metrics: ReadonlyArray<Metric.Metric<never, unknown>>) => void
}

const attempt = (update: () => void): void => {
  try {
    update()
  } catch {
    // M1: the registry may be somebody else's.
  }
}

/** The meter of the metric registry and the metric attributes that are in force where it is asked for. */
export const current: Effect.Effect<Meter> = Effect.map(Effect.context<never>(), (context) => {
  // It outlives whoever asked, and must not keep alive whatever else was there.
  const target = Context.make(Metric.MetricRegistry, Context.get(context, Metric.MetricRegistry)).pipe(
    Context.add(Metric.CurrentMetricAttributes, Context.get(context, Metric.CurrentMetricAttributes))
  )
  return {
    record: (metric, input) => attempt(() => metric.updateUnsafe(input, target)),
    move: (gauge, by) => attempt(() => gauge.modifyUnsafe(by, target)),
    show: (metrics) => {
      for (const metric of metrics) attempt(() => metric.valueUnsafe(target))
    }
  }
})

/** One metric for each value of a label: an update then has no label to look up, and there are no other series. */
export const byLabel = <Value extends string, M>(
  label: string,
  values: ReadonlyArray<Value>,
  make: (attributes: Readonly<Record<string, string>>) => M
): Readonly<Record<Value, M>> =>
  Object.fromEntries(values.map((value) => [value, make({ [label]: value })])) as Record<Value, M>
