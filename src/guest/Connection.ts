import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { AgentError, Broken, Left, Unsayable, violation } from "./AgentError.ts"
import { Exchange } from "./Exchange.ts"
import type { Link, LinkClosed } from "./Link.ts"
import { sayable } from "./Sayable.ts"
import { encode, encodeCredit, type Frame, type Kind, type Lane, lanes, payloadBytesMax } from "./wire/Frame.ts"
import type { FrameReader, Item } from "./wire/FrameReader.ts"
import * as Pack from "./wire/Pack.ts"
import { Fault } from "./wire/Reply.ts"
import { Request } from "./wire/Request.ts"

const pingsMax = 64

export interface ConnectionOptions {
  readonly link: Link
  readonly epoch: number
  /** The sequence of the next frame to be sent, and of the next one to come. */
  readonly sent: number
  readonly heard: number
  readonly reader: FrameReader
}

const fromLink = (closed: LinkClosed): AgentError => new AgentError({ reason: closed })

const decodeFault = Pack.decoder(Fault)

const sayableRequest = sayable(Request)

/**
 * One connection to an agent that has welcomed its host.
 *
 * N1. One fiber receives. It waits for nobody but the link: lanes have room for what the guest may send, and all else is answered
 *     by whoever reads it.
 * N2. Frames are numbered in the order in which they are sent; a gap in those that come is a violation, as is everything else that
 *     an agent does not do. After a violation nothing is heard.
 * N3. When a connection has failed, so has everything that was asked of it, and everything that still will be.
 */
export class Connection {
  readonly epoch: number
  readonly #options: ConnectionOptions
  readonly #scope: Scope.Scope
  readonly #sender = Semaphore.makeUnsafe(1)
  readonly #exchanges = new Map<number, Exchange>()
  readonly #failed = Deferred.makeUnsafe<never, AgentError>()
  #failure: AgentError | undefined
  #sent: number
  #heard: number
  #lastOwn = -1
  /** Pings whose pongs have not come, the oldest first. */
  readonly #pings: Array<{ readonly payload: Uint8Array; readonly heard: Deferred.Deferred<void> }> = []
  #pinged = 0
  #activity = 0

  private constructor(options: ConnectionOptions, scope: Scope.Scope) {
    this.epoch = options.epoch
    this.#options = options
    this.#scope = scope
    this.#sent = options.sent
    this.#heard = options.heard
  }

