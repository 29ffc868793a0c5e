import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { GrantInput } from "../../src/token/Grant.ts"
import * as Token from "../../src/token/Token.ts"
import { mint, ring } from "./tokens.ts"

const { text } = mint({})

/** What is said about a grant, and about a caveat, that has these fields. */
const said = (fields: object): ReadonlyArray<string> =>
  [Token.mint(ring, fields as GrantInput), Token.attenuate(text, fields as GrantInput)].map((result) => {
    assert.isTrue(Result.isFailure(result), JSON.stringify(fields))
    return Result.isFailure(result) ? result.failure.message : ""
  })

const refused: ReadonlyArray<readonly [place: string, detail: string, fields: object]> = [
  ["capabilities", "expected a list of capabilities", { capabilities: "bank/*" }],
  ["capabilities[0].methods", "names no method", { capabilities: [{}] }],
  ["capabilities[0].maxCalls", "a whole number of calls", { capabilities: [{ methods: "a", maxCalls: -1 }] }],
  ["capabilities[0].rate", "is no field", { capabilities: [{ methods: "a", rate: 1 }] }],
  ["capabilities", "give one of them another name", { capabilities: [{ methods: "a" }, { methods: "a" }] }],
  ["files", "an object with read and write", { files: ["/a"] }],
  ["files.execute", "is neither read nor write", { files: { execute: ["/a"] } }],
  ["files.read[0]", "begins with /", { files: { read: ["a"] } }],
  ["files.read[0]", "does not leave the root", { files: { read: ["/.."] } }],
  ["files.write[1]", "percent-encodings", { files: { write: ["/", "/%2e%2e"] } }],
  ["files.read", "at most 64 paths", { files: { read: Array.from({ length: 65 }, () => "/") } }],
  ["network", '"none", or a list', { network: "all" }],
  ["network", '"none", or a list', { network: [] }],
  ["network", '"none", or a list', { network: Array.from({ length: 65 }, () => ({ host: "a", ports: [1] })) }],
  ["network[0].ports", "1 to 64 ports", { network: [{ host: "a", ports: [] }] }],
  ["network[0].ports[0]", "1 to 65535", { network: [{ host: "a", ports: [0] }] }],
  ["network[0].ports[0]", "1 to 65535", { network: [{ host: "a", ports: [65_536] }] }],
  ["network[0].ports[0]", "1 to 65535", { network: [{ host: "a", ports: [1.5] }] }],
  ["network[0].path", "is neither host nor ports", { network: [{ host: "a", ports: [1], path: "/" }] }],
  ...[
    "*",
    "*.",
    "a.*",
    "**.a",
    "*.1",
    "a b",
    "-a",
    "a-",
    "a..b",
    "a.",
    ".a",
    "",
    "a:1",
    "http://a",
    "ä.org",
    "\u212aa"
  ].map((host) => ["network[0].host", "expected a host name in ASCII", { network: [{ host, ports: [1] }] }] as const),
  ...["1.2.3", "1.2.3.256", "01.2.3.4", "0x7f.1", "127.1", "1", "1.2.3.4.5", "::1", "[::1]"].map(
    (host) => ["network[0].host", "or an IPv4 address", { network: [{ host, ports: [1] }] }] as const
  ),
  ["memoryMebibytes", "a whole number of MiB", { memoryMebibytes: 0 }],
  ["cpuMillis", "a whole number of milliseconds", { cpuMillis: 1.5 }],
  ["wallMillis", "a whole number of milliseconds", { wallMillis: "5s" }],
  ["templates", "a list of 1 to 64 names", { templates: [] }],
  ["languages", "a list of 1 to 64 names", { languages: Array.from({ length: 65 }, () => "go") }],
  ["languages[1]", "one of javascript, typescript, shell, python, cpp, go", { languages: ["go", "klingon"] }],
  ["languages[0]", "one of javascript, typescript, shell, python, cpp, go", { languages: ["Python"] }],
  ["templates[0]", "1 to 256 characters", { templates: [""] }],
  ["session", "1 to 256 characters", { session: "" }],
  ["run", "without control characters", { run: "a\nb" }],
  ["audience", "1 to 256 characters", { audience: "a".repeat(257) }],
  ["session", "1 to 256 characters", { session: "\ud800" }],
  ["codeHash", "64 small hexadecimal digits", { codeHash: "A".repeat(64) }],
  ["codeHash", "64 small hexadecimal digits", { codeHash: "a".repeat(63) }],
  ["notBeforeMillis", "milliseconds since the epoch", { notBeforeMillis: -1 }],
  ["expiresMillis", "milliseconds since the epoch", { expiresMillis: new Date(0).toISOString() }],
  ["expiresMillis", "milliseconds since the epoch", { expiresMillis: 8_640_000_000_000_001 }],
  ["once", "expected true", { once: false }],
  ["use", 'expected "execution" or "session"', { use: "both" }],
  ["admin", "those are capabilities, files, network, memoryMebibytes", { admin: true }],
  ["session", "is undefined", { session: undefined }],
  ["expiresMillis", "is not a JSON value", { expiresMillis: Number.POSITIVE_INFINITY }]
]

describe("a grant and a caveat", () => {
  it.each(refused)("are refused with the place and what is allowed: %s, %s", (place, detail, fields) => {
    const [minted = "", attenuated = ""] = said(fields)
    assert.include(minted, `grant.${place}: `)
    assert.include(attenuated, `caveat 1.${place}: `)
    for (const message of [minted, attenuated]) assert.include(message, detail)
  })

  it("are refused where a token would never be accepted, if it is its maker who says so", () => {
    const never = { notBeforeMillis: 2_000, expiresMillis: 2_000 }
    const minted = Token.mint(ring, never)
    assert.match(
      Result.isFailure(minted) ? minted.failure.message : "",
      /grant\.notBeforeMillis: is not before expiresMillis/
    )
    assert.isTrue(Result.isSuccess(Token.mint(ring, { ...never, notBeforeMillis: 1_999 })))
    assert.isTrue(Result.isSuccess(Token.attenuate(text, never)))
  })

  it("name all fields that are wrong", () => {
    const [minted] = said({ wallMillis: 0, run: "" })
    assert.match(minted ?? "", /^malformed token, grant: .*wallMillis: .*; run: |run: .*; wallMillis: /)
  })

  it("take hosts and addresses that look odd, and are none the less plain", () => {
    for (const host of [
      "localhost",
      "*.internal",
      "_dmarc.example.org",
      "xn--bcher-kva.example",
      "0.0.0.0",
      "1a.b-c.d1"
    ]) {
      assert.isTrue(Result.isSuccess(Token.mint(ring, { network: [{ host, ports: [1] }] })), host)
    }
  })
})
