/**
 * The trace of a run, as W3C Trace Context has it: it may come from outside, it is in the journal, and handlers can pass it on.
 *
 * T1. A run that was started in a trace stays in it for its whole life, in whichever processes it goes on.
 * T2. Spans name sessions, runs, calls and methods, and never hold what a guest passed or got.
 * T3. Ids of spans that nobody can ever see are neither recorded nor passed on.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"

/** A span that others can be children of. */
export const Trace = Schema.Struct({
  /** The trace id, 32 hexadecimal digits. */
  id: Schema.String,
  /** The span's own id, 16 hexadecimal digits. */
  span: Schema.String,
  sampled: Schema.Boolean
})
export type Trace = typeof Trace.Type

const header = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const headerLengthMax = 512
const zeros = /^0+$/

/** Reads a `traceparent` header; later versions of it are read as far as they are known to be alike. */
export const parse = (text: string): Option.Option<Trace> => {
  if (text.length > headerLengthMax) return Option.none()
  const [, version, id = "", span = "", flags = "", rest] = header.exec(text) ?? []
  const isUnknown = version === undefined || version === "ff" || (version === "00" && rest !== undefined)
  if (isUnknown || zeros.test(id) || zeros.test(span)) return Option.none()
  return Option.some({ id, span, sampled: (Number.parseInt(flags, 16) & 1) === 1 })
}

/** The `traceparent` header. */
export const traceparent = ({ id, sampled, span }: Trace): string => `00-${id}-${span}-${sampled ? "01" : "00"}`

const hasAncestorOutside = (span: Tracer.AnySpan): boolean =>
  span._tag === "ExternalSpan" || Option.exists(span.parent, hasAncestorOutside)

/** Whether somebody collects spans, or the one in force belongs to a trace that came from outside. */
const isTraced = (context: Context.Context<never>): boolean =>
  Context.get(context, Tracer.Tracer) !== Tracer.nativeTracer ||
  Option.exists(Context.getOption(context, Tracer.ParentSpan), hasAncestorOutside)

/** The span that is in force, if anybody can ever see it. */
export const current: Effect.Effect<Trace | undefined> = Effect.map(Effect.context<never>(), (context) => {
  const span = Option.getOrUndefined(Context.getOption(context, Tracer.ParentSpan))
  if (span === undefined || !isTraced(context)) return undefined
  const trace = { id: span.traceId.padStart(32, "0"), span: span.spanId, sampled: span.sampled }
  // The span of a tracer that is switched off has no such ids.
  return Option.getOrUndefined(parse(traceparent(trace)))
})

/** Gives an effect a span of its own where anybody can ever see it: calls are too many to have one for nothing. */
export const inSpan = <A, E, R>(
  name: string,
  attributes: () => Readonly<Record<string, unknown>>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<never>) =>
    isTraced(context) ? Effect.withSpan(effect, name, { attributes: attributes(), captureStackTrace: false }) : effect
  )

const linkTo = (span: Option.Option<Tracer.AnySpan>): ReadonlyArray<Tracer.SpanLink> =>
  Option.match(span, { onNone: () => [], onSome: (span) => [{ span, attributes: {} }] })

/** The attributes by which a span names its run. */
export const naming = ({ run, session }: { readonly session: string; readonly run: string }) => ({
  "caisson.session": session,
  "caisson.run": run
})

/**
 * Does what is done of a run in one go, in a span of its own: a child of the trace that is given, and linked to the span of
 * whoever goes on with it; without one, simply a child of that span.
 */
export const ofRun = <A, E, R>(
  subject: Parameters<typeof naming>[0],
  parent: Trace | undefined,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.contextWith((context: Context.Context<never>) => {
    const options = { attributes: naming(subject), captureStackTrace: false }
    if (parent === undefined) return Effect.withSpan(effect, "caisson.run", options)
    const { id, sampled, span } = parent
    return Effect.withSpan(effect, "caisson.run", {
      ...options,
      parent: Tracer.externalSpan({ traceId: id, spanId: span, sampled }),
      links: linkTo(Context.getOption(context, Tracer.ParentSpan))
    })
  })
