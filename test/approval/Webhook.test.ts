import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Layer, Queue, Redacted, Result } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { Approvals } from "../../src/approval/Approvals.ts"
import * as Webhook from "../../src/approval/Webhook.ts"
import { verify } from "../../src/approval/WebhookSignature.ts"
import { Capability } from "../../src/capability/Capability.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import { completed, reasonOf } from "../session/results.ts"
import { makeWorld } from "../session/world.ts"

const secret = Redacted.make("a secret of this test")

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A receiver that answers as it is told, one answer after the other, and then 204. */
const makeReceiver = Effect.fnUntraced(function* (...answers: ReadonlyArray<(response: ServerResponse) => void>) {
  const received = yield* Queue.unbounded<Received>()
  let count = 0
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (text: string) => (body += text))
    request.on("end", () => {
      Queue.offerUnsafe(received, { headers: request.headers, body })
      const answer = answers[count++] ?? ((response: ServerResponse) => response.writeHead(204).end())
      answer(response)
    })
  })
  yield* Effect.acquireRelease(
    Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()))),
    () =>
      Effect.promise(() => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()))
        server.closeAllConnections()
        return closed
      })
  )
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/hook`, received, count: () => count }
})

const status = (code: number) => (response: ServerResponse) => response.writeHead(code).end()

const silence = () => {}

/** A world whose inbox is told. */
const makeWatched = Effect.fnUntraced(function* (
  options: Webhook.WebhookOptions,
  client: Layer.Layer<HttpClient.HttpClient> = FetchHttpClient.layer
) {
  const world = yield* makeWorld
  const webhook = Webhook.layer(options).pipe(
    Layer.provideMerge(Approvals.layer),
    Layer.provide(Layer.merge(Layer.succeed(Journal, world.journal), client))
  )
  const context = yield* Layer.build(Layer.fresh(webhook))
  const approvals = yield* Effect.provide(Approvals, context)
  const asking = Effect.fnUntraced(function* (id: string, code = "guardedRefund:1") {
    const capabilities = [
      Capability.make({ methods: "bank/*", mode: "ask", description: "Really?", approvers: ["ann"] })
    ]
    const session = yield* (yield* world.process()).open({ ...(yield* world.grants()), capabilities, id })
    yield* session.run(code)
    return session
  })
  return { ...world, approvals, asking }
})

const quick = { every: "20 millis", backoff: "10 millis", timeout: "100 millis", secret } as const

/** A world whose inbox is told to somebody who answers 503, at the times in `tried`. */
const makeRefused = Effect.fnUntraced(function* (options: Partial<Webhook.WebhookOptions>) {
  const tried: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.map(Clock.currentTimeMillis, (nowMillis) => {
      tried.push(nowMillis)
      return HttpClientResponse.fromWeb(request, new Response(null, { status: 503 }))
    })
  )
  const url = "https://example.com/hook"
  return { ...(yield* makeWatched({ url, secret, ...options }, Layer.succeed(HttpClient.HttpClient, client))), tried }
})

const trusted = ({ body, headers }: Received) => Result.isSuccess(verify(headers, body, secret, Date.now()))

describe("a webhook", () => {
  it.live("tells a receiver of a new request, signed, again and again until it takes it", () =>
    Effect.gen(function* () {
      const receiver = yield* makeReceiver(
        status(500),
        silence,
        (response: ServerResponse) => response.destroy(),
        status(429)
      )
      const { asking } = yield* makeWatched({ ...quick, url: receiver.url })
      yield* asking("monday")
      const attempts: Array<Received> = []
      for (let attempt = 0; attempt < 5; attempt++) attempts.push(yield* Queue.take(receiver.received))
      for (const attempt of attempts) {
        assert.isTrue(trusted(attempt))
        assert.strictEqual(attempt.headers["content-type"], "application/json")
        const { askedAt, digest, expiresAt, ...rest } = JSON.parse(attempt.body)
        assert.deepStrictEqual(rest, {
          type: "approval.requested",
          session: "monday",
          run: "r1",
          call: "1.1",
          method: "bank/refund",
          input: { amount: 1 },
          reason: "Really?",
          approvers: ["ann"]
        })
        assert.match(digest, /^[0-9a-f]{64}$/)
        assert.strictEqual(attempt.headers["caisson-delivery"], attempts[0]?.headers["caisson-delivery"])
        assert.isAbove(Date.parse(expiresAt), Date.parse(askedAt))
      }
      // A second request is told next: nothing more was said of the first.
      yield* asking("tuesday")
      assert.strictEqual(JSON.parse((yield* Queue.take(receiver.received)).body).session, "tuesday")
      assert.strictEqual(receiver.count(), 6)
    })
  )

  it.live("gives every request a delivery of its own, also where another session or a fork asks the same", () =>
    Effect.gen(function* () {
      const receiver = yield* makeReceiver()
      const { asking, process } = yield* makeWatched({ ...quick, url: receiver.url })
      yield* asking("monday")
      yield* asking("tuesday")
      yield* (yield* process()).fork("monday", { id: "fork" })
      const deliveries = new Map<string, unknown>()
      const digests = new Map<string, unknown>()
      while (deliveries.size < 3) {
        const { body, headers } = yield* Queue.take(receiver.received)
        const { digest, session } = JSON.parse(body)
        deliveries.set(session, headers["caisson-delivery"])
        digests.set(session, digest)
      }
      assert.strictEqual(digests.get("monday"), digests.get("tuesday"))
      assert.strictEqual(digests.get("monday"), digests.get("fork"))
      assert.strictEqual(new Set(deliveries.values()).size, 3)
    })
  )

  it.live("gives up where the receiver refuses, and after the last attempt, and goes on with the next", () =>
    Effect.gen(function* () {
      const receiver = yield* makeReceiver(status(400), ...Array.from({ length: 3 }, () => status(503)))
      const { asking } = yield* makeWatched({ ...quick, url: receiver.url, attempts: 3 })
      const sessions: Array<string> = []
      for (const id of ["refused", "failing", "fine"]) {
        yield* asking(id)
        const times = id === "failing" ? 3 : 1
        for (let time = 0; time < times; time++) {
          sessions.push(JSON.parse((yield* Queue.take(receiver.received)).body).session)
        }
      }
      assert.deepStrictEqual(sessions, ["refused", "failing", "failing", "failing", "fine"])
    })
  )

  it.live("does not follow a redirect", () =>
    Effect.gen(function* () {
      const elsewhere = yield* makeReceiver()
      const receiver = yield* makeReceiver((response: ServerResponse) =>
        response.writeHead(307, { location: elsewhere.url }).end()
      )
      const { asking } = yield* makeWatched({ ...quick, url: receiver.url })
      yield* asking("redirected")
      yield* Queue.take(receiver.received)
      yield* asking("next")
      assert.strictEqual(JSON.parse((yield* Queue.take(receiver.received)).body).session, "next")
      assert.strictEqual(elsewhere.count(), 0)
    })
  )

  it.effect("tries less and less often, a bounded number of times", () =>
    Effect.gen(function* () {
      const { asking, tried } = yield* makeRefused({ attempts: 8 })
      yield* asking("monday")
      yield* TestClock.adjust("1 hour")
      const waits = tried.slice(1).map((at, index) => at - (tried[index] ?? 0))
      assert.lengthOf(waits, 7)
      for (const [index, wait] of waits.entries()) {
        assert.isAtLeast(wait, 500 * 2 ** index)
        assert.isAtMost(wait, 1_000 * 2 ** index)
      }
    })
  )

  it.effect("stops when nobody waits for the decision any more", () =>
    Effect.gen(function* () {
      const { approvals, asking, tried } = yield* makeRefused({ attempts: 20 })
      yield* asking("monday")
      yield* TestClock.adjust("5 seconds")
      const before = tried.length
      assert.isAbove(before, 1)
      yield* approvals.deny("monday", "1.1", { by: "ann" })
      yield* TestClock.adjust("1 day")
      // At most the one attempt that came before the next look into the inbox.
      assert.isAtMost(tried.length, before + 1)
    })
  )

  it.effect("tells everything in the end, though more waits than there is room for", () =>
    Effect.gen(function* () {
      const { asking, tried } = yield* makeRefused({ attempts: 1 })
      for (const id of ["a", "b"]) yield* asking(id, "many:200")
      for (let looks = 0; looks < 200 && tried.length < 400; looks++) yield* TestClock.adjust("2 seconds")
      for (let looks = 0; looks < 20; looks++) yield* TestClock.adjust("2 seconds")
      assert.lengthOf(tried, 400)
    })
  )

  it.live("never makes a session wait", () =>
    Effect.gen(function* () {
      const arrived = yield* Deferred.make<void>()
      const receiver = yield* makeReceiver(() => Deferred.doneUnsafe(arrived, Effect.void))
      const { asking } = yield* makeWatched({ ...quick, url: receiver.url, timeout: "1 minute" })
      const session = yield* asking("monday")
      yield* Deferred.await(arrived)
      const result = yield* session.answer("1.1", { _tag: "Approve", by: "ann" })
      assert.strictEqual(completed(result), "refunded 1")
    })
  )

  it.effect("is only for addresses that others cannot read along, and with a secret worth the name", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<Partial<Webhook.WebhookOptions>> = [
        { url: "http://example.com/hook" },
        { url: "ftp://example.com" },
        { url: "hook" },
        { secret: Redacted.make("short") },
        { attempts: 0 },
        { attempts: 21 }
      ]
      for (const options of wrong) {
        const error = yield* Effect.flip(makeWatched({ url: "https://example.com/hook", secret, ...options }))
        assert.strictEqual(reasonOf(error), "InvalidOptions", JSON.stringify(options))
      }
    })
  )
})
