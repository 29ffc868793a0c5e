import { assert, describe, it } from "@effect/vitest"
import { Redacted, Result, Schema } from "effect"
import { sign, signatureHeader, timestampHeader, verify } from "../../src/approval/WebhookSignature.ts"

const secret = Redacted.make("a secret of this test")
const nowMillis = 1_763_600_000_000
const body = '{"type":"approval.requested","call":"1.1"}'

const reasonOf = (...given: Parameters<typeof verify>) => {
  const result = verify(...given)
  return Result.isFailure(result) ? result.failure.reason : "trusted"
}

describe("a signed notification", () => {
  it("has the signature that its receiver can compute from its documentation", () => {
    // printf '1763600000.{}' | openssl dgst -sha256 -hmac secret
    assert.deepStrictEqual(sign(Redacted.make("secret"), nowMillis, "{}"), {
      "caisson-timestamp": "1763600000",
      "caisson-signature": "v1=acdfa0b7252d0764bbb6d91d329f03a9180fde64d53dda6fff3e1d0781b26687"
    })
  })

  it("is trusted by who has the secret, within the tolerance", () => {
    const headers = sign(secret, nowMillis, body)
    for (const later of [0, 300_000, -300_000]) {
      assert.strictEqual(reasonOf(headers, body, secret, nowMillis + later), "trusted")
    }
    assert.strictEqual(reasonOf(headers, Buffer.from(body), secret, nowMillis), "trusted")
    assert.strictEqual(reasonOf(headers, body, secret, nowMillis + 300_001), "TooOld")
    assert.strictEqual(reasonOf(headers, body, secret, nowMillis - 300_001), "FromTheFuture")
    assert.strictEqual(reasonOf(headers, body, secret, nowMillis + 1_001, 1_000), "TooOld")
    assert.strictEqual(reasonOf(headers, body, secret, Number.NaN), "TooOld")
  })

  it("is not trusted with another secret, body or time", () => {
    const headers = sign(secret, nowMillis, body)
    assert.strictEqual(reasonOf(headers, body, Redacted.make("another secret of it"), nowMillis), "WrongSignature")
    assert.strictEqual(reasonOf(headers, `${body} `, secret, nowMillis), "WrongSignature")
    const replayed = { ...headers, [timestampHeader]: "1763600001" }
    assert.strictEqual(reasonOf(replayed, body, secret, nowMillis), "WrongSignature")
  })

  it("needs its headers in their form, in any case of letters", () => {
    const headers = sign(secret, nowMillis, body)
    const signature = headers[signatureHeader] ?? ""
    const withSignature = (text: string | ReadonlyArray<string>) => ({ ...headers, [signatureHeader]: text })
    const cases: ReadonlyArray<readonly [headers: Parameters<typeof verify>[0], reason: string]> = [
      [{}, "NoTimestamp"],
      [{ ...headers, [timestampHeader]: "now" }, "NoTimestamp"],
      [{ ...headers, [timestampHeader]: "-5" }, "NoTimestamp"],
      [{ ...headers, [timestampHeader]: ["1763600000", "1763600000"] }, "NoTimestamp"],
      [withSignature(""), "NoSignature"],
      [withSignature(signature.slice(3)), "NoSignature"],
      [withSignature(`v2${signature.slice(2)}`), "NoSignature"],
      [withSignature(`${signature}0`), "NoSignature"],
      [withSignature(Array.from({ length: 17 }, () => signature)), "NoSignature"],
      [withSignature(`v1=${"0".repeat(64)}`), "WrongSignature"],
      [withSignature(`v0=x, v1=${"0".repeat(64)},${signature}`), "trusted"],
      [withSignature([`v1=${"0".repeat(64)}`, signature]), "trusted"],
      [{ "Caisson-Timestamp": "1763600000", "CAISSON-SIGNATURE": signature }, "trusted"]
    ]
    for (const [given, reason] of cases) {
      assert.strictEqual(reasonOf(given, body, secret, nowMillis), reason, JSON.stringify(given))
    }
  })

  it.prop(
    "is trusted as it was signed, and not with one bit of the body flipped",
    [Schema.String, Schema.Int],
    ([text, bit]) => {
      const bytes = Buffer.from(`${text}.`)
      const headers = sign(secret, nowMillis, bytes)
      const flipped = Buffer.from(bytes)
      const place = Math.abs(bit) % (8 * bytes.length)
      flipped.writeUInt8(flipped.readUInt8(place >> 3) ^ (1 << (place & 7)), place >> 3)
      assert.strictEqual(reasonOf(headers, bytes, secret, nowMillis), "trusted")
      assert.strictEqual(reasonOf(headers, flipped, secret, nowMillis), "WrongSignature")
    }
  )
})
