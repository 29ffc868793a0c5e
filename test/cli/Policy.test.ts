import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Command } from "effect/cli"
import { policy } from "../../src/cli/policy/Policy.ts"
import { root } from "../../src/cli/Root.ts"
import { Screen } from "../../src/cli/Screen.ts"
import { Capability, Home, Session, Tool, Toolkit } from "../../src/index.ts"
import { freshDirectory } from "./command.ts"
import { linesInto } from "./lines.ts"

/** Runs `caisson policy` with these words; gives what it said, and the exit code or the reason of a refusal. */
const policyCommand = (...words: ReadonlyArray<string>) => {
  const [out, notes]: [Array<string>, Array<string>] = [[], []]
  return Command.runWith(root.pipe(Command.withSubcommands([policy])), { version: "0" })(["policy", ...words]).pipe(
    Effect.as(0 as number | string),
    Effect.catchTag("Ended", ({ exitCode }) => Effect.succeed(exitCode)),
    Effect.catchTag("UsageError", ({ message, reason }) =>
      Effect.as(
        Effect.sync(() => notes.push(message)),
        reason
      )
    ),
    Effect.map((code) => ({ code, out: out.join("\n"), notes: notes.join("\n") })),
    Effect.provideService(Screen, { out: linesInto(out), notes: linesInto(notes) }),
    Effect.provide(NodeServices.layer)
  )
}

const json = (...words: ReadonlyArray<string>) =>
  Effect.map(policyCommand(...words, "--json"), ({ code, out }) => ({ code, value: JSON.parse(out) }))

const fileOf = (text: string): string => {
  const file = join(freshDirectory(), "policy.yaml")
  writeFileSync(file, text)
  return file
}

const good = fileOf(`version: 1
name: payments
defaults: { commands: allow }
rules:
  - { id: small, effect: allow, tools: bank/pay, where: { amount: { le: 100 } } }
  - { id: blue, effect: ask, tools: bank/pay, when: { tenant: acme, labels: { team: blue } } }
  - { id: rm, effect: deny, commands: rm -rf, reason: nothing is deleted for good }
  - { id: read, effect: allow, files: { access: read, paths: /src/** } }
  - { id: private, effect: deny, network: { private: true } }
  - { id: system, effect: ask, code: { languages: python, contains: os.system } }
cases:
  - { name: small sums, tool: { method: bank.pay, input: { amount: 5 } }, expect: allow, rule: small }
  - { name: no removal, command: sudo rm -fr /, expect: deny }
`)

describe("caisson policy check", () => {
  it.effect("says that a policy is usable, its version, and what it warns about", () =>
    Effect.gen(function* () {
      const { code, notes, out } = yield* policyCommand("check", good)
      assert.strictEqual(code, 0)
      assert.match(
        out,
        /^usable: payments, 6 rules, 2 cases\nversion [0-9a-f]{64}\nwhat no rule is about: tools deny, /
      )
      assert.strictEqual(
        notes,
        `warning: ${good}:9:5: rule private is idle: network that no rule is about get deny anyway`
      )
      const { value } = yield* json("check", good)
      assert.deepInclude(value, { status: "usable", name: "payments", rules: 6 })
      assert.deepInclude(value.warnings[0], { kind: "idle", rule: "private" })
    })
  )

  it.effect("names every place of a policy that is wrong, and ends with 1", () =>
    Effect.gen(function* () {
      const file = fileOf("version: 1\nname: x\nruels: []\nlimits: { wallMillis: no }\n")
      const { code, notes, out } = yield* policyCommand("check", file)
      assert.strictEqual(code, 1)
      assert.strictEqual(out, "")
      const [first, second, ...others] = notes.split("\n")
      assert.isTrue(first?.startsWith(`error: ${file}:3:1: unknown key "ruels"; did you mean "rules"?`), first)
      assert.isTrue(second?.startsWith(`error: ${file}:4:23: no is a boolean in YAML 1.1`), second)
      assert.deepStrictEqual(others, [])
      const { code: same, value } = yield* json("check", file)
      assert.strictEqual(same, 1)
      assert.deepInclude(value, { file, status: "malformed" })
      assert.deepInclude(value.issues[0], { line: 3, column: 1, suggestion: "rules" })
    })
  )

  it.effect("refuses a file that it cannot read as a matter of usage", () =>
    Effect.gen(function* () {
      const { code, notes } = yield* policyCommand("check", join(freshDirectory(), "none.yaml"))
      assert.strictEqual(code, "NotReadable")
      assert.include(notes, "none.yaml")
      const file = join(freshDirectory(), "latin1.yaml")
      writeFileSync(file, Buffer.from("version: 1\nname: caf\xe9\n", "latin1"))
      const latin1 = yield* policyCommand("check", file)
      assert.deepStrictEqual(latin1, { code: "NotReadable", out: "", notes: `${file} cannot be read: it is not UTF-8` })
    })
  )
})

