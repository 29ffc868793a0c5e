import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { AgentError, NotWelcome } from "./AgentError.ts"
import type { Link } from "./Link.ts"
import { encode, padding } from "./wire/Frame.ts"
import { FrameReader, type Item } from "./wire/FrameReader.ts"
import { type Hello, Welcome } from "./wire/Greeting.ts"
import * as Pack from "./wire/Pack.ts"

/** What a guest may still say of earlier connections before it answers: more than all of their windows. */
const earlierBytesMax = 256 * 1_048_576

export interface HandshakeOptions {
  readonly link: Link
  readonly epoch: number
  readonly hello: Hello
  readonly timeout: Duration.Duration
  /** Of a machine of its own: whether its clock must be set and its randomness be new. */
  readonly isProven: boolean
  /** Whether the agent may have heard the beginning of a frame and not its end. */
  readonly mayBeInFrame: boolean
}

/** The welcome, and where the connection stands after it. */
export interface Greeted {
  readonly welcome: Welcome
  readonly reader: FrameReader
  readonly heard: number
  readonly rest: ReadonlyArray<Item>
}

const notWelcome = (reason: NotWelcome["reason"], detail: string) =>
  new AgentError({ reason: new NotWelcome({ reason, detail }) })

const decodeWelcome = Pack.decoder(Welcome)

/** The welcome that answers this hello; undefined of everything else, since it may be of an earlier connection. */
const welcomeIn = (item: Item, { epoch, hello }: HandshakeOptions): Welcome | undefined => {
  if (item._tag === "Broken" || item.frame.kind !== "welcome" || item.frame.epoch !== epoch) return undefined
  const welcome = Result.getOrUndefined(decodeWelcome(item.frame.payload))
  return welcome !== undefined && Buffer.from(welcome.nonce).equals(hello.nonce) ? welcome : undefined
}

const awaitWelcome = Effect.fnUntraced(function* (options: HandshakeOptions) {
  const reader = new FrameReader()
  for (let seen = 0; seen <= earlierBytesMax; ) {
    const bytes = yield* Effect.mapError(options.link.receive, (reason) => new AgentError({ reason }))
    seen += bytes.length
    const items = reader.push(bytes)
    for (const [index, item] of items.entries()) {
      const welcome = welcomeIn(item, options)
      if (welcome === undefined || item._tag === "Broken") continue
      const greeted: Greeted = { welcome, reader, heard: item.frame.sequence + 1, rest: items.slice(index + 1) }
      return greeted
    }
  }
  return yield* notWelcome("Flood", `more than ${earlierBytesMax} bytes came, and no welcome`)
})

const prove = ({ isProven }: HandshakeOptions, { welcome }: Greeted): Effect.Effect<void, AgentError> => {
  if (isProven && !welcome.clockSet) return notWelcome("ClockNotSet", "the guest could not set its clock")
  if (isProven && !welcome.reseeded) return notWelcome("NotReseeded", "the guest could not seed its generator")
  return Effect.void
}

/**
 * Says hello and waits for the welcome. Whatever the agent was told before, and however that broke off, it hears this: zeros end the
 * frame that it may be in.
 */
export const greet = Effect.fnUntraced(function* (options: HandshakeOptions) {
  const { epoch, hello, link, timeout } = options
  const frame = { kind: "hello", lane: 0, epoch, stream: 0, sequence: 0, payload: Pack.encode(hello) } as const
  const before = options.mayBeInFrame ? link.send(padding()) : Effect.void
  const send = Effect.mapError(Effect.andThen(before, link.send(encode(frame))), (reason) => new AgentError({ reason }))
  // An agent that is full of what it has to say listens again only when somebody hears it.
  const greeted = yield* Effect.all([awaitWelcome(options), send], { concurrency: 2 }).pipe(
    Effect.map(([greeted]) => greeted),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () => notWelcome("Late", `no welcome within ${Duration.format(timeout)}`)
    })
  )
  yield* prove(options, greeted)
  return greeted
})
