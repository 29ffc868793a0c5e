import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Approvals } from "../../src/approval/Approvals.ts"
import * as Cursor from "../../src/approval/Cursor.ts"
import { Capability } from "../../src/capability/Capability.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import { AnswerRefused, SessionError } from "../../src/session/SessionError.ts"
import type { Grants } from "../../src/session/Sessions.ts"
import { completed, onlyCall, reasonOf } from "../session/results.ts"
import { makeWorld } from "../session/world.ts"

/** A world, its inbox, and sessions in it that ask for a refund. */
const makeInbox = Effect.gen(function* () {
  const world = yield* makeWorld
  const layer = Layer.fresh(Approvals.layer.pipe(Layer.provide(Layer.succeed(Journal, world.journal))))
  const approvals = yield* Effect.provide(Approvals, layer)
  const asking = Effect.fnUntraced(function* (id: string, code = "guardedRefund:1", grants: Partial<Grants> = {}) {
    const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), ...grants, id })
    yield* session.run(code)
    return session
  })
  return { ...world, approvals, asking }
})

const whyOf = (error: unknown) =>
  error instanceof SessionError && error.reason instanceof AnswerRefused ? error.reason.why : String(error)

const several = [Capability.make({ methods: "bank/pay", mode: "ask", description: "Pay?", approvers: ["ann", "bob"] })]