describe("caisson policy explain", () => {
  const explained = (...words: ReadonlyArray<string>) =>
    Effect.map(json("explain", good, ...words), ({ code, value }) => {
      assert.strictEqual(code, 0)
      return [value.verdict.effect, value.verdict.rule]
    })

  it.effect("decides on a call, a command, a file, a connection and code, for whoever asks", () =>
    Effect.gen(function* () {
      const call = ["--call", '{"method":"bank.pay","input":{"amount":5}}']
      assert.deepStrictEqual(yield* explained(...call), ["allow", "small"])
      assert.deepStrictEqual(yield* explained(...call, "--tenant", "acme"), ["allow", "small"])
      const blue = ["--tenant", "acme", "--label", "team=blue", "--label", "env=test", "--template", "node"]
      assert.deepStrictEqual(yield* explained(...call, ...blue), ["ask", "blue"])
      assert.deepStrictEqual(yield* explained("--call", '{"method":"bank.pay"}'), ["deny", undefined])
      assert.deepStrictEqual(yield* explained("--command", "ls; sh -c 'rm -r -f x'"), ["deny", "rm"])
      assert.deepStrictEqual(yield* explained("--file", "read:/src/a"), ["allow", "read"])
      assert.deepStrictEqual(yield* explained("--file", "write:/src/a"), ["deny", undefined])
      assert.deepStrictEqual(yield* explained("--network", "[::1]:80"), ["deny", "private"])
      const code = ["--code", "os.system('ls')"]
      assert.deepStrictEqual(yield* explained(...code, "--language", "python"), ["ask", "system"])
      assert.deepStrictEqual(yield* explained(...code), ["allow", undefined])
    })
  )

  it.effect("shows which rule decided and why the others did not", () =>
    Effect.gen(function* () {
      const { out } = yield* policyCommand("explain", good, "--call", '{"method":"bank.pay","input":{"amount":500}}')
      assert.include(out, "deny by default: no rule is about bank.pay, and the default for tools is deny")
      assert.include(out, `not about it     allow   small  (${good}:5)  "amount" must be at most 100; found a number`)
      const command = yield* policyCommand("explain", good, "--command", "sudo rm -rf $X; $Y")
      assert.include(command.out, "deny by rule rm: nothing is deleted for good")
      assert.include(command.out, "it runs:\n  sudo rm -rf …\n  …\n  rm -rf …")
      assert.include(command.out, "unclear: the name of a command is not written out")
    })
  )

  it.effect("refuses what it cannot be asked", () =>
    Effect.gen(function* () {
      const code = (...words: ReadonlyArray<string>) =>
        Effect.map(policyCommand("explain", good, ...words), ({ code }) => code)
      assert.strictEqual(yield* code(), "Contradiction")
      assert.strictEqual(yield* code("--command", "ls", "--file", "read:/x"), "Contradiction")
      assert.strictEqual(yield* code("--call", "{"), "InvalidJson")
      assert.strictEqual(yield* code("--call", "[]"), "Contradiction")
      assert.strictEqual(yield* code("--file", "/x"), "Contradiction")
      assert.strictEqual(yield* code("--network", "x"), "Contradiction")
      assert.strictEqual(yield* code("--command", "ls", "--language", "shell"), "Contradiction")
    })
  )
})

