import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Entropy from "../../src/token/Entropy.ts"
import type { GrantInput } from "../../src/token/Grant.ts"
import * as Token from "../../src/token/Token.ts"
import { accepted, attenuate, mint, nowMillis, reasonOf, ring, ringOf, seeded, verify } from "./tokens.ts"

const hour = 3_600_000
const codeHash = "0123456789abcdef".repeat(4)
const otherHash = "fedcba9876543210".repeat(4)

const reusable: GrantInput = {
  use: "session",
  capabilities: [{ methods: "bank.refund", where: { amount: { le: 50 } }, maxCalls: 3 }, { methods: ["files/*"] }],
  files: { read: ["/workspace/./in", "/etc/hosts"], write: ["/workspace/out/"] },
  network: [{ host: "*.Example.org", ports: [443, 8443] }],
  memoryMebibytes: 64,
  cpuMillis: 500,
  wallMillis: 5_000,
  templates: ["javascript", "shell"],
  languages: ["javascript"],
  session: "monday",
  run: "r1",
  codeHash,
  audience: "host-a",
  notBeforeMillis: nowMillis - hour,
  expiresMillis: nowMillis + hour
}

const full: GrantInput = { ...reusable, once: true }

const fitting = {
  audience: "host-a",
  session: "monday",
  run: "r1",
  codeHash,
  template: "shell",
  language: "javascript"
}