describe("the inbox", () => {
  it.effect("says of a call what it is, what it asks, who may decide and until when", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      yield* TestClock.adjust("1 hour")
      const session = yield* asking("monday", "three", { capabilities: several, decision: "1 day" })
      const { requests } = yield* approvals.list()
      assert.deepStrictEqual(
        requests.map(({ call, input }) => [call, input]),
        [
          ["1.1", { amount: 1 }],
          ["1.2", { amount: 2 }],
          ["1.3", { amount: 3 }]
        ]
      )
      const { request } = yield* approvals.show("monday", "1.2")
      assert.deepInclude(request, {
        session: "monday",
        run: "r1",
        call: "1.2",
        method: "bank/pay",
        reason: "Pay?",
        approvers: ["ann", "bob"],
        askedMillis: 3_600_000,
        expiresMillis: 25 * 3_600_000,
        refused: undefined
      })
      assert.match(request.digest, /^[0-9a-f]{64}$/)
      assert.strictEqual(session.id, "monday")
    })
  )

  it.effect("lists what nobody has decided on, page by page, while sessions come and are answered", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      for (const id of ["a", "b", "c"]) yield* asking(id, "three", { capabilities: several })
      yield* asking("idle", "double:1")
      const pages: Array<ReadonlyArray<string>> = []
      let cursor: string | undefined
      do {
        const page = yield* approvals.list({ limit: 2, cursor })
        pages.push(page.requests.map(({ call, session }) => `${session} ${call}`))
        cursor = page.cursor
        const [first] = page.requests
        if (pages.length === 1) yield* asking("newer", "three", { capabilities: several })
        if (first !== undefined) yield* approvals.deny(first.session, first.call, { by: "ann" })
      } while (cursor !== undefined)
      assert.deepStrictEqual(pages, [
        ["c 1.1", "c 1.2"],
        ["c 1.3", "b 1.1"],
        ["b 1.2", "b 1.3"],
        ["a 1.1", "a 1.2"],
        ["a 1.3"]
      ])
      const left = (yield* approvals.list({ limit: 500 })).requests.map(({ call, session }) => `${session} ${call}`)
      assert.deepStrictEqual(left, ["newer 1.1", "newer 1.2", "newer 1.3", "c 1.2", "b 1.1", "b 1.3", "a 1.2"])
    })
  )

  it.effect("refuses pages that are none", () =>
    Effect.gen(function* () {
      const { approvals } = yield* makeInbox
      for (const options of [{ limit: 0 }, { limit: 501 }, { limit: 1.5 }, { cursor: "c" }, { cursor: "a:1.x" }]) {
        assert.strictEqual(reasonOf(yield* Effect.flip(approvals.list(options))), "InvalidOptions")
      }
      assert.deepStrictEqual(Cursor.parse(Cursor.behind("a.b-c"))?.session, "a.b-c")
    })
  )

  it.effect("has decisions that the next holder applies, whoever holds the session now", () =>
    Effect.gen(function* () {
      const { approvals, asking, grants, outside, process } = yield* makeInbox
      const scope = yield* Scope.make()
      yield* Scope.provide(asking("monday"), scope)
      yield* Scope.close(scope, Exit.void)
      const { decision, isFirst } = yield* approvals.approve("monday", "1.1", { by: "ann", input: { amount: 9 } })
      assert.isTrue(isFirst)
      assert.deepStrictEqual(decision.decision, { _tag: "Approve", input: '{"amount":9}' })
      assert.deepStrictEqual((yield* approvals.list()).requests, [])
      const { decisions } = yield* approvals.show("monday", "1.1")
      assert.deepStrictEqual(
        decisions.map(({ by, fate }) => [by, fate]),
        [["ann", "pending"]]
      )
      const session = yield* (yield* process()).resume("monday", yield* grants())
      assert.strictEqual(completed(Option.getOrThrow(yield* session.resume())), "refunded 9")
      assert.deepStrictEqual(outside.entered, ["refund 9"])
    })
  )

  it.effect("tells everybody of the first decision, before and after it was applied", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      const session = yield* asking("monday")
      const first = yield* approvals.deny("monday", "1.1", { by: "ann", reason: "no" })
      const second = yield* approvals.approve("monday", "1.1", { by: "bob" })
      assert.deepStrictEqual(second, { decision: first.decision, isFirst: false })
      assert.deepStrictEqual(completed(Option.getOrThrow(yield* session.resume())), { refused: "no" })
      const third = yield* approvals.approve("monday", "1.1", { by: "bob" })
      assert.deepStrictEqual(third, { decision: first.decision, isFirst: false })
    })
  )

  it.effect("lets one of 20 who decide at once be the first", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      const session = yield* asking("monday")
      const deciders = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0
          ? approvals.approve("monday", "1.1", { by: `decider ${index}` })
          : approvals.deny("monday", "1.1", { by: `decider ${index}`, reason: "no" })
      )
      const decided = yield* Effect.all(deciders, { concurrency: "unbounded" })
      const [first, ...others] = decided.filter(({ isFirst }) => isFirst)
      assert.isEmpty(others)
      for (const { decision } of decided) assert.deepStrictEqual(decision, first?.decision)
      const value = completed(Option.getOrThrow(yield* session.resume()))
      assert.deepStrictEqual(value, first?.decision.decision._tag === "Deny" ? { refused: "no" } : "refunded 1")
    })
  )

  it.effect("does not take a decision on a question that is another one by now", () =>
    Effect.gen(function* () {
      const { approvals, asking, outside } = yield* makeInbox
      const session = yield* asking("monday")
      const asked = session.state().seq
      const { request } = yield* approvals.show("monday", "1.1")
      yield* approvals.deny("monday", "1.1", { by: "ann" })
      yield* session.rewind(asked)
      const stale = { by: "ann", digest: request.digest }
      assert.strictEqual(whyOf(yield* Effect.flip(approvals.approve("monday", "1.1", stale))), "Stale")
      const now = yield* approvals.show("monday", "1.1")
      assert.deepStrictEqual(
        now.decisions.map(({ fate }) => fate),
        ["stale"]
      )
      assert.lengthOf((yield* approvals.list()).requests, 1)
      const right = { by: "bob", digest: now.request.digest }
      assert.isTrue((yield* approvals.approve("monday", "1.1", right)).isFirst)
      assert.strictEqual(completed(Option.getOrThrow(yield* session.resume())), "refunded 1")
      assert.deepStrictEqual(outside.entered, ["refund 1"])
    })
  )

  it.effect("shows why an edit was refused, and takes another decision", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      const session = yield* asking("monday")
      yield* approvals.approve("monday", "1.1", { by: "ann", input: { amount: 500 } })
      yield* session.resume()
      const [request, ...others] = (yield* approvals.list()).requests
      assert.isEmpty(others)
      assert.deepInclude(request?.refused, { by: "ann", why: "InputDenied" })
      assert.match(request?.refused?.detail ?? "", /amount/)
      yield* approvals.approve("monday", "1.1", { by: "ann", input: { amount: 50 } })
      assert.strictEqual(completed(Option.getOrThrow(yield* session.resume())), "refunded 50")
    })
  )

  it.effect("does not say that a refused decision was the one that counted", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      const session = yield* asking("monday", "guardedRefund:1", { decision: "1 hour" })
      yield* approvals.approve("monday", "1.1", { by: "ann", input: { amount: 500 } })
      yield* session.resume()
      yield* TestClock.adjust("2 hours")
      assert.match(completed(Option.getOrThrow(yield* session.resume())).refused, /nobody decided/)
      assert.strictEqual(whyOf(yield* Effect.flip(approvals.approve("monday", "1.1", { by: "bob" }))), "NotWaiting")
    })
  )

  it.effect("refuses at once what cannot be right", () =>
    Effect.gen(function* () {
      const { approvals, asking, grants, journal } = yield* makeInbox
      const session = yield* asking("monday", "three", { capabilities: several, decision: "1 hour" })
      const { toolkit } = yield* grants()
      const refused = Effect.fnUntraced(function* (decision: ReturnType<typeof approvals.approve>) {
        return whyOf(yield* Effect.flip(decision))
      })
      const by = "ann"
      assert.strictEqual(yield* refused(approvals.approve("monday", "9.9", { by })), "UnknownCall")
      assert.strictEqual(yield* refused(approvals.approve("monday", "1.1", { by: "eve" })), "NotAnApprover")
      assert.strictEqual(yield* refused(approvals.deny("monday", "1.1", { by: "eve" })), "NotAnApprover")
      assert.strictEqual(yield* refused(approvals.approve("monday", "1.1", { by, input: () => 1 })), "NotAValue")
      const wrong = { by, input: { amount: "x" }, toolkit }
      assert.strictEqual(yield* refused(approvals.approve("monday", "1.1", wrong)), "InvalidInput")
      const large = { by, input: "x".repeat(1_048_577) }
      assert.strictEqual(yield* refused(approvals.approve("monday", "1.1", large)), "TooLarge")
      for (const name of ["", "a\u0000", "x".repeat(257)]) {
        assert.strictEqual(
          reasonOf(yield* Effect.flip(approvals.deny("monday", "1.1", { by: name }))),
          "InvalidOptions"
        )
      }
      const long = { by, reason: "x".repeat(4_097) }
      assert.strictEqual(reasonOf(yield* Effect.flip(approvals.deny("monday", "1.1", long))), "InvalidOptions")
      assert.strictEqual(reasonOf(yield* Effect.flip(approvals.deny("tuesday", "1.1", { by }))), "SessionNotFound")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* refused(approvals.approve("monday", "1.1", { by })), "Expired")
      assert.deepStrictEqual((yield* approvals.list()).requests, [])
      assert.deepStrictEqual(yield* journal.decisions("monday"), [])
      yield* session.close
      assert.strictEqual(reasonOf(yield* Effect.flip(approvals.approve("monday", "1.1", { by }))), "SessionClosed")
    })
  )

  it.effect("says of a call that asks nothing what is the matter with it", () =>
    Effect.gen(function* () {
      const { approvals, asking } = yield* makeInbox
      const session = yield* asking("monday", "refund:1")
      const call = onlyCall(Option.getOrThrow(yield* session.resume()))
      assert.strictEqual(call, "1.2")
      assert.strictEqual(whyOf(yield* Effect.flip(approvals.approve("monday", "1.1", { by: "ann" }))), "NotWaiting")
      assert.strictEqual(whyOf(yield* Effect.flip(approvals.show("monday", "1.1"))), "NotWaiting")
      assert.strictEqual(whyOf(yield* Effect.flip(approvals.show("monday", "7.7"))), "UnknownCall")
    })
  )
})
