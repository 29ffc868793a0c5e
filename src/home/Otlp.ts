/**
 * Traces and metrics on their way to a collector, as OTLP over HTTP. Nothing is sent unless an endpoint is configured.
 *
 * O1. Nobody waits for the collector: what is to be sent gathers in a buffer, and if sending goes wrong it is thrown away and
 *     nothing is gathered for a minute.
 * O2. Headers are sent to the endpoint that they were configured for, and nowhere else.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Malformed } from "../capability/Plain.ts"
import { HomeError } from "./HomeError.ts"

type HttpHeaders = Readonly<Record<string, string>>

export interface OtlpOptions {
  /** The collector's base address, such as `http://localhost:4318`: `/v1/traces` and `/v1/metrics` are added to it. */
  readonly url: string
  /** Sent with every request, for instance an `authorization`. */
  readonly headers?: HttpHeaders | Redacted.Redacted<HttpHeaders> | undefined
  /** Default `OTEL_SERVICE_NAME`, and without that `caisson`. */
  readonly serviceName?: string | undefined
}

interface Endpoint {
  readonly traces: string
  readonly metrics: string
  readonly headers: HttpHeaders
  readonly serviceName: string
}

const defaultServiceName = "caisson"
const requestMillisMax = 10_000
/** How long the end of a process may be put off for what is still to be sent. */
const shutdownMillisMax = 1_000

const malformed = (field: string, detail: string) =>
  new HomeError({ reason: new Malformed({ subject: "OTLP endpoint", issues: [{ field, detail }] }) })

const urlOf = (field: string, text: unknown): Effect.Effect<URL, HomeError> => {
  const url = typeof text === "string" ? URL.parse(text) : null
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") {
    return Effect.succeed(url)
  }
  return Effect.fail(malformed(field, "must be an http or https URL without a user and a password"))
}

const signalUrl = (base: URL, signal: string): string => {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${signal}`
  return url.href
}

/** As the environment has them: `name=value,name=value`, percent-encoded. */
const headersFrom = (text: string): HttpHeaders =>
  Object.fromEntries(
    text
      .split(",")
      .filter((member) => member.trim() !== "")
      .map((member) => {
        const [name = "", ...value] = member.split("=")
        return [name.trim(), decodeURIComponent(value.join("=").trim())]
      })
  )

const checkedHeaders = (field: string, headers: () => HttpHeaders) =>
  Effect.try({
    try: () => Object.fromEntries(new Headers(headers())),
    catch: () => malformed(field, "must be names and values that HTTP allows in headers")
  })

const variable = (name: string) =>
  Config.option(Config.String(name)).pipe(
    Effect.map(Option.filter((text) => text.trim() !== "")),
    Effect.mapError(() => malformed(name, "must be a text"))
  )

const endpointOf = Effect.fnUntraced(function* (options: OtlpOptions | undefined) {
  const named = yield* variable("OTEL_SERVICE_NAME")
  const serviceName = options?.serviceName ?? Option.getOrElse(named, () => defaultServiceName)
  const endpoint = (url: URL, headers: HttpHeaders): Option.Option<Endpoint> =>
    Option.some({ traces: signalUrl(url, "traces"), metrics: signalUrl(url, "metrics"), headers, serviceName })
  if (options !== undefined) {
    const { headers = {} } = options
    const url = yield* urlOf("url", options.url)
    const plain = Redacted.isRedacted(headers) ? Redacted.value(headers) : headers
    return endpoint(url, yield* checkedHeaders("headers", () => plain))
  }
  const address = yield* variable("OTEL_EXPORTER_OTLP_ENDPOINT")
  if (Option.isNone(address)) return Option.none()
  const url = yield* urlOf("OTEL_EXPORTER_OTLP_ENDPOINT", address.value)
  const headers = Option.getOrElse(yield* variable("OTEL_EXPORTER_OTLP_HEADERS"), () => "")
  return endpoint(url, yield* checkedHeaders("OTEL_EXPORTER_OTLP_HEADERS", () => headersFrom(headers)))
})

/** Follows no redirection (O2), and gives up on a collector that takes a request and does not answer. */
const bounded: typeof globalThis.fetch = (input, init) => {
  const timeout = AbortSignal.timeout(requestMillisMax)
  const signal = init?.signal ? AbortSignal.any([init.signal, timeout]) : timeout
  return fetch(input, { ...init, redirect: "error", signal })
}

/** These modules are only loaded by who needs them. */
const modules = Effect.promise(() =>
  Promise.all([
    import("effect/http/FetchHttpClient"),
    import("effect/observability/OtlpMetrics"),
    import("effect/observability/OtlpResource"),
    import("effect/observability/OtlpSerialization"),
    import("effect/observability/OtlpTracer")
  ])
)

const exporting = Effect.fnUntraced(function* ({ headers, metrics, serviceName, traces }: Endpoint) {
  const [FetchHttpClient, OtlpMetrics, OtlpResource, OtlpSerialization, OtlpTracer] = yield* modules
  // Both exporters read it, and take what is wrong in the environment for a defect.
  yield* Effect.catchDefect(OtlpResource.fromConfig({ serviceName }), () =>
    Effect.fail(malformed("OTEL_RESOURCE_ATTRIBUTES", "must be name=value,name=value, percent-encoded"))
  )
  const common = { headers, resource: { serviceName }, shutdownTimeout: shutdownMillisMax }
  return Layer.merge(OtlpTracer.layer({ ...common, url: traces }), OtlpMetrics.layer({ ...common, url: metrics })).pipe(
    Layer.provide(OtlpSerialization.layerJson),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, bounded))
  )
})

/**
 * Sends the spans and the metrics of whatever is built on this layer. Without options the standard variables of the environment
 * count: `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_SERVICE_NAME`. Without either it does nothing.
 */
export const layer = (options: OtlpOptions | undefined): Layer.Layer<never, HomeError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const endpoint = yield* endpointOf(options)
      return Option.isNone(endpoint) ? Layer.empty : yield* exporting(endpoint.value)
    })
  )
