/**
 * Tells an address of what waits for a person. It reads the journal as any inbox does, in fibers of its own: no session ever waits
 * for it, and it works in a process that holds none.
 *
 * W1. A request is told at least once in the life of this process, or given up for good with a warning in the log. Who starts
 *     anew tells everything anew that still waits; receivers know a request again by its delivery id.
 * W2. Everything is bounded: what waits to be told, how often it is tried, and how long each attempt takes.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { sha256Of } from "../session/Digest.ts"
import { InvalidOptions, SessionError } from "../session/SessionError.ts"
import type { ApprovalRequest } from "./ApprovalRequest.ts"
import { Approvals } from "./Approvals.ts"
import { sign } from "./WebhookSignature.ts"

export interface WebhookOptions {
  /** With `https:`; `http:` only to this host. Redirects are not followed. */
  readonly url: string
  /** At least 16 bytes: see `WebhookSignature.verify`. */
  readonly secret: Redacted.Redacted<string>
  /** How often to look for new requests; default two seconds. */
  readonly every?: Duration.Input | undefined
  /** How often one request is tried, 1 to 20; default 8, which takes about two minutes. */
  readonly attempts?: number | undefined
  /** How long one attempt may take; default ten seconds. */
  readonly timeout?: Duration.Input | undefined
  /** The wait after the first failed attempt; it doubles with each, up to five minutes. Default one second. */
  readonly backoff?: Duration.Input | undefined
}

/** The same for every attempt at one request, also of other processes, and another for every other request. */
export const deliveryHeader = "caisson-delivery"

const queueMax = 256
const deliverersMax = 4
const backoffMaxMillis = 300_000
const pageMax = 500
const pagesMax = 10
/** Of an input that is larger, the receiver is told only that it was left out. */
const inputBytesMax = 262_144
const secretBytesMin = 16

const invalid = (option: string, detail: string) => new SessionError({ reason: new InvalidOptions({ option, detail }) })

const isLocal = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(host)

const check = Effect.fnUntraced(function* (options: WebhookOptions) {
  const { attempts = 8, backoff = "1 second", every = "2 seconds", secret, timeout = "10 seconds", url: text } = options
  const url = URL.parse(text)
  if (url === null || !(url.protocol === "https:" || (url.protocol === "http:" && isLocal(url.hostname)))) {
    return yield* invalid("webhook url", "an https address, or an http address of this host")
  }
  if (Buffer.byteLength(Redacted.value(secret)) < secretBytesMin) {
    return yield* invalid("webhook secret", `at least ${secretBytesMin} bytes`)
  }
  if (!(Number.isInteger(attempts) && attempts >= 1 && attempts <= 20)) {
    return yield* invalid("webhook attempts", "a whole number from 1 to 20")
  }
  const millis = (input: Duration.Input) => Duration.toMillis(Duration.fromInputUnsafe(input))
  return { url, secret, attempts, every, timeoutMillis: millis(timeout), backoffMillis: millis(backoff) }
})

type Checked = Effect.Success<ReturnType<typeof check>>

/** What the receiver gets. Times are ISO texts, the input is a `Value` text as JSON. */
const bodyOf = (request: ApprovalRequest): string => {
  const { approvers, call, digest, expiresMillis, inputText, method, reason, ruling, run, session } = request
  const isSmall = Buffer.byteLength(inputText) <= inputBytesMax
  return JSON.stringify({
    type: "approval.requested",
    session,
    run,
    call,
    method,
    digest,
    reason,
    ...(isSmall ? { input: JSON.parse(inputText) } : { inputOmitted: true }),
    ...(ruling === undefined ? {} : { ruling }),
    ...(approvers === undefined ? {} : { approvers }),
    askedAt: new Date(request.askedMillis).toISOString(),
    ...(expiresMillis === undefined ? {} : { expiresAt: new Date(expiresMillis).toISOString() })
  })
}

/** What a request is told apart by. Its digest alone is the same wherever the same is asked: in another session, in a fork. */
const deliveryOf = ({ call, digest, session }: ApprovalRequest): string => sha256Of(session, call, digest)

/** Another attempt may do better after these. */
const isTransient = (status: number): boolean => status >= 500 || status === 408 || status === 425 || status === 429

/** What an attempt came to: `delivered`, or why not, and whether to try again. */
type Attempt = "delivered" | { readonly why: string; readonly isFinal: boolean }

