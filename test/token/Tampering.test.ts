import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Signature from "../../src/token/Signature.ts"
import * as Token from "../../src/token/Token.ts"
import { TokenError } from "../../src/token/TokenError.ts"
import * as TokenText from "../../src/token/TokenText.ts"
import { accepted, attenuate, mint, nowMillis, reasonOf, ring, secretOf, verify } from "./tokens.ts"

const { text } = attenuate(
  mint({ capabilities: [{ methods: "bank/*" }], expiresMillis: nowMillis + 1_000 }).text,
  { session: "s" },
  { memoryMebibytes: 8 }
)
const context = { session: "s" }
const signature = text.slice(text.lastIndexOf(".") + 1)

const refused = (changed: string) => {
  const result = verify(changed, context)
  assert.isTrue(Result.isFailure(result), changed)
  if (Result.isFailure(result)) {
    assert.isFalse(result.failure.message.includes(secretOf("k1")) || result.failure.message.includes(signature))
  }
}

describe("a token in which something was changed", () => {
  it("A6 is refused for each bit of its text", () => {
    assert.isTrue(Result.isSuccess(verify(text, context)))
    for (let index = 0; index < text.length; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit))
        refused(`${text.slice(0, index)}${flipped}${text.slice(index + 1)}`)
      }
    }
  })

  it("A6 is refused for each character that is another one, is missing, or is there twice", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= \n"
    for (const [index, character] of [...text].entries()) {
      const [before, after] = [text.slice(0, index), text.slice(index + 1)]
      for (const other of index % 7 === 0 || index > text.length - 50 ? alphabet : "A._") {
        if (other !== character) refused(`${before}${other}${after}`)
      }
      refused(`${before}${after}`)
      refused(`${before}${character}${character}${after}`)
    }
    for (const around of [" ", "\n", "=", "."]) {
      refused(`${text}${around}`)
      refused(`${around}${text}`)
    }
  })

  it("A6 is refused for each bit of a caveat's signature that somebody else made", () => {
    const made = TokenText.fromBase64Url(signature) ?? new Uint8Array()
    for (let bit = 0; bit < 8 * made.length; bit++) {
      const other = Uint8Array.from(made)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.strictEqual(
        reasonOf(verify(text.replace(signature, TokenText.toBase64Url(other)), context)),
        "WrongSignature"
      )
    }
  })
})

/** A token with these segments that is signed rightly, as somebody with the key, or with the token, could make it. */
const signed = (grant: string, ...caveats: ReadonlyArray<string>): string => {
  const encode = (json: string) => Buffer.from(json).toString("base64url")
  return raw(encode(grant), ...caveats.map(encode))
}

const raw = (grant: string, ...caveats: ReadonlyArray<string>): string => {
  const begun = Signature.begin(ring.signing.secret, TokenText.signedText({ keyId: "k1", grant }))
  const signature = caveats.reduce(Signature.extend, begun)
  return Result.getOrThrow(TokenText.format({ keyId: "k1", grant, caveats, signature }))
}

const id = `tok_${"0".repeat(24)}`
const nonce = "0".repeat(24)
const grant = `{"id":"${id}","use":"execution"}`
const caveat = (fields: string) => `{"nonce":"${nonce}"${fields}}`

