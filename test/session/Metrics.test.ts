import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Metric, Scope } from "effect"
import * as AuditMetrics from "../../src/audit/Metrics.ts"
import * as Meter from "../../src/machine/Meter.ts"
import * as Metrics from "../../src/session/Metrics.ts"
import * as Residents from "../../src/session/Residents.ts"
import type { OpenOptions } from "../../src/session/Sessions.ts"
import { parse, valueOf } from "./exposition.ts"
import { completed, onlyCall } from "./results.ts"
import { makeWorld } from "./world.ts"

/** With a registry of its own, so that no other test is counted. */
const alone = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.provideService(effect, Metric.MetricRegistry, new Map()))

const read = Effect.map(Metrics.prometheus, parse)

/** Values of a family by the value of one label. */
const byLabel = Effect.fnUntraced(function* (name: string, label: string, suffix = "") {
  const families = yield* read
  const samples = families.get(name)?.samples.filter((sample) => sample.name === `${name}${suffix}`) ?? []
  return Object.fromEntries(samples.map(({ labels, value }) => [labels[label] ?? "", value]))
})

const gauges = Effect.map(read, (families) => ({
  open: valueOf(families, "caisson_sessions_open"),
  live: valueOf(families, "caisson_machines_live"),
  resting: valueOf(families, "caisson_machines_resting"),
  waiting: valueOf(families, "caisson_queue_waiting")
}))