describe("a token", () => {
  it("gives what it was minted with", () => {
    const { id, text } = mint(full)
    const authority = accepted(text, fitting)
    const [layer] = authority.layers
    assert.deepStrictEqual(
      { ...authority, layers: authority.layers.length },
      {
        id,
        keyId: "k1",
        ids: [id],
        use: "session",
        layers: 1,
        files: { read: ["/workspace/in", "/etc/hosts"], write: ["/workspace/out"] },
        network: [{ host: "*.example.org", ports: [443, 8443] }],
        limits: { memoryMebibytes: 64, cpuMillis: 500, wallMillis: 5_000 },
        session: "monday",
        templates: ["javascript", "shell"],
        languages: ["javascript"],
        expiresMillis: nowMillis + hour,
        singleUses: [{ id, expiresMillis: nowMillis + hour }]
      }
    )
    assert.strictEqual(layer?.id, id)
    assert.strictEqual(layer?.name, `token ${id}`)
    assert.deepStrictEqual(
      layer?.capabilities.map((capability) => ({ ...capability })),
      [
        { methods: ["bank/refund"], where: { amount: { le: 50 } }, maxCalls: 3, mode: "auto" },
        { methods: ["files/*"], mode: "auto" }
      ] as unknown
    )
  })

  it("gives nothing that it does not state", () => {
    const { files, layers, limits, network, singleUses, use } = accepted(mint({}).text)
    assert.deepStrictEqual(files, { read: [], write: [] })
    assert.deepStrictEqual(network, [])
    assert.deepStrictEqual(
      layers.map(({ capabilities }) => capabilities),
      [[]]
    )
    assert.deepStrictEqual(limits, { memoryMebibytes: undefined, cpuMillis: undefined, wallMillis: undefined })
    assert.deepStrictEqual(singleUses, [])
    assert.strictEqual(use, "execution")
  })

  it("is another one each time, but for the same randomness", () => {
    assert.notStrictEqual(mint({}).text, mint({}).text)
    const again = () => Token.mint(ring, full, { entropy: seeded("a") })
    assert.deepStrictEqual(again(), again())
    const { text } = mint({})
    assert.notStrictEqual(attenuate(text, {}).id, attenuate(text, {}).id)
    const narrow = () => Token.attenuate(text, { session: "a" }, { entropy: seeded("b") })
    assert.deepStrictEqual(narrow(), narrow())
  })

  it("has an id from randomness that does not repeat itself, in any amount", () => {
    for (const bytes of [1, 12, 1_000, 1_024, 1_025]) {
      assert.match(Entropy.system(bytes), new RegExp(`^[0-9a-f]{${2 * bytes}}$`))
    }
    const ids = Array.from({ length: 1_000 }, () => Entropy.system(12))
    assert.strictEqual(new Set(ids).size, 1_000)
  })

  it("is narrowed by whoever has it, without a key", () => {
    const child = attenuate(
      mint(reusable).text,
      { files: { read: ["/workspace/in/a", "/"] }, memoryMebibytes: 128, wallMillis: 1_000 },
      { capabilities: [{ methods: "bank/*", maxCalls: 1 }], network: "none", expiresMillis: nowMillis + 10 },
      { templates: ["shell", "python"], use: "execution", once: true }
    )
    const authority = accepted(child.text, fitting)
    assert.deepStrictEqual(authority.files, { read: ["/workspace/in", "/etc/hosts", "/workspace/in/a"], write: [] })
    assert.deepStrictEqual(authority.network, [])
    assert.deepStrictEqual(authority.limits, { memoryMebibytes: 64, cpuMillis: 500, wallMillis: 1_000 })
    assert.deepStrictEqual(authority.templates, ["shell"])
    assert.strictEqual(authority.expiresMillis, nowMillis + 10)
    assert.strictEqual(authority.use, "execution")
    assert.strictEqual(authority.ids.length, 4)
    assert.strictEqual(authority.ids[3], child.id)
    assert.deepStrictEqual(authority.singleUses, [{ id: child.id, expiresMillis: nowMillis + 10 }])
    assert.deepStrictEqual(
      authority.layers.map(({ id, name }) => [id, name]),
      [
        [authority.id, `token ${authority.id}`],
        [authority.ids[2], `token ${authority.id} caveat 2`]
      ]
    )
  })

  it("forgets a single use when the caveat expires that asks for it, not before", () => {
    const { id, text } = mint({ once: true, expiresMillis: nowMillis + 1_000 })
    const child = attenuate(text, { expiresMillis: nowMillis + 10 }, { once: true })
    assert.deepStrictEqual(accepted(child.text).singleUses, [
      { id, expiresMillis: nowMillis + 1_000 },
      { id: child.id, expiresMillis: nowMillis + 10 }
    ])
  })

  it("is inspected without a key, and says that nothing is verified", () => {
    const parent = mint(full)
    const child = attenuate(parent.text, { session: "monday" })
    const forged = child.text.replace(/[^.]+$/, "A".repeat(43))
    for (const [text, id] of [
      [parent.text, parent.id],
      [child.text, child.id]
    ] as const) {
      const { caveats, grant, id: found, keyId, verified } = Result.getOrThrow(Token.inspect(text))
      assert.isFalse(verified)
      assert.strictEqual(found, id)
      assert.strictEqual(keyId, "k1")
      assert.strictEqual(grant.id, parent.id)
      assert.deepStrictEqual(
        caveats.map(({ session }) => session),
        id === parent.id ? [] : ["monday"]
      )
    }
    assert.isTrue(Result.isSuccess(Token.inspect(forged)))
    assert.strictEqual(reasonOf(verify(forged)), "WrongSignature")
  })

  it("is identified, however little it is worth by now, if its signature is right", () => {
    const { id, text } = mint({ expiresMillis: 1, session: "monday" })
    const child = attenuate(text, {})
    assert.deepStrictEqual(Result.getOrThrow(Token.identify(ring, child.text)), [id, child.id])
    assert.strictEqual(reasonOf(Token.identify(ring, child.text.replace(/.{43}$/, "A".repeat(43)))), "WrongSignature")
    assert.strictEqual(reasonOf(Token.identify(ringOf("k2"), text)), "UnknownKey")
  })

  it("is not narrowed by what states nothing", () => {
    const { text } = mint({})
    for (const stated of [null, undefined, [], [{}], new Map([["once", true]]), new Date(0), "once", 5]) {
      assert.strictEqual(reasonOf(Token.attenuate(text, stated as object)), "Malformed", String(stated))
      assert.strictEqual(reasonOf(Token.mint(ring, stated as object)), "Malformed", String(stated))
    }
  })

  it("goes on being verified after a rotation, until its key is retired", () => {
    const { text } = mint({}, ringOf("old"))
    assert.isTrue(Result.isSuccess(verify(text, {}, ringOf("new", "old"))))
    assert.strictEqual(accepted(mint({}, ringOf("k1", "old")).text).keyId, "k1")
    assert.strictEqual(reasonOf(verify(text, {}, ringOf("new"))), "UnknownKey")
  })
})

