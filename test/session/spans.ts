import { Effect, Option, Tracer } from "effect"

/** A tracer that keeps the spans that it makes, in the order in which they began. */
export const collecting = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const named = (name: string) => spans.filter((span) => span.name === name)
  return { spans, named, into: Effect.provideService(Tracer.Tracer, tracer) }
}

export const parentOf = (span: Tracer.Span | undefined): string | undefined =>
  span === undefined ? undefined : Option.getOrUndefined(Option.map(span.parent, ({ spanId }) => spanId))

export const attributesOf = (span: Tracer.Span | undefined) => Object.fromEntries(span?.attributes ?? [])
