import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Frame from "../../src/guest/wire/Frame.ts"
import { FrameReader } from "../../src/guest/wire/FrameReader.ts"
import { decoder, encode } from "../../src/guest/wire/Pack.ts"
import { Request } from "../../src/guest/wire/Request.ts"
import { greet, shell, textOf } from "./guest.ts"
import { answerHello, epoch, greeted, make, type Peer } from "./peer.ts"

const started = encode({ note: "started", pid: 1, output: 0, errors: 0 })
const exited = encode({ ok: { how: "exited", code: 0, wallMillis: 0, cpuMillis: 0, output: 0, errors: 0 } })
const nothing = new Uint8Array(0)

/** What a host thinks of a guest that has said something after its welcome, with a process under way on stream 1. */
const verdict = Effect.fnUntraced(function* (say: (peer: Peer) => Effect.Effect<void>) {
  const { machine, peer } = yield* greeted()
  const starting = yield* Effect.forkScoped(machine.execute(shell("1", "true")))
  yield* peer.heard("open")
  yield* peer.tell("note", { stream: 1, payload: started })
  yield* Fiber.join(starting)
  yield* say(peer)
  const { reason } = yield* Effect.flip(machine.failed)
  return reason._tag
})

const offences: ReadonlyArray<readonly [title: string, say: (peer: Peer) => Effect.Effect<void>]> = [
  ["noise between frames", (peer) => peer.say(Buffer.from("hello"))],
  [
    "a damaged frame",
    (peer) => {
      const bytes = peer.frame("data", { stream: 1, lane: 1, payload: Uint8Array.of(1, 2, 3) })
      bytes[30] = 9
      return peer.say(bytes)
    }
  ],
  ["a frame of another connection", (peer) => peer.tell("pong", { epoch: epoch + 1 })],
  ["a frame that does not follow", (peer) => peer.tell("data", { stream: 1, lane: 1, sequence: 99 })],
  ["a second welcome", (peer) => peer.tell("welcome")],
  ["a hello", (peer) => peer.tell("hello")],
  ["a ping", (peer) => peer.tell("ping")],
  ["a pong of no ping", (peer) => peer.tell("pong")],
  ["bytes in the lane of the host", (peer) => peer.tell("data", { stream: 1, payload: Uint8Array.of(1) })],
  ["bytes of a stream that nobody has opened", (peer) => peer.tell("data", { stream: 99, lane: 1 })],
  ["bytes of stream 0", (peer) => peer.tell("data", { stream: 0, lane: 1, payload: Uint8Array.of(1) })],
  ["a piece of no bytes", (peer) => peer.tell("data", { stream: 1, lane: 1 })],
  [
    "more bytes than the window has",
    (peer) =>
      Effect.forEach(
        Array.from({ length: Frame.windowBytes / Frame.payloadBytesMax + 1 }),
        () => peer.tell("data", { stream: 1, lane: 2, payload: new Uint8Array(Frame.payloadBytesMax) }),
        { discard: true }
      )
  ],
  [
    "bytes behind the end of a lane",
    (peer) =>
      Effect.andThen(
        peer.tell("end", { stream: 1, lane: 1 }),
        peer.tell("data", { stream: 1, lane: 1, payload: Uint8Array.of(1) })
      )
  ],
  [
    "two ends of a lane",
    (peer) => Effect.andThen(peer.tell("end", { stream: 1, lane: 1 }), peer.tell("end", { stream: 1, lane: 1 }))
  ],
  ["a credit for what was not sent", (peer) => peer.tell("credit", { stream: 1, payload: Frame.encodeCredit(1) })],
  ["a credit that is none", (peer) => peer.tell("credit", { stream: 1, payload: Uint8Array.of(1) })],
  ["a credit for another lane", (peer) => peer.tell("credit", { stream: 1, lane: 1, payload: Frame.encodeCredit(0) })],
  ["a second notice", (peer) => peer.tell("note", { stream: 1, payload: started })],
  ["a stream of its own", (peer) => peer.tell("open", { stream: 2, payload: encode({ op: "thaw" }) })],
  ["the reset of a stream", (peer) => peer.tell("reset", { stream: 1 })],
  [
    "something behind a result",
    (peer) =>
      Effect.andThen(
        peer.tell("result", { stream: 1, payload: exited }),
        peer.tell("result", { stream: 1, payload: exited })
      )
  ],
  ["a fault that is none", (peer) => peer.tell("fault", { payload: nothing })]
]