describe("caisson policy test", () => {
  it.effect("decides on every case, and ends with 1 if one is not as expected", () =>
    Effect.gen(function* () {
      const passing = yield* policyCommand("test", good)
      assert.strictEqual(passing.code, 0)
      assert.strictEqual(passing.out, "passed  small sums\npassed  no removal\n2 of 2 cases passed")
      const file = fileOf(`version: 1
name: x
cases:
  - { name: fine, command: ls, expect: deny }
  - { name: not fine, command: ls, expect: allow }
`)
      const failing = yield* policyCommand("test", file)
      assert.strictEqual(failing.code, 1)
      assert.include(
        failing.out,
        `failed  not fine  (${file}:5)\n        expected allow, got deny: no rule is about ls`
      )
      const { code, value } = yield* json("test", file)
      assert.strictEqual(code, 1)
      assert.deepInclude(value, { passed: 1, failed: 1 })
      assert.deepInclude(value.cases[1], { name: "not fine", passed: false, expect: "allow" })
    })
  )
})

describe("caisson policy replay", () => {
  const event = (seq: number, data: object, more: object = {}) =>
    JSON.stringify({
      v: 1,
      seq,
      time: "2026-11-20T08:30:00.000Z",
      type: "call.decided",
      session: "s-1",
      run: "r1",
      ...more,
      data: {
        ...{ call: `1.${seq}`, method: "bank/pay", input: { amount: 5 } },
        ...{ effect: "allow", rule: "old", layer: "policy old", ...data }
      }
    })
  const events = [
    event(1, {}),
    event(2, { input: { amount: 500 } }),
    event(3, { effect: "deny" }),
    event(4, { input: { amount: 500 }, effect: "deny" }),
    event(5, {}, { type: "call.settled" }),
    event(6, { effect: "maybe" }),
    event(7, { input: {} }, { tenant: "acme" }),
    '{"type":"call.decided", torn',
    JSON.stringify({ type: "call.decided", method: "bank/look", input: {}, effect: "allow", seq: 9, time: "now" })
  ]
  const folder = join(freshDirectory(), "audit")
  mkdirSync(folder)
  writeFileSync(join(folder, "audit-000000000001.jsonl"), `${events.slice(0, 4).join("\n")}\n`)
  writeFileSync(join(folder, "audit-000000000005.jsonl"), events.slice(4).join("\n"))
  writeFileSync(join(folder, "audit.head"), "not a log")

  it.effect("says which calls would have been decided otherwise", () =>
    Effect.gen(function* () {
      const { code, value } = yield* json("replay", good, "--audit", folder, "--label", "team=blue")
      assert.strictEqual(code, 0)
      const { changes, policy: _, ...rest } = value
      assert.deepStrictEqual(rest, {
        calls: 6,
        unreadable: 2,
        deniedByOthers: 0,
        counts: { "allow to deny": 2, "deny to allow": 1, "allow to ask": 1 }
      })
      assert.deepStrictEqual(
        changes.map((change: { seq: number; after: { effect: string } }) => [change.seq, change.after.effect]),
        [
          [2, "deny"],
          [3, "allow"],
          [7, "ask"],
          [9, "deny"]
        ]
      )
      assert.deepInclude(changes[0], {
        session: "s-1",
        run: "r1",
        time: "2026-11-20T08:30:00.000Z",
        method: "bank/pay",
        before: { effect: "allow", rule: "old" }
      })
    })
  )

  it.effect("reads a single file as well, and says what it could not read", () =>
    Effect.gen(function* () {
      const file = join(folder, "audit-000000000001.jsonl")
      const { code, notes, out } = yield* policyCommand("replay", good, "--audit", file)
      assert.strictEqual(code, 0)
      assert.strictEqual(notes, "")
      assert.match(out, /2 of 4 calls would change: 1 from allow to deny, 1 from deny to allow$/)
      const all = yield* policyCommand("replay", good, "--audit", folder)
      assert.strictEqual(all.notes, "warning: 2 records of calls could not be read")
      assert.strictEqual((yield* policyCommand("replay", good, "--audit", join(folder, "none"))).code, "NotReadable")
    })
  )

  const opened = (session: string, metadata: object) =>
    event(1, { template: "shell", metadata }, { type: "session.opened", session })
  const replayed = Effect.fnUntraced(function* (policy: string, events: ReadonlyArray<string>) {
    const file = join(freshDirectory(), "audit-1.jsonl")
    writeFileSync(file, events.join("\n"))
    const { value } = yield* json("replay", fileOf(policy), "--audit", file, "--template", "python")
    return value
  })
  const conditional = `version: 1
name: conditional
defaults: { tools: allow }
rules:
  - { id: shells, effect: deny, tools: bank/*, when: { template: shell, labels: { team: blue } } }
  - { id: pythons, effect: ask, tools: bank/*, when: { template: python } }
`

  it.effect(
    "takes template and labels from where a session was opened, and flags only where the log does not say",
    () =>
      Effect.gen(function* () {
        const { counts } = yield* replayed(conditional, [
          opened("blue", { team: "blue" }),
          opened("red", { team: "red" }),
          event(3, { from: "blue", seq: 2 }, { type: "session.forked", session: "fork" }),
          event(4, {}, { session: "blue" }),
          event(5, {}, { session: "red" }),
          event(6, {}, { session: "fork" }),
          event(7, {}, { session: "of before" })
        ])
        assert.deepStrictEqual(counts, { "allow to deny": 2, "allow to ask": 1 })
      })
  )

  it.effect("leaves denied what others than the policy denied, and asked what they asked about", () =>
    Effect.gen(function* () {
      const token = { layer: "token 1f", rule: undefined }
      const events = [
        event(1, { effect: "deny", reason: "Exhausted", ...token }),
        event(2, { effect: "deny", reason: "NotGranted", layer: undefined, rule: undefined }),
        event(3, { effect: "ask", ...token }),
        event(4, { effect: "deny" }),
        event(5, { effect: "ask" })
      ]
      const policy = (effect: string) => `version: 1\nname: all\ndefaults: { tools: ${effect} }\nrules: []\n`
      const allowed = yield* replayed(policy("allow"), events)
      assert.deepInclude(allowed, { deniedByOthers: 2, counts: { "deny to allow": 1, "ask to allow": 1 } })
      const denied = yield* replayed(policy("deny"), events)
      assert.deepInclude(denied, { deniedByOthers: 2, counts: { "ask to deny": 2 } })
    })
  )

  it.live("changes nothing on a log that was written under the same policy", () =>
    Effect.gen(function* () {
      const directory = freshDirectory()
      const file = fileOf(conditional.replace("template: shell", "template: javascript"))
      const pay = Tool.make("bank.pay", {
        description: "pays",
        input: Schema.Struct({}),
        output: Schema.Finite,
        execute: () => Effect.succeed(1)
      })
      const home = Home.layer({ directory, policy: file, audit: {}, machines: { threads: 1 } })
      yield* Effect.gen(function* () {
        const toolkit = yield* Toolkit.make([pay])
        for (const team of ["blue", "red"]) {
          const capabilities = [Capability.make({ methods: "bank/*", maxCalls: 1 })]
          const session = yield* Session.open({ toolkit, capabilities, metadata: { team } })
          yield* session.run("for (const _ of [1, 2]) await bank.pay({}).catch(() => {})")
        }
      }).pipe(Effect.scoped, Effect.provide(home))
      const { code, value } = yield* json("replay", file, "--audit", join(directory, "audit"))
      assert.strictEqual(code, 0)
      assert.deepInclude(value, { calls: 4, deniedByOthers: 1, counts: {} })
      const { out } = yield* policyCommand("replay", file, "--audit", join(directory, "audit"))
      assert.match(out, /^nothing would change in 4 calls\n1 stay denied: no policy decided on them/)
    })
  )

  it.effect("does not take a folder or a file without any log for a log in which nothing changes", () =>
    Effect.gen(function* () {
      const empty = freshDirectory()
      const { code, notes } = yield* policyCommand("replay", good, "--audit", empty)
      assert.strictEqual(code, "NotReadable")
      assert.strictEqual(notes, `${empty} cannot be read: there is no audit log`)
      assert.strictEqual((yield* policyCommand("replay", good, "--audit", good)).code, "NotReadable")
    })
  )
})