  /** Begins to receive, with what was read behind the welcome. */
  static readonly make = Effect.fnUntraced(function* (options: ConnectionOptions, rest: ReadonlyArray<Item>) {
    const connection = new Connection(options, yield* Effect.scope)
    yield* Effect.addFinalizer(() => connection.#fail(new AgentError({ reason: new Left() })))
    yield* Effect.forkScoped(connection.#receive(rest))
    return connection
  })

  /** Fails when the connection does. */
  get failed(): Effect.Effect<never, AgentError> {
    return Deferred.await(this.#failed)
  }

  /** Counts what comes from the guest: whoever sees it grow knows that the guest lives. */
  get activity(): number {
    return this.#activity
  }

  /** Opens a stream with a request, until the scope is closed: it is reset then, also if it is over, so that the guest forgets it. */
  readonly open = Effect.fnUntraced(
    { self: this },
    function* (
      this: Connection,
      given: Request,
      from: { readonly output: number; readonly errors: number } = { output: 0, errors: 0 }
    ) {
      const request = yield* sayableRequest(given)
      const payload = Pack.encode(request)
      if (payload.length > payloadBytesMax) {
        const detail = `${request.op} has ${payload.length} bytes, ${payloadBytesMax} are allowed`
        return yield* new AgentError({ reason: new Unsayable({ detail }) })
      }
      if (this.#failure !== undefined) return yield* this.#failure
      const exchange = yield* this.#exchange(this.#nextOwn(), from)
      yield* Effect.addFinalizer(() => this.#leave(exchange))
      yield* this.#send({ kind: "open", lane: lanes.input, stream: exchange.id, payload })
      return exchange
    }
  )

  /** Waits for the answer to a ping. */
  get ping(): Effect.Effect<void, AgentError> {
    return Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.fail(this.#failure)
      if (this.#pings.length >= pingsMax) return this.failed
      const ping = { payload: encodeCredit(this.#pinged++), heard: Deferred.makeUnsafe<void>() }
      this.#pings.push(ping)
      const send = this.#send({ kind: "ping", lane: lanes.input, stream: 0, payload: ping.payload })
      return Effect.andThen(send, Effect.raceFirst(Deferred.await(ping.heard), this.failed))
    })
  }

  /** Ends the connection. */
  fail(error: AgentError): Effect.Effect<void> {
    return this.#fail(error)
  }

  #nextOwn(): number {
    this.#lastOwn += 2
    return this.#lastOwn
  }

  #exchange(id: number, from: { readonly output: number; readonly errors: number }): Effect.Effect<Exchange> {
    const send = (frame: { readonly kind: Kind; readonly lane: Lane; readonly payload: Uint8Array }) =>
      this.#send({ ...frame, stream: id })
    return Effect.tap(Exchange.make({ id, send, break: (error) => this.#fail(error), ...from }), (exchange) =>
      Effect.sync(() => this.#exchanges.set(id, exchange))
    )
  }

  /** Nobody waits for the reset to be sent: a guest that reads nothing would hold up its host's end. */
  #leave(exchange: Exchange): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.void
      this.#exchanges.delete(exchange.id)
      const left = exchange.isOver ? Effect.void : exchange.fail(new AgentError({ reason: new Left() }))
      const reset = Effect.forkIn(Effect.ignore(exchange.reset), this.#scope, { startImmediately: true })
      return Effect.asVoid(Effect.andThen(left, reset))
    })
  }

  #send(frame: Pick<Frame, "kind" | "lane" | "stream" | "payload">): Effect.Effect<void, AgentError> {
    const send = Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.fail(this.#failure)
      const bytes = encode({ ...frame, epoch: this.epoch, sequence: this.#sent })
      this.#sent = (this.#sent + 1) >>> 0
      return Effect.mapError(this.#options.link.send(bytes), fromLink)
    })
    return this.#sender.withPermits(1)(send)
  }

  #receive(rest: ReadonlyArray<Item>): Effect.Effect<void> {
    const { link, reader } = this.#options
    const next = Effect.flatMap(Effect.mapError(link.receive, fromLink), (bytes) => this.#hearAll(reader.push(bytes)))
    return Effect.andThen(this.#hearAll(rest), Effect.forever(next)).pipe(Effect.catch((error) => this.#fail(error)))
  }

  #hearAll(items: ReadonlyArray<Item>): Effect.Effect<void, AgentError> {
    this.#activity++
    return Effect.forEach(items, (item) => this.#hear(item), { discard: true })
  }

  #hear(item: Item): Effect.Effect<void, AgentError> {
    if (item._tag === "Broken") return violation(`${item.reason} of ${item.bytes} bytes in place of a frame`)
    const { frame } = item
    if (frame.epoch !== this.epoch) return violation(`a frame of connection ${frame.epoch}`)
    if (frame.sequence !== this.#heard) return violation(`frame ${frame.sequence} in place of ${this.#heard}`)
    this.#heard = (this.#heard + 1) >>> 0
    if (frame.kind === "pong") return this.#hearPong(frame)
    if (frame.kind === "fault") return this.#hearFault(frame)
    return this.#hearOfStream(frame)
  }

  #hearPong({ payload }: Frame): Effect.Effect<void, AgentError> {
    const ping = this.#pings.shift()
    if (ping === undefined || !Buffer.from(payload).equals(ping.payload)) return violation("a pong of no ping")
    Deferred.doneUnsafe(ping.heard, Effect.void)
    return Effect.void
  }

  #hearFault({ payload }: Frame): Effect.Effect<void, AgentError> {
    const fault = decodeFault(payload)
    if (Result.isFailure(fault)) return violation(fault.failure.message)
    return new AgentError({ reason: new Broken({ detail: fault.success.detail }) })
  }

  #hearOfStream(frame: Frame): Effect.Effect<void, AgentError> {
    const { kind, stream } = frame
    const exchange = this.#exchanges.get(stream)
    if (exchange?.isOver) return violation(`${kind} of a stream that is over`)
    if (exchange !== undefined) return exchange.hear(frame)
    // A stream that the host has left: what was under way still comes.
    if (stream % 2 === 1 && stream <= this.#lastOwn) return Effect.void
    return violation(`${kind} of stream ${stream}, which nobody has opened`)
  }

  #fail(error: AgentError): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#failure !== undefined) return Effect.void
      this.#failure = error
      const exchanges = [...this.#exchanges.values()]
      this.#exchanges.clear()
      Deferred.doneUnsafe(this.#failed, Effect.fail(error))
      return Effect.forEach(exchanges, (exchange) => exchange.fail(error), { discard: true })
    })
  }
}
