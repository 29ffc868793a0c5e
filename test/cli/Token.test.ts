import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { TestClock } from "effect/testing"
import { exitCodes } from "../../src/cli/ExitCode.ts"
import { exitCodeOf } from "../../src/cli/token/Exit.ts"
import * as Token from "../../src/token/Token.ts"
import { MalformedKeys, NoKeys, StoreFailed, TokenError, WrongSignature } from "../../src/token/TokenError.ts"
import { freshDirectory } from "./command.ts"
import { makeHome } from "./tokenCommand.ts"

const now = Date.UTC(2026, 0, 1)
const hour = 3_600_000

const inHome = <A, E>(act: (home: ReturnType<typeof makeHome>) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(now)
    const home = makeHome()
    yield* home.text("keys", "new")
    return yield* act(home)
  })

const grantOf = (text: unknown) => {
  const { id, ...grant } = Result.getOrThrow(Token.inspect(String(text))).grant
  return JSON.parse(JSON.stringify(grant))
}

const jsonFile = (value: unknown): string => {
  const file = join(freshDirectory(), "terms.json")
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value))
  return file
}

describe("caisson token mint", () => {
  it.effect("says what every flag says", () =>
    inHome(({ json }) =>
      Effect.gen(function* () {
        const codeHash = "0".repeat(64)
        const { expiresAt, id, token } = yield* json(
          ...["token", "mint", "--capability", "bank.refund,bank/credit ask max=3", "--capability", "files/*"],
          ...["--allow-read", "/a/./b", "--allow-read", "/c", "--allow-write", "/a"],
          ...["--network", "api.example.org:443,8443", "--network", "*.Example.com:80"],
          ...["--memory", "64", "--cpu", "500ms", "--timeout", "1.5s", "--template", "shell", "--language", "python"],
          ...["--session", "monday", "--run", "r1", "--code-hash", codeHash, "--audience", "host-a"],
          ...["--not-before", "10m", "--expires", "2d", "--use", "session", "--once"]
        )
        assert.deepStrictEqual(grantOf(token), {
          capabilities: [
            { methods: ["bank/refund", "bank/credit"], mode: "ask", maxCalls: 3 },
            { methods: ["files/*"], mode: "auto" }
          ],
          files: { read: ["/a/b", "/c"], write: ["/a"] },
          network: [
            { host: "api.example.org", ports: [443, 8_443] },
            { host: "*.example.com", ports: [80] }
          ],
          memoryMebibytes: 64,
          cpuMillis: 500,
          wallMillis: 1_500,
          templates: ["shell"],
          languages: ["python"],
          session: "monday",
          run: "r1",
          codeHash,
          audience: "host-a",
          notBeforeMillis: now + hour / 6,
          expiresMillis: now + 48 * hour,
          use: "session",
          once: true
        })
        assert.strictEqual(expiresAt, "2026-01-03T00:00:00.000Z")
        assert.strictEqual(id, Result.getOrThrow(Token.inspect(String(token))).id)
      })
    )
  )

  it.effect("begins the hour that a token is accepted for when it is first accepted", () =>
    inHome(({ json }) =>
      Effect.gen(function* () {
        const { token } = yield* json("token", "mint", "--not-before", "2h")
        assert.include(grantOf(token), { notBeforeMillis: now + 2 * hour, expiresMillis: now + 3 * hour })
      })
    )
  )

  it.effect("gives nothing without flags, for an hour, and writes nothing but the token to its output", () =>
    inHome(({ json, text }) =>
      Effect.gen(function* () {
        const { notes, out } = yield* text("token", "mint")
        assert.lengthOf(out, 1)
        assert.deepStrictEqual(grantOf(out[0]), { use: "execution", expiresMillis: now + hour })
        assert.match(notes.join(), /^tok_[0-9a-f]{24}, signed with key_[0-9a-f]{8}, until 2026-01-01T01:00:00.000Z$/)
        const { expiresAt, token } = yield* json("token", "mint", "--forever", "--network", "none")
        assert.isUndefined(expiresAt)
        assert.deepStrictEqual(grantOf(token), { use: "execution", network: "none" })
      })
    )
  )

  it.effect("takes fields from a file, and none twice", () =>
    inHome(({ json, refused }) =>
      Effect.gen(function* () {
        const file = jsonFile({ capabilities: [{ methods: "a", where: { b: { le: 1 } } }], expiresMillis: now + 5 })
        const { token } = yield* json("token", "mint", "--grant", file, "--memory", "8")
        assert.deepStrictEqual(grantOf(token), {
          capabilities: [{ methods: ["a"], where: { b: { le: 1 } }, mode: "auto" }],
          expiresMillis: now + 5,
          memoryMebibytes: 8,
          use: "execution"
        })
        for (const flags of [["--expires", "1h"], ["--forever"], ["--capability", "b"]]) {
          assert.strictEqual((yield* refused("token", "mint", "--grant", file, ...flags)).reason, "Contradiction")
        }
      })
    )
  )

  it.effect("refuses what it does not understand, with what is allowed", () =>
    inHome(({ refused }) =>
      Effect.gen(function* () {
        const cases = [
          ["Malformed", "grant.capabilities[0].sometimes: is no field", ["--capability", "a sometimes"]],
          ["Malformed", "grant.capabilities[0].maxCalls: ", ["--capability", "a max=many"]],
          ["Malformed", "grant.capabilities[0].maxCalls: ", ["--capability", "a max=1=2"]],
          ["Malformed", "a parameter of this name", ["--capability", "a __proto__"]],
          ["Malformed", "grant.capabilities[0].methods", ["--capability", ""]],
          ["Malformed", "grant.files.read[0]: an absolute path begins with /", ["--allow-read", "a"]],
          ["Malformed", "grant.network[0].ports", ["--network", "example.org"]],
          ["Malformed", "grant.network[0].ports[0]: expected a port", ["--network", "example.org:https"]],
          ["Malformed", "grant.network[0].host", ["--network", "[::1]:443"]],
          [
            "Malformed",
            "grant.languages[0]: expected one of javascript",
            ["--grant", jsonFile({ languages: ["klingon"] })]
          ],
          ["InvalidDuration", "--expires soon is not a time", ["--expires", "soon"]],
          ["Contradiction", "--expires leaves no time", ["--expires", "0s"]],
          ["Contradiction", "--expires leaves no time", ["--expires", "1h", "--not-before", "2h"]],
          ["InvalidDuration", "--timeout -1s is not a time", ["--timeout=-1s"]],
          ["InvalidDuration", "--cpu 1e3s is not a time", ["--cpu", "1e3s"]],
          ["Malformed", "those are capabilities, files", ["--grant", jsonFile({ admin: true })]],
          ["InvalidJson", "--grant is not JSON", ["--grant", jsonFile("{")]],
          ["InvalidJson", "holds no JSON object", ["--grant", jsonFile("null")]],
          ["InvalidJson", "holds no JSON object", ["--grant", jsonFile([])]],
          ["NotReadable", "none.json cannot be read", ["--grant", "none.json"]],
          ["NotReadable", "more than 65536 bytes", ["--grant", jsonFile("x".repeat(70_000))]],
          ["NotReadable", "more than 65536 bytes", ["--grant", "/dev/zero"]]
        ] as const
        for (const [reason, message, flags] of cases) {
          const said = yield* refused("token", "mint", ...flags)
          assert.strictEqual(said.reason, reason, said.message)
          assert.include(said.message, message)
        }
      })
    )
  )
})