const attempt = Effect.fnUntraced(
  function* (client: HttpClient.HttpClient, { secret, url }: Checked, request: ApprovalRequest) {
    const body = bodyOf(request)
    const headers = sign(secret, yield* Clock.currentTimeMillis, body)
    const { status } = yield* HttpClientRequest.post(url).pipe(
      HttpClientRequest.setHeaders({ ...headers, [deliveryHeader]: deliveryOf(request) }),
      HttpClientRequest.bodyText(body, "application/json"),
      HttpClient.withScope(client).execute
    )
    if (status >= 200 && status < 300) return "delivered" satisfies Attempt
    return { why: `it answered ${status}`, isFinal: !isTransient(status) } satisfies Attempt
  },
  Effect.scoped,
  Effect.provideService(FetchHttpClient.RequestInit, { redirect: "manual" })
)

const waitMillis = (backoffMillis: number, failures: number, chance: number): number =>
  Math.min(backoffMaxMillis, backoffMillis * 2 ** (failures - 1)) * (0.5 + chance / 2)

/** Tries until it is delivered, nobody waits for the decision any more, or it is given up. */
const deliver = Effect.fnUntraced(function* (
  client: HttpClient.HttpClient,
  options: Checked,
  request: ApprovalRequest,
  isWanted: () => boolean
) {
  const { attempts, backoffMillis, timeoutMillis, url } = options
  let why = ""
  for (let failures = 0; failures < attempts; ) {
    if (!isWanted()) return
    const tried: Attempt = yield* attempt(client, options, request).pipe(
      Effect.timeoutOption(timeoutMillis),
      Effect.map(Option.getOrElse((): Attempt => ({ why: "it did not answer in time", isFinal: false }))),
      Effect.catch(() => Effect.succeed<Attempt>({ why: "it could not be reached", isFinal: false }))
    )
    if (tried === "delivered") return
    failures++
    why = tried.why
    if (tried.isFinal) break
    if (failures < attempts) yield* Effect.sleep(waitMillis(backoffMillis, failures, yield* Random.next))
  }
  const { call, session } = request
  yield* Effect.logWarning(`${url.host} was not told that call ${call} of session ${session} waits: ${why}`)
})

const start = Effect.fnUntraced(function* (options: WebhookOptions) {
  const checked = yield* check(options)
  const approvals = yield* Approvals
  const client = yield* HttpClient.HttpClient
  const queue = yield* Queue.dropping<ApprovalRequest>(queueMax)
  /** Requests that still wait and were put into the queue: for what the queue has no room, the next look has another try. */
  const told = new Set<string>()

  const look = Effect.gen(function* () {
    const waiting = new Set<string>()
    let cursor: string | undefined
    for (let pages = 0; pages === 0 || (cursor !== undefined && pages < pagesMax); pages++) {
      const page = yield* approvals.list({ limit: pageMax, cursor })
      for (const request of page.requests) {
        const delivery = deliveryOf(request)
        waiting.add(delivery)
        if (!told.has(delivery) && Queue.offerUnsafe(queue, request)) told.add(delivery)
      }
      cursor = page.cursor
    }
    for (const delivery of told) if (!waiting.has(delivery)) told.delete(delivery)
  })

  yield* look.pipe(
    Effect.catch((error) => Effect.logWarning(`the inbox could not be read: ${error.message}`)),
    Effect.repeat(Schedule.spaced(checked.every)),
    Effect.forkScoped
  )
  const delivering = Effect.flatMap(Queue.take(queue), (request) =>
    deliver(client, checked, request, () => told.has(deliveryOf(request)))
  )
  for (let deliverer = 0; deliverer < deliverersMax; deliverer++) {
    yield* Effect.forkScoped(Effect.forever(delivering))
  }
})

/**
 * Sends each new request to an address as signed JSON, for as long as the layer lives: `{ type: "approval.requested", session, run,
 * call, method, input, digest, reason, askedAt, … }`.
 *
 * A receiver answers with a status of 2xx. At no answer, 408, 425, 429 and 5xx it is sent again; other answers end it.
 */
export const layer = (options: WebhookOptions): Layer.Layer<never, SessionError, Approvals | HttpClient.HttpClient> =>
  Layer.effectDiscard(start(options))