describe("a token is refused", () => {
  const bound = (field: GrantInput) => ({ granted: mint(field).text, narrowed: attenuate(mint({}).text, field).text })

  it("A6 when it has expired or is not yet valid, at the boundary", () => {
    for (const text of Object.values(bound({ expiresMillis: nowMillis, notBeforeMillis: nowMillis - 10 }))) {
      assert.strictEqual(reasonOf(verify(text)), "Expired")
      assert.strictEqual(reasonOf(verify(text, { nowMillis: Number.NaN })), "Expired")
      assert.strictEqual(reasonOf(verify(text, { nowMillis: nowMillis - 11 })), "NotYetValid")
      for (const millis of [nowMillis - 10, nowMillis - 1]) {
        assert.isTrue(Result.isSuccess(verify(text, { nowMillis: millis })))
      }
    }
    assert.strictEqual(reasonOf(verify(mint({ notBeforeMillis: 1 }).text, { nowMillis: Number.NaN })), "NotYetValid")
  })

  it("A6 for another session, run, code, audience, template, language or use, and where that is not said", () => {
    const cases = [
      ["WrongSession", { session: "monday" }, { session: "monday" }, { session: "tuesday" }],
      ["WrongRun", { run: "r1" }, { run: "r1" }, { run: "r2" }],
      ["WrongCode", { codeHash }, { codeHash }, { codeHash: otherHash }],
      ["WrongAudience", { audience: "a" }, { audience: "a" }, { audience: "A" }],
      ["WrongTemplate", { templates: ["shell", "python"] }, { template: "python" }, { template: "javascript" }],
      ["WrongLanguage", { languages: ["python"] }, { language: "python" }, { language: "javascript" }]
    ] as const
    for (const [reason, field, right, wrong] of cases) {
      for (const text of Object.values(bound(field))) {
        assert.isTrue(Result.isSuccess(verify(text, right)), reason)
        assert.strictEqual(reasonOf(verify(text, wrong)), reason)
        assert.strictEqual(reasonOf(verify(text)), reason)
      }
    }
    for (const text of Object.values(bound({ use: "execution" }))) {
      assert.strictEqual(reasonOf(verify(text, { use: "session" })), "WrongUse")
    }
    assert.isTrue(Result.isSuccess(verify(mint({ use: "session" }).text, { use: "session" })))
    assert.strictEqual(
      reasonOf(verify(attenuate(mint({}).text, { use: "session" }).text, { use: "session" })),
      "WrongUse"
    )
  })

  it("A6 whatever it is presented for, when its caveats contradict each other", () => {
    const { text } = attenuate(mint({ session: "monday" }).text, { session: "tuesday" })
    for (const session of ["monday", "tuesday"]) assert.strictEqual(reasonOf(verify(text, { session })), "WrongSession")
  })

  it("A6 when another key of the same id signed it, or one that is not known", () => {
    const { text } = mint({})
    const others = { ...ringOf("k2"), keys: ringOf("k2").keys.map((key) => ({ ...key, id: "k1" })) }
    assert.strictEqual(reasonOf(verify(text, {}, others)), "WrongSignature")
    assert.strictEqual(reasonOf(verify(text, {}, ringOf("k2"))), "UnknownKey")
    assert.strictEqual(reasonOf(verify(text.replace(".k1.", ".k2."), {}, ringOf("k1", "k2"))), "WrongSignature")
  })

  it("when it, or one that it was narrowed from, is revoked", () => {
    const parent = mint({})
    const child = attenuate(parent.text, {})
    const grandchild = attenuate(child.text, { session: "monday" })
    const sibling = attenuate(parent.text, {})
    const session = "monday"
    const stands = (id: string) =>
      [parent, child, grandchild, sibling].map(({ text }) =>
        Result.isSuccess(verify(text, { session, isRevoked: (revoked) => revoked === id }))
      )
    assert.deepStrictEqual(stands(parent.id), [false, false, false, false])
    assert.deepStrictEqual(stands(child.id), [true, false, false, true])
    assert.deepStrictEqual(stands(grandchild.id), [true, true, false, true])
    assert.strictEqual(reasonOf(verify(child.text, { isRevoked: () => true })), "Revoked")
  })

  it("when a caveat was taken off, changed places, or was signed with what is in the token", () => {
    const parent = mint({ once: true })
    const [version, key, grant, first, second, signature] = attenuate(
      parent.text,
      { session: "a" },
      { run: "b" }
    ).text.split(".")
    const context = { session: "a", run: "b" }
    for (const segments of [
      [version, key, grant, first, signature],
      [version, key, grant, second, signature],
      [version, key, grant, signature],
      [version, key, grant, second, first, signature],
      [version, key, grant, first, first, second, signature],
      [version, key, first, second, signature]
    ]) {
      assert.strictEqual(reasonOf(verify(segments.join("."), context)), "WrongSignature")
    }
  })
})