describe("caisson token", () => {
  it.effect("narrows, shows, verifies and revokes", () =>
    inHome(({ json, refused, text }) =>
      Effect.gen(function* () {
        const minted = yield* json("token", "mint", "--capability", "bank/*", "--allow-read", "/a", "--once")
        const parent = String(minted["token"])
        const narrowed = yield* json(
          ...["token", "attenuate", parent, "--capability", "bank.refund max=1", "--allow-read", "/a/b"],
          ...["--session", "monday", "--expires", "5m"]
        )
        const child = String(narrowed["token"])

        const inspection = yield* json("token", "inspect", child)
        assert.deepInclude(inspection, { verified: false, id: narrowed["id"] })
        const [shown = ""] = (yield* text("token", "inspect", child)).out
        assert.match(shown, /^not verified: .*\nid {8}cav_\w+\nkey {7}key_\w+\ngrant {5}\{.*\}\ncaveat 1 {2}\{.*\}$/)

        assert.include(
          (yield* refused("token", "verify", child)).message,
          "bound to the session monday; none was given"
        )
        const verified = yield* json("token", "verify", child, "--session", "monday")
        assert.deepInclude(verified, { valid: true, id: minted["id"], files: { read: ["/a/b"], write: [] } })
        const [report = ""] = (yield* text("token", "verify", child, "--session", "monday")).out
        for (const line of [
          "valid for one execution, if it is used now",
          `ids          ${minted["id"]} ${narrowed["id"]}`,
          "expires      2026-01-01T00:05:00.000Z",
          `calls        that token ${minted["id"]} caveat 1 allows`,
          "reads        /a/b",
          "writes       none",
          "connects to  none",
          "at most      none",
          "once         not used yet, and not by this"
        ]) {
          assert.include(report.split("\n"), line)
        }

        assert.deepStrictEqual(yield* json("token", "revoke", child), { revoked: narrowed["id"] })
        assert.strictEqual((yield* refused("token", "verify", child, "--session", "monday")).reason, "Revoked")
        assert.deepInclude(yield* json("token", "verify", parent), { valid: true })
        assert.deepStrictEqual((yield* text("token", "revoke", String(minted["id"]))).out, [
          `${minted["id"]} is revoked, and what was narrowed from it`
        ])
        assert.strictEqual((yield* refused("token", "verify", parent)).reason, "Revoked")
      })
    )
  )

  it.effect("makes a token that gives the same and can be revoked by itself", () =>
    inHome(({ text }) =>
      Effect.gen(function* () {
        const [parent = ""] = (yield* text("token", "mint", "--memory", "8")).out
        const { notes, out } = yield* text("token", "attenuate", parent)
        assert.match(notes.join(), /^cav_[0-9a-f]{24}$/)
        assert.include((yield* text("token", "verify", out[0] ?? "")).out.join(), "at most      memory 8 MiB")
      })
    )
  )

  it.effect("revokes nothing for a token that somebody made up", () =>
    inHome(({ refused, text }) =>
      Effect.gen(function* () {
        const [parent = ""] = (yield* text("token", "mint")).out
        const forged = parent.replace(/.{43}$/, "A".repeat(43))
        assert.strictEqual((yield* refused("token", "revoke", forged)).reason, "WrongSignature")
        assert.strictEqual((yield* refused("token", "revoke", "tok_1")).reason, "Malformed")
        assert.strictEqual((yield* refused("token", "revoke", "monday")).reason, "UnknownVersion")
        assert.lengthOf((yield* text("token", "verify", parent)).out, 1)
      })
    )
  )

  it.effect("needs no key to narrow and to inspect, and says what to do where it needs one", () =>
    Effect.gen(function* () {
      const owner = makeHome()
      yield* owner.text("keys", "new")
      const [parent = ""] = (yield* owner.text("token", "mint")).out
      const { refused, text } = makeHome()
      yield* text("token", "inspect", (yield* text("token", "attenuate", parent, "--memory", "8")).out[0] ?? "")
      for (const words of [
        ["token", "mint"],
        ["token", "verify", parent],
        ["token", "revoke", parent]
      ]) {
        assert.include((yield* refused(...words)).message, "there are no token keys: run caisson keys new")
      }
    })
  )

  it.effect("repeats nothing of a token that it refuses", () =>
    inHome(({ refused, text }) =>
      Effect.gen(function* () {
        const [parent = ""] = (yield* text("token", "mint")).out
        const changed = `${parent.slice(0, -2)}${parent.endsWith("AA") ? "BA" : "AA"}`
        for (const words of [
          ["verify", changed],
          ["inspect", `${changed}A`],
          ["attenuate", `${changed}A`]
        ]) {
          const { error, message } = yield* refused("token", ...words)
          assert.notInclude(`${message}${JSON.stringify(error)}`, parent.slice(-40, -2))
        }
      })
    )
  )

  it("reads a token from standard input, where - is given", { timeout: 60_000 }, async () => {
    const home = join(freshDirectory(), "home")
    const root = fileURLToPath(new URL("./tokenRoot.ts", import.meta.url))
    const command = (input: string, ...words: ReadonlyArray<string>) =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, ["--conditions=source", root, ...words, "--home", home], {
          env: { ...process.env, CAISSON_TOKEN_KEYS: undefined }
        })
        let text = ""
        for (const stream of [child.stdout, child.stderr]) {
          stream.setEncoding("utf8").on("data", (chunk: string) => {
            text += chunk
          })
        }
        child.on("close", () => resolve(text))
        child.stdin.on("error", () => {}).end(input)
      })
    await command("", "keys", "new")
    const { token } = JSON.parse(await command("", "token", "mint", "--json"))
    const { token: child } = JSON.parse(
      await command(`${token}\n`, "token", "attenuate", "-", "--memory", "8", "--json")
    )
    assert.deepInclude(JSON.parse(await command(`  ${child}\n`, "token", "verify", "-", "--json")), {
      valid: true,
      limits: { memoryMebibytes: 8 }
    })
    assert.include(await command("x".repeat(200_000), "token", "inspect", "-"), "has more than 131072 bytes")
    assert.include(await command("", "token", "inspect", "-"), "not a token of a version")
  })
})

describe("the exit code for a token", () => {
  it("tells keys that are missing or wrong, and files that fail, from what was asked", () => {
    const codes = [
      [new NoKeys({ path: "p" }), exitCodes.home],
      [new MalformedKeys({ source: "s", detail: "d" }), exitCodes.home],
      [new StoreFailed({ path: "p", detail: "d" }), exitCodes.storage],
      [new WrongSignature(), exitCodes.usage]
    ] as const
    for (const [reason, { code }] of codes) assert.strictEqual(exitCodeOf(new TokenError({ reason })), code)
  })
})
