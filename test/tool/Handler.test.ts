import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Layer, Ref, Schema } from "effect"
import * as Tool from "../../src/tool/Tool.ts"
import * as Toolkit from "../../src/tool/Toolkit.ts"
import { call, ending, invocation, limits, result } from "./toolkits.ts"

describe("the life of a handler", () => {
  it.effect("T11 is interrupted with its call, and its signal is aborted", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<AbortSignal>()
      const released = yield* Deferred.make<void>()
      const services = yield* Effect.context<never>()
      const toolkit = yield* Toolkit.make([
        Tool.make("a.effect", {
          description: "",
          input: Schema.Struct({}),
          output: Schema.Null,
          execute: () => Effect.never.pipe(Effect.onInterrupt(() => Deferred.succeed(released, undefined)))
        }),
        Tool.fromJsonSchema("a.async", {
          description: "",
          input: { type: "object" },
          execute: (_, { signal }) => new Promise(() => Effect.runForkWith(services)(Deferred.succeed(started, signal)))
        })
      ])
      const asynchronous = yield* Effect.forkChild(toolkit.execute("a/async", "{}", invocation, limits))
      const signal = yield* Deferred.await(started)
      assert.isFalse(signal.aborted)
      yield* Fiber.interrupt(asynchronous)
      assert.isTrue(signal.aborted)
      const effect = yield* Effect.forkChild(toolkit.execute("a/effect", "{}", invocation, limits), {
        startImmediately: true
      })
      yield* Fiber.interrupt(effect)
      yield* Deferred.await(released)
      const exit = yield* Fiber.await(effect)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause))
    })
  )

  it.effect("does not take its caller with it when it interrupts itself", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* result(ending(Effect.interrupt)), {
        receipt: "failed",
        error: { name: "ToolError", message: "a.b was interrupted by its own handler", reason: "Interrupted" }
      })
    })
  )

  it.effect("has the services that were there when its toolkit was made, and a scope of its own", () =>
    Effect.gen(function* () {
      class Database extends Context.Service<Database, { readonly name: string }>()("test/Database") {}
      const open = yield* Ref.make(0)
      const connection = Effect.acquireRelease(
        Ref.update(open, (count) => count + 1),
        () => Ref.update(open, (count) => count - 1)
      )
      const tool = ending(
        Effect.gen(function* () {
          yield* connection
          return `${(yield* Database).name} ${yield* Ref.get(open)}`
        })
      )
      const toolkit = yield* Toolkit.make([tool]).pipe(Effect.provide(Layer.succeed(Database, { name: "tools" })))
      const seen = yield* call(toolkit, "a.b").pipe(Effect.provideService(Database, { name: "caller" }))
      assert.deepStrictEqual(seen, { receipt: "committed", value: "tools 1" })
      assert.strictEqual(yield* Ref.get(open), 0)
    })
  )

  it.effect("belongs to the span of its call", () =>
    Effect.gen(function* () {
      const tool = ending(Effect.map(Effect.currentParentSpan, (span) => (span._tag === "Span" ? span.name : "")))
      const toolkit = yield* Toolkit.make([tool]).pipe(Effect.withSpan("making"))
      const seen = yield* call(toolkit, "a.b").pipe(Effect.withSpan("calling"))
      assert.deepStrictEqual(seen, { receipt: "committed", value: "calling" })
    })
  )

  it.effect("T10 runs beside others of the same toolkit", () =>
    Effect.gen(function* () {
      const arrived = yield* Ref.make(0)
      const everybody = yield* Deferred.make<void>()
      const meet = Effect.gen(function* () {
        if ((yield* Ref.updateAndGet(arrived, (count) => count + 1)) === 10)
          yield* Deferred.succeed(everybody, undefined)
        yield* Deferred.await(everybody)
        return "met"
      })
      const toolkit = yield* Toolkit.make([ending(meet)])
      const seen = yield* Effect.forEach(Array.from({ length: 10 }), () => call(toolkit, "a.b"), {
        concurrency: "unbounded"
      })
      assert.lengthOf(seen, 10)
      for (const each of seen) assert.deepStrictEqual(each, { receipt: "committed", value: "met" })
    })
  )
})
