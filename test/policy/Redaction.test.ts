import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { redact } from "../../src/policy/Policy.ts"
import { builtIn } from "../../src/policy/secret/BuiltIn.ts"
import * as Redaction from "../../src/policy/secret/Redaction.ts"
import { stepsOf } from "../work.ts"
import { policyOf } from "./policies.ts"

const kinds = [...builtIn.keys()]
const all = policyOf(`output:
  redact:
${kinds.map((kind) => `    - ${kind}`).join("\n")}
    - { name: database, literal: hunter2hunter2 }
    - { name: internal, prefix: "int_", charset: hex, length: { min: 4, max: 8 } }
    - { name: repeating, literal: aaaa }`)

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz01234567"
const key = `-----BEGIN RSA PRIVATE KEY-----\n${`${letters}\n`.repeat(5)}-----END RSA PRIVATE KEY-----`
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${letters.slice(0, 43)}`

/** Of each kind, a secret that nobody has. It is put together here so that nothing takes this file for one that has it. */
const secrets: ReadonlyArray<readonly [string, string]> = [
  ["aws-access-key", `AKIA${letters.slice(0, 16)}`],
  ["aws-access-key", `ASIA${letters.slice(4, 20)}`],
  ["github-token", `ghp_${letters.slice(0, 36)}`],
  ["github-token", `github_pat_${letters.slice(0, 60)}`],
  ["gitlab-token", `glpat-${letters.slice(0, 20)}`],
  ["slack-token", `xoxb-12345-${letters.slice(0, 24)}`],
  ["stripe-key", `sk_live_${letters.slice(0, 24)}`],
  ["google-api-key", `AIza${letters.slice(0, 35)}`],
  ["anthropic-key", `sk-ant-${letters.slice(0, 40)}`],
  ["openai-key", `sk-proj-${letters.slice(0, 40)}`],
  ["openai-key", `sk-svcacct-${letters.slice(0, 40)}`],
  ["openai-key", `sk-admin-${letters.slice(0, 40)}`],
  ["slack-token", `xapp-1-A012-345-${letters.slice(0, 40)}`],
  ["gitlab-token", `glrt-${letters.slice(0, 20)}`],
  ["stripe-key", `whsec_${letters.slice(0, 32)}`],
  ["npm-token", `npm_${letters.slice(0, 36)}`],
  ["caisson-token", `ct1.key_1.${letters}.${letters.slice(0, 43)}`],
  ["jwt", jwt],
  ["private-key-block", key],
  ["private-key-block", key.replaceAll("RSA ", "")],
  ["credit-card", "4111 1111 1111 1111"],
  ["credit-card", "5500-0000-0000-0004"],
  ["credit-card", "378282246310005"],
  ["email", "ada.lovelace+math@example.co.uk"],
  ["database", "hunter2hunter2"],
  ["internal", "int_0123abcd"]
]

const harmless: ReadonlyArray<string> = [
  "nothing to see",
  "AKIA is a prefix",
  "AKIA0123",
  "4111 1111 1111 1112",
  "41111111111111111111111",
  "1234567890123456789012345",
  "a@b",
  "user @ example",
  "@example.com",
  "eyJhbGciOiJIUzI1NiJ9 and no more",
  "a.b.c",
  "ct1.a.b.c",
  "int_12",
  "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
  "2026-11-25 12:00:00",
  "hunter2hunter"
]

describe("redaction", () => {
  it.each(secrets)("takes out a secret of the kind %s", (name, secret) => {
    assert.strictEqual(redact(all, secret), `[redacted: ${name}]`)
    assert.strictEqual(redact(all, `a "${secret}"\n`), `a "[redacted: ${name}]"\n`)
    assert.strictEqual(redact(all, `${secret} ${secret}`), `[redacted: ${name}] [redacted: ${name}]`)
  })

  it.each(harmless)("leaves alone what is none: %s", (text) => {
    assert.strictEqual(redact(all, text), text)
  })

  it("takes out only what the policy names", () => {
    const policy = policyOf("output: { redact: [jwt] }")
    assert.strictEqual(redact(policy, `${jwt} 4111111111111111`), "[redacted: jwt] 4111111111111111")
    assert.strictEqual(redact(policyOf(""), jwt), jwt)
  })

  it("takes out of what overlaps all that belongs to a secret", () => {
    assert.strictEqual(redact(all, "aaaaaa!"), "[redacted: repeating]!")
    assert.strictEqual(redact(all, "int_aaaa1"), "[redacted: internal]")
    assert.strictEqual(redact(all, "int_aaaabbbbcc"), "[redacted: internal]cc")
  })

  it("takes out a key without an end as far as a key may reach", () => {
    const [begin = ""] = key.split("\n")
    assert.strictEqual(redact(all, `x ${begin}\nabc`), "x [redacted: private-key-block]")
    const told = redact(all, `${begin}\n${"x ".repeat(20_000)}`)
    assert.strictEqual(told.length, "[redacted: private-key-block]".length + begin.length + 1 + 40_000 - 16_384)
  })
})

/** What comes out of a stream of these pieces. */
const streamed = (pieces: ReadonlyArray<string>): string => {
  let held = Redaction.nothing
  let told = ""
  for (const piece of pieces) {
    const next = Redaction.push(all.output, held, piece)
    told += next.text
    held = next.held
    assert.isAtMost(held.text.length, 16_385)
  }
  return told + Redaction.finish(all.output, held)
}

/** Texts that are secrets, parts of secrets, and what makes or breaks one beside them. */
const Pieces = Schema.Array(
  Schema.Literals([
    ...secrets.map(([, secret]) => secret),
    ...secrets.map(([, secret]) => secret.slice(0, Math.ceil(secret.length / 2))),
    ...secrets.map(([, secret]) => secret.slice(Math.ceil(secret.length / 2))),
    ...harmless,
    " ",
    "\n",
    "-",
    ".",
    "@",
    "a",
    "4",
    "eyJ",
    "AKI",
    "-----",
    "----"
  ])
).check(Schema.isMaxLength(8))
const Cuts = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 400 }))).check(Schema.isMaxLength(6))

const cut = (text: string, cuts: ReadonlyArray<number>): ReadonlyArray<string> => {
  const places = [
    0,
    ...cuts.map((place) => Math.min(place, text.length)).sort((left, right) => left - right),
    text.length
  ]
  return places.slice(1).map((end, index) => text.slice(places[index], end))
}

describe("redaction of a stream", () => {
  it.prop("gives what it gives for the whole text, wherever the text is cut", [Pieces, Cuts], ([pieces, cuts]) => {
    const text = pieces.join("")
    assert.strictEqual(streamed(cut(text, cuts)), redact(all, text))
  })

  it.prop("gives it also character by character", [Pieces], ([pieces]) => {
    const text = pieces.join("").slice(0, 600)
    assert.strictEqual(streamed(text.split("")), redact(all, text))
  })

  it("finds every secret at every cut", () => {
    for (const [name, secret] of secrets) {
      const text = `<${secret}>`
      for (let at = 0; at <= text.length; at++) {
        assert.strictEqual(streamed([text.slice(0, at), text.slice(at)]), `<[redacted: ${name}]>`)
      }
    }
  })

  it("holds back nothing that cannot become a secret", () => {
    const { held, text } = Redaction.push(all.output, Redaction.nothing, "All is well. ")
    assert.strictEqual(text, "All is well. ")
    assert.isAtMost(held.text.length, 1)
  })

  it.each([
    ["prefixes", "AKIA".repeat(50_000)],
    ["the start of tokens", "eyJ".repeat(70_000)],
    ["parts of tokens", "eyJ.".repeat(50_000)],
    ["beginnings of keys", "-----BEGIN PRIVATE KEY-----".repeat(8_000)],
    ["digits", "4".repeat(200_000)],
    ["digits in groups", "4 ".repeat(100_000)],
    ["signs of mail", "a@".repeat(100_000)],
    ["names for mail", "a".repeat(200_000)],
    ["one literal", "aaaa".repeat(50_000)]
  ])("takes linear time for %s", (_, text) => {
    const cost = (text: string) =>
      stepsOf(() => {
        redact(all, text)
        streamed(text.match(/[\s\S]{1,4096}/g) ?? [])
      })
    cost(text.slice(0, 10_000))
    const [small, large] = [cost(text.slice(0, text.length / 4)), cost(text)]
    assert.isAbove(small, 0)
    assert.isAtMost(large, 8 * small)
  })
})
