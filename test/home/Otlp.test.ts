import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Metric, Redacted, Schema, Tracer } from "effect"
import type { OtlpOptions } from "../../src/home/Otlp.ts"
import { Capability, Home, Sandbox, Session, Tool, Toolkit } from "../../src/index.ts"
import { collector, nowhere, type Received, silent } from "./collector.ts"

const machines = { threads: 1 }

const home = (otlp: OtlpOptions | undefined, environment: Readonly<Record<string, string>> = {}) =>
  Layer.fresh(Home.layerMemory({ machines, otlp })).pipe(
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: environment })))
  )

/** In a home that is closed afterwards, with metrics that nobody else has. */
const within =
  (layer: ReturnType<typeof home>) =>
  <A, E>(effect: Effect.Effect<A, E, Home.Home>) =>
    Effect.suspend(() => effect.pipe(Effect.provide(layer), Effect.provideService(Metric.MetricRegistry, new Map())))

const doubling = Effect.gen(function* () {
  const toolkit = yield* Toolkit.make([
    Tool.make("math.double", {
      description: "Doubles a number",
      input: Schema.Struct({ amount: Schema.Finite }),
      output: Schema.Finite,
      readOnly: true,
      execute: ({ amount }) => Effect.succeed(amount * 2)
    })
  ])
  const session = yield* Session.open({ toolkit, capabilities: [Capability.make({ methods: "math/*" })], id: "s" })
  const result = yield* session.run("await math.double({ amount: 4242424242424242 })")
  assert.strictEqual(result._tag, "Completed", JSON.stringify(result))
}).pipe(Effect.scoped)

interface Span {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

const of = (received: ReadonlyArray<Received>, path: string) => received.filter((request) => request.path === path)

const spansOf = (received: ReadonlyArray<Received>, path = "/v1/traces"): ReadonlyArray<Span> =>
  of(received, path)
    .flatMap(({ body }) => JSON.parse(body).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)

const metricsOf = (received: ReadonlyArray<Received>, path = "/v1/metrics"): ReadonlyArray<{ readonly name: string }> =>
  JSON.parse(of(received, path).at(-1)?.body ?? "{}")
    .resourceMetrics.flatMap(({ scopeMetrics }: { scopeMetrics: unknown }) => scopeMetrics)
    .flatMap(({ metrics }: { metrics: unknown }) => metrics)

const servicesOf = (received: ReadonlyArray<Received>) =>
  new Set(
    received.flatMap(({ body }) => [...(/"service\.name","value":\{"stringValue":"([^"]*)"/.exec(body) ?? [])].slice(1))
  )

describe("OTLP", () => {
  it.live("brings spans and metrics to a collector, with the headers that it asks for", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector()
      const headers = Redacted.make({ authorization: "Bearer secret" })
      yield* within(home({ url: `${url}/tenant/`, headers, serviceName: "billing" }))(doubling)
      const spans = spansOf(received, "/tenant/v1/traces")
      const [run, tool] = ["caisson.run", "caisson.tool"].map((name) => spans.find((span) => span.name === name))
      assert.strictEqual(tool?.parentSpanId, run?.spanId)
      assert.strictEqual(tool?.traceId, run?.traceId)
      const metrics = metricsOf(received, "/tenant/v1/metrics").map(({ name }) => name)
      assert.includeMembers(metrics, ["caisson_runs_total", "caisson_calls_total", "caisson_run_duration_seconds"])
      assert.deepStrictEqual(
        new Set(received.map((request) => request.headers.authorization)),
        new Set(["Bearer secret"])
      )
      assert.deepStrictEqual(servicesOf(received), new Set(["billing"]))
      assert.notInclude(JSON.stringify(received), "4242424242")
    })
  )

  it.live("is configured by the standard variables of the environment", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector()
      const environment = {
        OTEL_EXPORTER_OTLP_ENDPOINT: url,
        OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a%2Cb, authorization=Basic%20dXNlcg==",
        OTEL_SERVICE_NAME: "from-env"
      }
      yield* within(home(undefined, environment))(doubling)
      assert.isNotEmpty(spansOf(received))
      assert.isNotEmpty(metricsOf(received))
      assert.deepStrictEqual(servicesOf(received), new Set(["from-env"]))
      const [request] = received
      assert.deepInclude(request?.headers, { "x-tenant": "a,b", authorization: "Basic dXNlcg==" })
    })
  )

  it.live("sends headers of the environment to the endpoint of the environment alone", () =>
    Effect.gen(function* () {
      const { received, url } = yield* collector()
      yield* within(home({ url }, { OTEL_EXPORTER_OTLP_HEADERS: "authorization=secret" }))(doubling)
      assert.isNotEmpty(received)
      assert.deepStrictEqual(new Set(received.map((request) => request.headers.authorization)), new Set([undefined]))
    })
  )

  it.live("follows no redirection, which could carry headers elsewhere", () =>
    Effect.gen(function* () {
      const elsewhere = yield* collector()
      const { received, url } = yield* collector(307, { location: `${elsewhere.url}/v1/traces` })
      yield* within(home({ url, headers: Redacted.make({ "x-key": "secret" }) }))(doubling)
      assert.isNotEmpty(received)
      assert.isEmpty(elsewhere.received)
    })
  )

  it.live("is off where nothing is configured", () =>
    Effect.gen(function* () {
      for (const environment of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: " ", OTEL_SERVICE_NAME: "x" }]) {
        const tracer = yield* within(home(undefined, environment))(Effect.tracer)
        assert.strictEqual(tracer, Tracer.nativeTracer)
      }
    })
  )

  it.live("never disturbs a session, be the collector unreachable, silent or broken", () =>
    Effect.gen(function* () {
      const broken = yield* collector(500)
      for (const url of [yield* nowhere, yield* silent, broken.url]) {
        const run = Sandbox.runOnce("6 * 7")
        const results = yield* within(home({ url }))(Effect.all([run, run]))
        assert.deepStrictEqual(
          results.map((result) => result._tag),
          ["Completed", "Completed"]
        )
      }
      assert.isNotEmpty(broken.received)
    })
  )

  it.live("is refused when it is malformed, in words that do not repeat what was given", () =>
    Effect.gen(function* () {
      const url = "http://127.0.0.1:4318"
      const refusals: ReadonlyArray<readonly [string, ReturnType<typeof home>]> = [
        ["url", home({ url: "secret" })],
        ["url", home({ url: "ftp://secret" })],
        ["url", home({ url: "http://user:secret@localhost" })],
        ["headers", home({ url, headers: { "not a name": "secret" } })],
        ["headers", home({ url, headers: Redacted.make({ name: "secret\nline" }) })],
        ["OTEL_EXPORTER_OTLP_ENDPOINT", home(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: "secret" })],
        [
          "OTEL_EXPORTER_OTLP_HEADERS",
          home(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_HEADERS: "a=%secret" })
        ],
        [
          "OTEL_RESOURCE_ATTRIBUTES",
          home(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_RESOURCE_ATTRIBUTES: "a=%secret" })
        ]
      ]
      for (const [field, layer] of refusals) {
        const error = yield* Effect.flip(within(layer)(Effect.void))
        assert.strictEqual(error.reason._tag, "Malformed")
        assert.include(error.message, field)
        assert.notInclude(error.message, "secret")
      }
    })
  )
})
