/**
 * How a receiver of notifications knows that they are from here, and from now: HMAC-SHA256 over time and body, with a secret that
 * both have.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Seconds since the epoch. */
export const timestampHeader = "caisson-timestamp"
/** One or several `v1=<hexadecimal>`, separated by commas. Other versions are passed over. */
export const signatureHeader = "caisson-signature"

/**
 * Why a notification is not to be trusted. `NoTimestamp`, `NoSignature`: a header is missing or not understood. `TooOld`,
 * `FromTheFuture`: it may be one that somebody kept. `WrongSignature`: another secret, another body or another time was signed.
 */
export class NotificationRefused extends Schema.TaggedError<NotificationRefused>()("NotificationRefused", {
  reason: Schema.Literals(["NoTimestamp", "NoSignature", "TooOld", "FromTheFuture", "WrongSignature"])
}) {
  override get message() {
    const messages: Record<typeof this.reason, string> = {
      NoTimestamp: `the header ${timestampHeader} does not give a time in seconds`,
      NoSignature: `the header ${signatureHeader} has no signature of version 1`,
      TooOld: "it was sent too long ago",
      FromTheFuture: "it was sent at a time that is still to come",
      WrongSignature: "no signature fits time and body"
    }
    return `the notification is not to be trusted: ${messages[this.reason]}`
  }
}

/** As Node.js and the Fetch API give them; names in any case. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

const hmac = (secret: Redacted.Redacted<string>, seconds: string, body: string | Uint8Array): Uint8Array =>
  createHmac("sha256", Redacted.value(secret)).update(`${seconds}.`).update(body).digest()

/** The headers that sign a body sent at a time. */
export const sign = (
  secret: Redacted.Redacted<string>,
  nowMillis: number,
  body: string | Uint8Array
): Readonly<Record<string, string>> => {
  const seconds = String(Math.floor(nowMillis / 1_000))
  const signature = Buffer.from(hmac(secret, seconds, body)).toString("hex")
  return { [timestampHeader]: seconds, [signatureHeader]: `v1=${signature}` }
}

const valuesOf = (headers: Headers, name: string): ReadonlyArray<string> =>
  Object.entries(headers)
    .filter(([key]) => key.toLowerCase() === name)
    .flatMap(([, value = []]) => value)

const refuse = (reason: NotificationRefused["reason"]) => Result.fail(new NotificationRefused({ reason }))

const signatures = (text: string): ReadonlyArray<Uint8Array> =>
  text.split(",").flatMap((part) => {
    const [, digits] = /^\s*v1=([0-9a-f]{64})\s*$/.exec(part) ?? []
    return digits === undefined ? [] : [Buffer.from(digits, "hex")]
  })

const signaturesMax = 16

/**
 * Whether a notification was sent by somebody who has the secret, within a tolerance of now (5 minutes by default). The body is
 * what came over the wire, before it is parsed. Signatures are compared in a time that does not depend on where they differ.
 */
export const verify = (
  headers: Headers,
  body: string | Uint8Array,
  secret: Redacted.Redacted<string>,
  nowMillis: number,
  toleranceMillis = 300_000
): Result.Result<void, NotificationRefused> => {
  const [seconds = "", ...otherTimes] = valuesOf(headers, timestampHeader)
  if (!/^\d{1,12}$/.test(seconds) || otherTimes.length > 0) return refuse("NoTimestamp")
  const given = valuesOf(headers, signatureHeader).flatMap(signatures)
  if (given.length === 0 || given.length > signaturesMax) return refuse("NoSignature")
  const age = nowMillis - Number(seconds) * 1_000
  if (!(age <= toleranceMillis)) return refuse("TooOld")
  if (!(age >= -toleranceMillis)) return refuse("FromTheFuture")
  const expected = hmac(secret, seconds, body)
  const isRight = given.reduce((found, signature) => timingSafeEqual(signature, expected) || found, false)
  return isRight ? Result.succeed(undefined) : refuse("WrongSignature")
}