describe("a host whose guest is hostile", () => {
  it.effect.each(offences)("breaks off because of %s", ([, say]) =>
    Effect.map(verdict(say), (tag) => assert.strictEqual(tag, "Violation"))
  )

  it.effect("takes a result only if it is of the right form", () =>
    Effect.gen(function* () {
      const results = [
        nothing,
        encode({}),
        encode({ ok: {} }),
        encode({ ok: null, error: null }),
        Buffer.from("c1", "hex")
      ]
      for (const payload of results) {
        const { machine, peer } = yield* greeted()
        const asking = yield* Effect.forkScoped(Effect.flip(machine.stat("/")))
        yield* peer.heard("open")
        yield* peer.tell("result", { stream: 1, payload })
        const error = yield* Fiber.join(asking)
        assert.strictEqual(error._tag === "AgentError" && error.reason._tag, "Violation")
        assert.strictEqual((yield* Effect.flip(machine.failed)).reason._tag, "Violation")
      }
    })
  )

  it.effect("does not take a code that it does not know, nor a file that is listed with a wrong kind", () =>
    Effect.gen(function* () {
      const first = yield* greeted()
      const asking = yield* Effect.forkScoped(Effect.flip(first.machine.makeDirectory("/x")))
      yield* first.peer.heard("open")
      yield* first.peer.tell("result", { stream: 1, payload: encode({ error: { code: "EEVIL", message: "" } }) })
      const error = yield* Fiber.join(asking)
      assert.strictEqual(error._tag === "AgentError" && error.reason._tag, "Violation")
      const { machine, peer } = yield* greeted()
      const listing = yield* Effect.forkScoped(Effect.flip(Stream.runDrain(machine.list("/"))))
      yield* peer.heard("open")
      const entry = encode({ path: "/x", kind: "evil", bytes: 1, modifiedMillis: 0, mode: 0 })
      yield* peer.tell("data", { stream: 1, lane: 1, payload: Uint8Array.of(entry.length, 0, 0, 0, ...entry) })
      const wrong = yield* Fiber.join(listing)
      assert.strictEqual(wrong._tag === "AgentError" && wrong.reason._tag, "Violation")
    })
  )

  it.effect("does not take a list that ends in the middle of a record for a whole one", () =>
    Effect.gen(function* () {
      const { machine, peer } = yield* greeted()
      const listing = yield* Effect.forkScoped(Effect.flip(Stream.runDrain(machine.list("/"))))
      yield* peer.heard("open")
      const entry = encode({ path: "/x", kind: "file", bytes: 1, modifiedMillis: 0, mode: 0 })
      const record = Uint8Array.of(entry.length, 0, 0, 0, ...entry)
      yield* peer.tell("data", { stream: 1, lane: 1, payload: Uint8Array.of(...record, ...record.subarray(0, -1)) })
      yield* peer.tell("end", { stream: 1, lane: 1 })
      yield* peer.tell("end", { stream: 1, lane: 2 })
      yield* peer.tell("result", { stream: 1, payload: encode({ ok: {} }) })
      const error = yield* Fiber.join(listing)
      assert.strictEqual(error._tag === "AgentError" && error.reason._tag, "Violation")
    })
  )

  it.effect("does not believe a process that starts as something else, or ends before it starts", () =>
    Effect.gen(function* () {
      const { machine, peer } = yield* greeted()
      for (const [stream, kind, payload] of [
        [1, "note", encode({ note: "ready" })],
        [3, "result", exited]
      ] as const) {
        const starting = yield* Effect.forkScoped(Effect.flip(machine.execute(shell("1", "true"))))
        yield* peer.heard("open")
        yield* peer.tell(kind, { stream, payload })
        assert.strictEqual((yield* Fiber.join(starting)).reason._tag, "Violation")
      }
    })
  )

  it.effect("goes on after what is under way for a stream that it has left", () =>
    Effect.gen(function* () {
      const { machine, peer } = yield* greeted()
      const asking = yield* Effect.forkScoped(machine.stat("/"))
      yield* peer.heard("open")
      yield* Fiber.interrupt(asking)
      yield* peer.heard("reset")
      yield* peer.tell("result", { stream: 1, payload: encode({ error: { code: "ENOENT", message: "" } }) })
      const pinging = yield* Effect.forkScoped(machine.ping)
      const { payload } = yield* peer.heard("ping")
      yield* peer.tell("pong", { payload })
      yield* Fiber.join(pinging)
      assert.strictEqual(payload.length, 8)
    })
  )

  it.effect("gives up one that is silent, and not one that is slow", () =>
    Effect.gen(function* () {
      const { machine, peer } = yield* greeted({ silence: "10 seconds" })
      const ending = yield* Effect.forkScoped(Effect.flip(machine.failed))
      yield* TestClock.adjust("10 seconds")
      const { payload } = yield* peer.heard("ping")
      yield* TestClock.adjust("9 seconds")
      yield* peer.tell("pong", { payload })
      yield* TestClock.adjust("11 seconds")
      yield* peer.heard("ping")
      assert.isUndefined(ending.pollUnsafe())
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(ending)).reason._tag, "Silent")
    })
  )

  it.effect("waits for its own welcome, whatever else comes before it", () =>
    Effect.gen(function* () {
      const peer = yield* make
      const greeting = yield* Effect.forkScoped(greet(peer.link, epoch))
      const stale = { version: 1, nonce: new Uint8Array(16), agent: "stale" }
      yield* peer.say(Buffer.from("the tail of a frame"))
      yield* peer.say(Frame.encode({ kind: "data", lane: 1, epoch: 3, stream: 1, sequence: 5, payload: nothing }))
      yield* peer.say(Frame.encode({ kind: "welcome", lane: 0, epoch, stream: 0, sequence: 9, payload: encode(stale) }))
      yield* peer.say(new Uint8Array(100_000).fill(0x43))
      yield* answerHello(peer)
      assert.strictEqual((yield* Fiber.join(greeting)).welcome.agent, "peer")
    })
  )

  it.effect("does not welcome back a guest that says that its clock or its chance is old", () =>
    Effect.gen(function* () {
      for (const [rest, reason] of [
        [{ clockSet: false }, "ClockNotSet"],
        [{ reseeded: false }, "NotReseeded"]
      ] as const) {
        const peer = yield* make
        const options = { isMachine: true }
        const [error] = yield* Effect.all([Effect.flip(greet(peer.link, epoch, options)), answerHello(peer, rest)], {
          concurrency: 2
        })
        assert.deepInclude(error.reason, { _tag: "NotWelcome", reason })
      }
    })
  )

  it.effect("sets the clock of a machine that heard of the time too late", () =>
    Effect.gen(function* () {
      const peer = yield* make
      yield* TestClock.adjust("1 hour")
      const greeting = yield* Effect.forkScoped(greet(peer.link, epoch, { isMachine: true }))
      yield* answerHello(peer, { seconds: 3_594 })
      const machine = yield* Fiber.join(greeting)
      assert.strictEqual(machine.welcome.agent, "peer")
      yield* TestClock.adjust("1 second")
      const adjusting = yield* Effect.forkScoped(machine.adjustClock)
      const { payload, stream } = yield* peer.heard("open")
      const request = Result.getOrThrow(decoder(Request)(payload))
      assert.deepStrictEqual(request, { op: "clock", seconds: 3_601, nanos: 0 })
      yield* peer.tell("result", { stream, payload: encode({ ok: {} }) })
      yield* Fiber.join(adjusting)
    })
  )

  it.effect("leaves the clock of a machine alone that heard of the time in time", () =>
    Effect.gen(function* () {
      const { machine, peer } = yield* greeted({ isMachine: true })
      yield* machine.adjustClock
      const pinging = yield* Effect.forkScoped(machine.ping)
      const { payload, sequence } = yield* peer.heard("ping")
      assert.strictEqual(sequence, 1, "something was asked before")
      yield* peer.tell("pong", { payload })
      yield* Fiber.join(pinging)
    })
  )

  it.effect("hears zeros before the hello only if it may be in a frame", () =>
    Effect.gen(function* () {
      for (const mayBeInFrame of [true, false]) {
        const sent: Array<Uint8Array> = []
        const link = {
          receive: Effect.never,
          send: (bytes: Uint8Array) => Effect.sync(() => void sent.push(bytes))
        }
        const greeting = yield* Effect.forkScoped(Effect.flip(greet(link, epoch, { mayBeInFrame })))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual((yield* Fiber.join(greeting)).reason._tag, "NotWelcome")
        const items = new FrameReader().push(Buffer.concat(sent))
        assert.deepStrictEqual(
          items.map((item) => (item._tag === "Frame" ? item.frame.kind : item._tag)),
          ["hello"]
        )
        assert.strictEqual(
          sent.at(0)?.every((byte) => byte === 0),
          mayBeInFrame
        )
      }
    })
  )

  it.effect("ends everything when the channel ends", () =>
    Effect.gen(function* () {
      const { machine, peer } = yield* greeted()
      const reading = yield* Effect.forkScoped(Effect.flip(textOf(machine.read("/x"))))
      yield* peer.heard("open")
      yield* peer.hangUp
      const error = yield* Fiber.join(reading)
      assert.strictEqual(error._tag === "AgentError" && error.reason._tag, "LinkClosed")
      assert.strictEqual((yield* Effect.flip(machine.ping)).reason._tag, "LinkClosed")
    })
  )

  const byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))
  const AnyFrame = Schema.Struct({
    kind: Schema.Literals(Object.keys(Frame.kinds) as Array<Frame.Kind>),
    lane: Schema.Literals([0, 1, 2]),
    stream: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 })),
    payload: Schema.Union([
      Schema.Array(byte).check(Schema.isMaxLength(20)),
      Schema.Literals([started, exited, Frame.encodeCredit(0)].map((bytes) => Buffer.from(bytes).toString("hex")))
    ])
  })

  it.effect.prop(
    "never dies of what it is told: it goes on, or breaks off",
    [Schema.Array(AnyFrame).check(Schema.isMaxLength(12))],
    ([frames]) =>
      Effect.gen(function* () {
        const { machine, peer } = yield* greeted()
        const process = yield* Effect.forkScoped(Effect.exit(machine.execute(shell("1", "true"))))
        yield* peer.heard("open")
        for (const { payload, ...frame } of frames) {
          const bytes = typeof payload === "string" ? Buffer.from(payload, "hex") : Uint8Array.from(payload)
          yield* peer.tell(frame.kind, { ...frame, payload: bytes })
        }
        yield* peer.hangUp
        const { reason } = yield* Effect.flip(machine.failed)
        assert.include(["LinkClosed", "Violation", "Broken"], reason._tag)
        yield* Fiber.join(process)
      }).pipe(Effect.scoped),
    { arbitrary: { runs: 150 } }
  )
})
