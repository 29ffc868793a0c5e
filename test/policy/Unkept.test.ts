import { assert, describe, it } from "@effect/vitest"
import { decider } from "../../src/policy/machine/Decider.ts"
import { rulesFor, type TokenRules } from "../../src/policy/machine/MachineRules.ts"
import { unkept } from "../../src/policy/machine/Unkept.ts"
import { policyOf } from "./policies.ts"

const rulesOf = (yaml: string | undefined, tokens: ReadonlyArray<TokenRules> = []) =>
  rulesFor(yaml === undefined ? undefined : policyOf(yaml), { template: "vm" }, tokens) ?? {}

const found = (yaml: string | undefined, language: string, tokens?: ReadonlyArray<TokenRules>) =>
  unkept(rulesOf(yaml, tokens), language, 100)

const open = "defaults: { commands: allow, files: allow }"
const everything: TokenRules = { layer: "token t", read: ["/"], write: ["/"] }

describe("what a machine that keeps no rules would break of them", () => {
  it("is a policy's default for files or commands, also one that is not stated, and commands of a shell are told by their text", () => {
    const files = { kind: "files", by: "policy", layer: "policy test" }
    assert.deepStrictEqual(found("", "python"), files)
    assert.deepStrictEqual(found('rules: [{ id: t, effect: allow, tools: "**" }]', "shell"), files)
    assert.deepStrictEqual(found("defaults: { files: ask, commands: allow }", "python"), files)
    assert.deepStrictEqual(found("defaults: { files: allow }", "python"), { ...files, kind: "commands" })
    assert.isUndefined(found("defaults: { files: allow }", "shell"))
    assert.isUndefined(found(open, "python"))
  })

  it("is a rule that forbids, unless it is for other templates", () => {
    const rule = (scope: string, when = "") => `${open}\nrules: [{ id: r, effect: deny, ${scope}${when} }]`
    assert.strictEqual(found(rule("files: { paths: [/etc/**] }"), "shell")?.kind, "files")
    assert.strictEqual(found(rule("commands: rm -rf"), "go")?.kind, "commands")
    assert.isUndefined(found(rule("commands: rm -rf"), "shell"))
    const others = ", when: { template: javascript }"
    assert.isUndefined(found(rule("files: { paths: [/etc/**] }", others), "python"))
    assert.isUndefined(found(rule("commands: rm -rf", others), "python"))
  })

  it("is not a default behind which a rule allows all files, of both kinds of access", () => {
    const allowing = (access: string) =>
      `defaults: { commands: allow }\nrules: [{ id: r, effect: allow, files: { ${access}paths: ["/**"] }, when: { template: vm } }]`
    assert.isUndefined(found(allowing(""), "python"))
    assert.strictEqual(found(allowing("access: [read], "), "python")?.kind, "files")
  })

  it("is a token without all files, or one that has expired", () => {
    const files = { kind: "files", by: "token", layer: "token t" }
    assert.isUndefined(found(undefined, "python", [everything]))
    assert.deepStrictEqual(found(undefined, "python", [everything, { ...everything, write: [] }]), files)
    assert.deepStrictEqual(found(open, "shell", [{ ...everything, read: ["/srv"] }]), files)
    assert.deepStrictEqual(found(undefined, "python", [{ ...everything, expiresMillis: 100 }]), files)
    assert.isUndefined(found(undefined, "python", [{ ...everything, expiresMillis: 101 }]))
  })
})

describe("a script for a shell that asks about nothing", () => {
  const { text } = decider(
    rulesOf(`${open}
rules:
  - { id: gone, effect: deny, commands: rm -rf, reason: what is deleted is gone }
  - { id: push, effect: ask, commands: git push }`),
    () => 100
  )

  it("is refused for any command in its text, for what is asked, and in doubt", () => {
    assert.deepInclude(text("ls; if true; then sudo rm -r -f /; fi"), { effect: "deny", rule: "gone" })
    assert.match(text("git push")?.reason ?? "", /a person would have to allow it, and nobody can be asked here/)
    assert.strictEqual(text("$x -rf /")?.effect, "deny")
    assert.isUndefined(text("echo rm -rf /; ls | wc -l"))
  })
})