describe("metrics", () => {
  it.effect("are all there, at nothing, before the first session", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      yield* world.process()
      const families = yield* read
      assert.sameMembers(
        [...families.keys()],
        [
          "caisson_runs_total",
          "caisson_run_duration_seconds",
          "caisson_calls_total",
          "caisson_call_receipts_total",
          "caisson_sessions_open",
          "caisson_machines_live",
          "caisson_machines_resting",
          "caisson_queue_waiting",
          "caisson_snapshot_bytes"
        ]
      )
      const samples = [...families.values()].flatMap((family) => family.samples)
      assert.isTrue(samples.every(({ value }) => value === 0))
      assert.isTrue([...families.values()].every(({ help }) => help !== undefined))
    }).pipe(alone)
  )

  it.effect("count runs, verdicts and receipts", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* session.run("many:12")
      yield* session.run("fail")
      const asked = onlyCall(yield* session.run("guardedRefund:5"))
      yield* session.answer(asked, { _tag: "Deny", reason: "no" })
      yield* session.run("refund:5")
      yield* session.cancel()
      assert.deepStrictEqual(yield* byLabel("caisson_runs_total", "status"), { completed: 2, failed: 1, cancelled: 1 })
      // Ten payments, a note; two refunds; two payments that the budget has no room for.
      assert.deepStrictEqual(yield* byLabel("caisson_calls_total", "verdict"), { allow: 11, ask: 2, deny: 2 })
      assert.deepStrictEqual(yield* byLabel("caisson_call_receipts_total", "receipt"), {
        prepared: 13,
        started: 11,
        committed: 11,
        failed: 0,
        unknown: 0,
        refused: 3
      })
    }).pipe(alone)
  )

  it.effect("count a call whose outcome its process took along as unknown", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const entered = yield* Deferred.make<void>()
      const pay = () => Effect.andThen(Deferred.succeed(entered, undefined), Effect.never)
      const scope = yield* Scope.make()
      const { open } = yield* world.process()
      const dying = yield* Scope.provide(open({ ...(yield* world.grants({ pay })), id: "s" }), scope)
      const run = yield* Effect.forkChild(dying.run("twice"))
      yield* Deferred.await(entered)
      yield* Fiber.interrupt(run)
      yield* Scope.close(scope, Exit.void)
      const before = yield* byLabel("caisson_call_receipts_total", "receipt")
      yield* (yield* world.process()).resume("s", yield* world.grants())
      const after = yield* byLabel("caisson_call_receipts_total", "receipt")
      assert.strictEqual((after["unknown"] ?? 0) - (before["unknown"] ?? 0), 1)
    }).pipe(alone)
  )

  it.effect("take down once for each run where its time went, and every snapshot", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const call = onlyCall(yield* session.run("refund:5"))
      assert.deepStrictEqual(
        new Set(Object.values(yield* byLabel("caisson_run_duration_seconds", "phase", "_count"))),
        new Set([0])
      )
      yield* session.answer(call, { _tag: "Approve" })
      yield* session.resume()
      assert.deepStrictEqual(yield* byLabel("caisson_run_duration_seconds", "phase", "_count"), {
        queue: 1,
        restore: 1,
        guest: 1,
        tools: 1,
        wall: 1
      })
      assert.isAbove(valueOf(yield* read, "caisson_snapshot_bytes", {}, "_count") ?? 0, 1)
      assert.isAbove(valueOf(yield* read, "caisson_snapshot_bytes", {}, "_sum") ?? 0, 0)
    }).pipe(alone)
  )

  it.effect("tell how many sessions and machines there are, and who waits for one", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const process = yield* world.process({ machinesMax: 1 })
      const grants = yield* world.grants()
      const scope = yield* Scope.make()
      const open = (options: OpenOptions) => Scope.provide(process.open(options), scope)
      const first = yield* open(grants)
      const second = yield* open(grants)
      assert.deepStrictEqual(yield* gauges, { open: 2, live: 0, resting: 0, waiting: 0 })
      yield* first.run("constant:1")
      assert.deepStrictEqual(yield* gauges, { open: 2, live: 1, resting: 1, waiting: 0 })
      yield* second.run("constant:1")
      assert.deepStrictEqual(yield* gauges, { open: 2, live: 1, resting: 1, waiting: 0 })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* gauges, { open: 0, live: 0, resting: 0, waiting: 0 })
    }).pipe(alone)
  )

  it.effect("tell who waits for a machine, also after some have given up", () =>
    Effect.gen(function* () {
      const residents = Residents.make(1, yield* Meter.current)
      const others = Residents.make(1, yield* Meter.current)
      const resident = { session: "any", takes: 1 }
      yield* residents.enter(resident)
      yield* others.enter(resident)
      const [first, second] = yield* Effect.all([
        Effect.forkChild(residents.enter(resident), { startImmediately: true }),
        Effect.forkChild(residents.enter(resident), { startImmediately: true })
      ])
      const waiting = Effect.map(read, (families) => valueOf(families, "caisson_queue_waiting"))
      const live = Effect.map(read, (families) => valueOf(families, "caisson_machines_live"))
      assert.deepStrictEqual([yield* waiting, yield* live], [2, 2])
      yield* Fiber.interrupt(first)
      assert.deepStrictEqual([yield* waiting, yield* live], [1, 2])
      yield* residents.leave(resident)
      yield* Fiber.join(second)
      assert.deepStrictEqual([yield* waiting, yield* live], [0, 2])
      yield* residents.leave(resident)
      yield* others.leave(resident)
      assert.deepStrictEqual([yield* waiting, yield* live], [0, 0])
    }).pipe(alone)
  )

  it.effect("have no series for what a guest or a host makes up", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const process = yield* world.process()
      const series = Effect.map(read, (families) => [...families.values()].flatMap(({ samples }) => samples).length)
      const before = yield* series
      const session = yield* process.open({ ...(yield* world.grants()), id: "mine", metadata: { tenant: "t" } })
      yield* session.run("stray", { runId: "some-run" })
      yield* session.run("double:1")
      assert.strictEqual(yield* series, before)
    }).pipe(alone)
  )

  it.effect("never fail a session, whatever becomes of the registry", () =>
    Effect.gen(function* () {
      const broken = new (class extends Map<string, never> {
        override get(): never {
          throw new Error("no registry")
        }
      })()
      const ran = Effect.gen(function* () {
        const world = yield* makeWorld
        const session = yield* (yield* world.process()).open(yield* world.grants())
        return completed(yield* session.run("double:21"))
      })
      assert.strictEqual(yield* Effect.provideService(ran, Metric.MetricRegistry, broken), 42)
    })
  )

  it.effect("are read by a strict parser, with whatever texts a host's own metrics have", () =>
    Effect.gen(function* () {
      const nasty = 'a "quoted" \\ text\nof two lines {},=# TYPE'
      yield* Metric.update(Metric.counter("host_total", { description: nasty, attributes: { nasty } }), 3)
      const families = yield* read
      assert.strictEqual(valueOf(families, "host_total", { nasty }), 3)
      for (const text of [
        "a 1",
        "# TYPE a counter\na 1",
        "# TYPE a counter\na one\n",
        "# TYPE a counter\na -1\n",
        "# TYPE a counter\na 1\na 2\n",
        "# TYPE a counter\nb 1\n",
        '# TYPE a counter\na{b="\\x"} 1\n',
        '# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
        '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n'
      ]) {
        assert.throws(() => parse(text), /./, text)
      }
    }).pipe(alone)
  )

  it.effect("have a place for alerts and for how far the audit log is behind", () =>
    Effect.gen(function* () {
      const meter = yield* Meter.current
      meter.record(AuditMetrics.alerts["honeytoken"].critical, 1)
      meter.record(AuditMetrics.alerts["honeytoken"].critical, 1)
      meter.move(AuditMetrics.auditLag, 5)
      meter.move(AuditMetrics.auditLag, -2)
      const families = yield* read
      assert.strictEqual(valueOf(families, "caisson_alerts_total", { rule: "honeytoken", severity: "critical" }), 2)
      assert.strictEqual(valueOf(families, "caisson_audit_lag_events"), 3)
    }).pipe(alone)
  )
})