describe("a token that is signed rightly", () => {
  it("is accepted in its canonical form", () => {
    assert.strictEqual(accepted(signed(grant, caveat(""))).id, id)
    assert.deepStrictEqual(accepted(signed(grant, caveat(""), caveat(',"wallMillis":5'))).limits.wallMillis, 5)
  })

  it.each([
    ["spaces", `{"id": "${id}","use":"execution"}`],
    ["another order", `{"use":"execution","id":"${id}"}`],
    ["a field twice", `{"id":"${id}","use":"execution","use":"execution"}`],
    ["an escape that is not needed", `{"id":"\\u0074ok_${"0".repeat(24)}","use":"execution"}`],
    ["a default left out", `{"id":"${id}"}`],
    ["a number in another form", `{"id":"${id}","use":"execution","wallMillis":5e0}`],
    ["a path that is not normalised", `{"files":{"read":["/a/../b"]},"id":"${id}","use":"execution"}`],
    ["a host in capitals", `{"id":"${id}","network":[{"host":"A.org","ports":[1]}],"use":"execution"}`],
    ["dots for slashes", `{"capabilities":[{"methods":["a.b"],"mode":"auto"}],"id":"${id}","use":"execution"}`],
    ["one method without a list", `{"capabilities":[{"methods":"a","mode":"auto"}],"id":"${id}","use":"execution"}`],
    ["a byte order mark", `\ufeff${grant}`],
    ["something behind it", `${grant}{}`],
    ["a list", `[${grant}]`],
    ["a text", `"${id}"`],
    ["nothing", "null"],
    ["no JSON", "{"],
    ["a prototype", `{"__proto__":{"use":"session"},"id":"${id}","use":"execution"}`],
    [
      "a prototype of a constraint",
      grant.replace("{", '{"capabilities":[{"methods":["a"],"mode":"auto","where":{"__proto__":{"a":{"eq":1}}}}],')
    ],
    ["a field that a grant has not", `{"admin":true,"id":"${id}","use":"execution"}`],
    ["a nonce", `{"id":"${id}","nonce":"${nonce}","use":"execution"}`],
    ["an id of another kind", `{"id":"cav_${"0".repeat(24)}","use":"execution"}`],
    [
      "deep nesting",
      grant.replace(
        "{",
        `{"capabilities":[{"methods":["a"],"mode":"auto","where":${'{"not":'.repeat(3_000)}{}${"}".repeat(3_000)}}],`
      )
    ]
  ])("is refused with %s in its grant", (_, json) => {
    assert.strictEqual(reasonOf(verify(signed(json))), "Malformed")
  })

  it("is refused with a language that is not known here, in its grant or a caveat", () => {
    const languages = '"languages":["python","klingon"]'
    const tokens = [
      ["grant", signed(`{"id":"${id}",${languages},"use":"execution"}`)],
      ["caveat 1", signed(grant, `{${languages},"nonce":"${nonce}"}`)]
    ] as const
    for (const [where, text] of tokens) {
      const verified = verify(text, { language: "python" })
      assert.strictEqual(reasonOf(verified), "Malformed")
      assert.include(
        String(Result.isFailure(verified) && verified.failure.message),
        `${where}.languages[1]: expected one of javascript, typescript, shell, python, cpp, go`
      )
    }
    assert.isTrue(
      Result.isSuccess(verify(signed(grant, `{"languages":["python"],"nonce":"${nonce}"}`), { language: "python" }))
    )
  })

  it("is refused with bytes that are no UTF-8, or base64url in another form", () => {
    const bytes = Buffer.from(grant.replace("{", '{"audience":"?",'))
    bytes[bytes.indexOf("?")] = 0xff
    assert.strictEqual(reasonOf(verify(raw(bytes.toString("base64url")))), "Malformed")
    const encoded = Buffer.from(grant).toString("base64url")
    const tails = [`${encoded}=`, `${encoded}A`, encoded.replace(/.$/, "_"), encoded.replace("e", "e\n"), ""]
    for (const other of tails) assert.strictEqual(reasonOf(verify(raw(other))), "Malformed", other)
  })

  it.each([
    ["an unknown field", ',"sudo":true', "UnknownCaveat"],
    ["a field of a later version", ',"version":2', "UnknownCaveat"],
    ["the id of a grant", `,"id":"${id}"`, "UnknownCaveat"],
    ["an unknown field of files", ',"files":{"execute":["/"]}', "Malformed"],
    ["an unknown field of a destination", ',"network":[{"host":"a","ports":[1],"path":"/"}]', "Malformed"],
    ["an unknown field of a capability", ',"capabilities":[{"methods":["a"],"mode":"auto","rate":1}]', "Malformed"],
    ["another spelling", ',"wallMillis": 5', "Malformed"]
  ])("is refused with %s in a caveat, never accepted without it", (_, fields, reason) => {
    const json = `{${[`"nonce":"${nonce}"`, ...fields.slice(1).split(/,(?="\w+":[^,]*$)/)].sort().join(",")}}`
    assert.strictEqual(reasonOf(verify(signed(grant, json))), reason)
    assert.strictEqual(reasonOf(verify(signed(grant, caveat(""), json, caveat("")))), reason)
    assert.strictEqual(reasonOf(Token.inspect(signed(grant, json))), reason)
  })

  it("names the caveat and the field that it does not know, in part", () => {
    const result = verify(signed(grant, caveat(""), `{"nonce":"${nonce}","${"z".repeat(100)}":1}`))
    assert.include(
      Result.isFailure(result) ? result.failure.message : "",
      `caveat 2 of the token has the field "${"z".repeat(64)}",`
    )
  })
})

