/** Somebody at the other end of a link who says whatever a test wants. */
import { Effect, Queue, Result } from "effect"
import type { AgentOptions } from "../../src/guest/Agent.ts"
import { type Link, LinkClosed } from "../../src/guest/Link.ts"
import * as Frame from "../../src/guest/wire/Frame.ts"
import { FrameReader } from "../../src/guest/wire/FrameReader.ts"
import { Hello } from "../../src/guest/wire/Greeting.ts"
import { decoder, encode } from "../../src/guest/wire/Pack.ts"
import { greet } from "./guest.ts"

export const epoch = 7

export const make = Effect.gen(function* () {
  const toHost = yield* Queue.unbounded<Uint8Array, LinkClosed>()
  const fromHost = yield* Queue.unbounded<Frame.Frame>()
  const reader = new FrameReader()
  let sequence = 0
  const link: Link = {
    receive: Queue.take(toHost),
    send: (bytes) =>
      Effect.sync(() => {
        for (const item of reader.push(bytes)) if (item._tag === "Frame") Queue.offerUnsafe(fromHost, item.frame)
      })
  }
  const say = (bytes: Uint8Array) => Effect.asVoid(Queue.offer(toHost, bytes))
  const frame = (kind: Frame.Kind, rest: Partial<Frame.Frame> = {}) => {
    const bytes = Frame.encode({ kind, lane: 0, epoch, stream: 0, sequence, payload: new Uint8Array(0), ...rest })
    sequence++
    return bytes
  }
  return {
    link,
    say,
    /** Makes the next frame; it says nothing yet. */
    frame,
    tell: (kind: Frame.Kind, rest: Partial<Frame.Frame> = {}) => say(frame(kind, rest)),
    /** Waits for the next frame of the host that is of a kind. */
    heard: (kind: Frame.Kind) =>
      Effect.repeat(Queue.take(fromHost), { until: (frame: Frame.Frame) => frame.kind === kind }),
    hangUp: Effect.asVoid(Queue.fail(toHost, new LinkClosed({ detail: "hung up" })))
  }
})

export type Peer = Effect.Success<typeof make>

export const welcome = {
  version: 1,
  agent: "peer",
  generation: new Uint8Array(16),
  seconds: 0,
  nanos: 0,
  clockSet: true,
  reseeded: true,
  sample: new Uint8Array(16),
  template: "",
  abilities: [],
  processes: []
}

/** Answers a hello as an agent does, with other fields where a test wants it. */
export const answerHello = Effect.fnUntraced(function* (peer: Peer, rest: object = {}) {
  const { payload } = yield* peer.heard("hello")
  const { nonce } = Result.getOrThrow(decoder(Hello)(payload))
  yield* peer.tell("welcome", { payload: encode({ ...welcome, nonce, ...rest }) })
})

/** A peer, and a host that takes it for an agent. */
export const greeted = Effect.fnUntraced(function* (options: Partial<AgentOptions> = {}) {
  const peer = yield* make
  const [machine] = yield* Effect.all([greet(peer.link, epoch, options), answerHello(peer)], { concurrency: 2 })
  return { peer, machine }
})
