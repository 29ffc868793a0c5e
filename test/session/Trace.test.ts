import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Schema, Scope, Tracer } from "effect"
import type { Entry } from "../../src/session/SessionEvent.ts"
import type { Sessions } from "../../src/session/Sessions.ts"
import * as Trace from "../../src/session/Trace.ts"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { completed, onlyCall, reasonOf } from "./results.ts"
import { attributesOf, collecting, parentOf } from "./spans.ts"
import { capabilities, makeWorld } from "./world.ts"

const remote = { id: "0af7651916cd43dd8448eb211c80319c", span: "b7ad6b7169203331", sampled: true }
const header = Trace.traceparent(remote)

/** A toolkit whose one handler keeps what it is told of its call, and makes a span of its own. */
const listening = (heard: Array<Tool.Invocation>) =>
  Toolkit.make([
    Tool.make("math.double", {
      description: "Doubles a number",
      input: Schema.Struct({ amount: Schema.Number }),
      output: Schema.Number,
      readOnly: true,
      execute: ({ amount }, invocation) =>
        Effect.withSpan(
          Effect.sync(() => {
            heard.push(invocation)
            return amount * 2
          }),
          "handler"
        )
    })
  ])

const startOf = Effect.fnUntraced(function* (sessions: Sessions["Service"], id: string) {
  const entries: ReadonlyArray<Entry> = yield* sessions.entries(id)
  return entries.flatMap(({ event }) => (event._tag === "RunStarted" ? [event] : []))[0]
})

describe("a traceparent", () => {
  const digits = (length: number) => Schema.String.check(Schema.isPattern(new RegExp(`^[1-9a-f]{${length}}$`)))
  const traces = Schema.Struct({ id: digits(32), span: digits(16), sampled: Schema.Boolean })

  it.prop("is read as it was written", [traces], ([trace]) => {
    assert.deepStrictEqual(Trace.parse(Trace.traceparent(trace)), Option.some(trace))
  })

  it("is read in later versions as far as they are alike, and not at all if it is malformed", () => {
    assert.deepStrictEqual(Trace.parse(`01${header.slice(2)}-and-more`), Option.some(remote))
    assert.deepStrictEqual(Trace.parse(`${header.slice(0, -2)}fe`), Option.some({ ...remote, sampled: false }))
    for (const text of [
      "",
      "00",
      `ff${header.slice(2)}`,
      `${header}-more`,
      `${header}0`,
      ` ${header}`,
      `${header}\n`,
      header.toUpperCase(),
      header.replace(remote.id, "0".repeat(32)),
      header.replace(remote.span, "0".repeat(16)),
      header.replace("-", "_"),
      `01${header.slice(2)}-${"a".repeat(1_000)}`
    ]) {
      assert.deepStrictEqual(Trace.parse(text), Option.none(), JSON.stringify(text))
    }
  })
})