describe("a text that is no token", () => {
  it.each([
    ["", "UnknownVersion"],
    ["ct2.k1.e30.AAAA", "UnknownVersion"],
    ["ct1", "UnknownVersion"],
    ["CT1.k1.e30.AAAA", "UnknownVersion"],
    ["sk_live_0123456789", "UnknownVersion"],
    ["ct1.", "Malformed"],
    ["ct1.k1", "Malformed"],
    ["ct1.k1.e30", "Malformed"],
    [`ct1.k1.e30.${"A".repeat(42)}`, "Malformed"],
    [`ct1.k1.e30.${"A".repeat(44)}`, "Malformed"],
    [`ct1.k1.e30.${"A".repeat(42)}B`, "Malformed"],
    [`ct1..e30.${"A".repeat(43)}`, "Malformed"],
    [`ct1.k 1.e30.${"A".repeat(43)}`, "Malformed"],
    [`ct1.${"k".repeat(33)}.e30.${"A".repeat(43)}`, "Malformed"]
  ])("is refused: %s", (text, reason) => {
    assert.strictEqual(reasonOf(verify(text)), reason)
    assert.strictEqual(reasonOf(Token.inspect(text)), reason)
    assert.strictEqual(reasonOf(Token.attenuate(text, {})), reason)
  })

  it("is not repeated in what is said about it", () => {
    const result = verify("sk_live_0123456789")
    assert.isTrue(Result.isFailure(result) && result.failure instanceof TokenError)
    assert.notInclude(
      Result.isFailure(result) ? JSON.stringify(result.failure) + result.failure.message : "",
      "sk_live"
    )
  })
})

describe("the bounds of a token", () => {
  it("are 64 caveats", () => {
    const most = attenuate(mint({}).text, ...Array.from({ length: 64 }, () => ({})))
    assert.strictEqual(accepted(most.text).ids.length, 65)
    assert.strictEqual(reasonOf(Token.attenuate(most.text, {})), "TooLarge")
    const [version, key, grant, ...rest] = most.text.split(".")
    const more = [version, key, grant, rest[0], ...rest].join(".")
    assert.strictEqual(reasonOf(verify(more)), "TooLarge")
  })

  it("are 64 KiB", () => {
    const texts = (letter: string) => Array.from({ length: 60 }, (_, index) => `${letter.repeat(190)}${index}`)
    const large = { templates: texts("a"), files: { read: texts("b").map((name) => `/${name}`) } }
    const half = attenuate(mint(large).text, large)
    assert.isBelow(half.text.length, 65_536 + 1)
    assert.strictEqual(reasonOf(Token.attenuate(half.text, large)), "TooLarge")
    assert.strictEqual(reasonOf(verify(`${half.text}${"A".repeat(65_536)}`)), "TooLarge")
  })

  it("are 128 folders and destinations where those of several caveats overlap", () => {
    const list = (size: number, path: (index: number) => string) =>
      Array.from({ length: size }, (_, index) => path(index))
    const wide = { files: { read: ["/a", "/b", "/c"] } }
    const parts = ["/a", "/b", "/c"].map((folder) => ({
      files: { read: [...list(60, (index) => `${folder}/${index}`), "/a", "/b", "/c"] }
    }))
    const { text } = attenuate(mint(wide).text, ...parts)
    assert.strictEqual(reasonOf(verify(text)), "TooLarge")
    assert.strictEqual(accepted(attenuate(mint(wide).text, ...parts.slice(0, 2)).text).files.read.length, 123)
  })
})