describe("the trace of a run", () => {
  it.effect("leads from a remote span through the run to the call, its handler and whom that calls", () =>
    Effect.gen(function* () {
      const { into, named } = collecting()
      const heard: Array<Tool.Invocation> = []
      const world = yield* makeWorld
      const sessions = yield* world.process()
      const session = yield* sessions.open({ toolkit: yield* listening(heard), capabilities, id: "s" })
      yield* into(session.run("double:21", { traceparent: header }))
      const [[run], [tool], [handler]] = [named("caisson.run"), named("caisson.tool"), named("handler")]
      assert.strictEqual(parentOf(run), remote.span)
      assert.strictEqual(parentOf(tool), run?.spanId)
      assert.strictEqual(parentOf(handler), tool?.spanId)
      assert.strictEqual(handler?.traceId, remote.id)
      assert.strictEqual(heard[0]?.traceparent, `00-${remote.id}-${tool?.spanId}-01`)
      assert.deepStrictEqual((yield* startOf(sessions, "s"))?.trace, { ...remote, span: run?.spanId })
    })
  )

  it.effect("has spans that name the call and hold nothing of what was passed", () =>
    Effect.gen(function* () {
      const { into, named, spans } = collecting()
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), id: "s" })
      yield* into(session.run("double:987654321"))
      assert.deepStrictEqual(named("caisson.tool").map(attributesOf), [
        {
          "caisson.session": "s",
          "caisson.run": "r1",
          "caisson.call": "1.1",
          "caisson.method": "math/double",
          "caisson.attempt": 1,
          "caisson.receipt": "committed"
        }
      ])
      assert.deepStrictEqual(named("caisson.restore").map(attributesOf), [
        { "caisson.session": "s", "caisson.run": "r1", "caisson.from": "boot", "caisson.steps": 1 }
      ])
      const all = JSON.stringify(spans.map((span) => [span.name, [...span.attributes], span.events]))
      assert.notInclude(all, "987654321")
      assert.notInclude(all, "1975308642")
    })
  )

  it.effect("goes on in another process, and is linked to the span of whoever goes on with it", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const first = collecting()
      const scope = yield* Scope.make()
      const dying = yield* Scope.provide((yield* world.process()).open({ ...(yield* world.grants()), id: "s" }), scope)
      const call = onlyCall(yield* first.into(dying.run("refund:50", { traceparent: header })))
      yield* Scope.close(scope, Exit.void)

      const second = collecting()
      const session = yield* (yield* world.process()).resume("s", yield* world.grants())
      const approving = session.answer(call, { _tag: "Approve" }).pipe(Effect.withSpan("a person decides"))
      completed(yield* second.into(approving))
      const [[begun], [gone]] = [first.named("caisson.run"), second.named("caisson.run")]
      const [[tool], [restore]] = [second.named("caisson.tool"), second.named("caisson.restore")]
      assert.strictEqual(parentOf(gone), begun?.spanId)
      assert.deepStrictEqual([gone?.traceId, tool?.traceId, restore?.traceId], [remote.id, remote.id, remote.id])
      assert.strictEqual(parentOf(tool), gone?.spanId)
      assert.strictEqual(attributesOf(restore)["caisson.from"], "snapshot")
      assert.lengthOf(gone?.links ?? [], 1)
      assert.notStrictEqual(gone?.links[0]?.span.traceId, remote.id)
    })
  )

  it.effect("is a child of the span that is in force where no other is named", () =>
    Effect.gen(function* () {
      const { into, named } = collecting()
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      yield* into(Effect.withSpan(session.run("constant:1"), "host"))
      assert.strictEqual(parentOf(named("caisson.run")[0]), named("host")[0]?.spanId)
    })
  )

  it.effect("comes through where nobody collects spans, if it came from outside", () =>
    Effect.gen(function* () {
      const heard: Array<Tool.Invocation> = []
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open({ toolkit: yield* listening(heard), capabilities })
      yield* session.run("double:1", { traceparent: header.replace(/01$/, "00") })
      yield* session
        .run("double:1")
        .pipe(Effect.withParentSpan(Tracer.externalSpan({ traceId: remote.id, spanId: remote.span })))
      assert.match(heard[0]?.traceparent ?? "", new RegExp(`^00-${remote.id}-[0-9a-f]{16}-00$`))
      assert.match(heard[1]?.traceparent ?? "", new RegExp(`^00-${remote.id}-[0-9a-f]{16}-01$`))
    })
  )

  it.effect("is neither recorded nor passed on where nobody would ever see it", () =>
    Effect.gen(function* () {
      const heard: Array<Tool.Invocation> = []
      const world = yield* makeWorld
      const sessions = yield* world.process()
      const session = yield* sessions.open({ toolkit: yield* listening(heard), capabilities, id: "s" })
      yield* session.run("double:1").pipe(Effect.withSpan("host"))
      yield* collecting().into(session.run("double:1").pipe(Effect.withTracerEnabled(false)))
      assert.deepStrictEqual(
        heard.map((invocation) => "traceparent" in invocation),
        [false, false]
      )
      assert.notProperty(yield* startOf(sessions, "s"), "trace")
    })
  )

  it.effect("must be well-formed, or nothing is recorded", () =>
    Effect.gen(function* () {
      const world = yield* makeWorld
      const session = yield* (yield* world.process()).open(yield* world.grants())
      const { seq } = session.state()
      const error = yield* Effect.flip(session.run("constant:1", { traceparent: "00-zz-1-01" }))
      assert.strictEqual(reasonOf(error), "InvalidOptions")
      assert.include(error.message, "traceparent")
      assert.strictEqual(session.state().seq, seq)
    })
  )
})
